//! The outline of a document: its stages, and their instructions.

use dockerfile::Span;
use dockerfile::ast::{Instruction, Kind, Stage};
use serde_json::{Value, json};

use super::client::Client;
use super::document::{Document, Reading};

/// The longest name, in characters.
const NAME: usize = 60;

/// What an outline shows.
struct Symbol {
    name: String,
    detail: Option<String>,
    /// A number of the protocol's `SymbolKind`.
    kind: u8,
    /// All of it.
    whole: Span,
    /// What is marked when somebody goes there.
    name_place: Span,
    children: Vec<Symbol>,
}

/// The outline: a tree where the client can show one, else a list.
pub(super) fn symbols(document: &Document, client: Client) -> Vec<Value> {
    let reading = document.reading();
    let file = &reading.parsed.dockerfile;
    let arguments = file.global_args.iter().map(of_instruction);
    let stages = file.stages.iter().enumerate();
    let stages = stages.map(|(index, stage)| of_stage(index, stage));
    let all = arguments.chain(stages);
    match client.symbol_tree {
        true => all.map(|symbol| symbol.tree(reading)).collect(),
        false => all.flat_map(|symbol| symbol.list(document, None)).collect(),
    }
}

fn of_stage(index: usize, stage: &Stage) -> Symbol {
    const MODULE: u8 = 2;
    let name = match &stage.name_written {
        Some(name) => name.text.clone(),
        None => format!("stage {index}"),
    };
    let last = stage.instructions.last();
    Symbol {
        name,
        detail: Some(format!("FROM {}", stage.base.text)),
        kind: MODULE,
        whole: last.map_or(stage.span, |last| stage.span.to(last.span)),
        name_place: stage.name_written.as_ref().unwrap_or(&stage.base).span,
        children: stage.instructions.iter().map(of_instruction).collect(),
    }
}

fn of_instruction(instruction: &Instruction) -> Symbol {
    const NAMES: [(&str, u8); 8] = [
        ("ARG", 13),
        ("ENV", 14),
        ("COPY", 1),
        ("ADD", 1),
        ("RUN", 12),
        ("CMD", 24),
        ("ENTRYPOINT", 24),
        ("EXPOSE", 11),
    ];
    const PROPERTY: u8 = 7;
    let words: Vec<&str> = instruction.original.split_whitespace().take(NAME).collect();
    let mut name: String = words.join(" ");
    if let Some((end, _)) = name.char_indices().nth(NAME) {
        name.truncate(end);
        name.push('…');
    }
    let keyword = instruction.keyword.text.to_ascii_uppercase();
    let kind = NAMES.iter().find(|(word, _)| *word == keyword);
    Symbol {
        name,
        detail: None,
        kind: kind.map_or(PROPERTY, |(_, kind)| *kind),
        whole: instruction.span,
        name_place: name_place(instruction),
        children: Vec::new(),
    }
}

fn name_place(instruction: &Instruction) -> Span {
    let name = match &instruction.kind {
        Kind::Arg(declarations) => declarations.first().map(|one| one.name.span),
        Kind::Env(pairs) => pairs.first().map(|pair| pair.name.span),
        _ => None,
    };
    name.unwrap_or(instruction.keyword.span)
}

impl Symbol {
    /// `DocumentSymbol`.
    fn tree(self, reading: &Reading) -> Value {
        let children: Vec<Value> = { self.children.into_iter() }
            .map(|child| child.tree(reading))
            .collect();
        let mut symbol = json!({
            "name": self.name,
            "kind": self.kind,
            "range": reading.range(self.whole),
            "selectionRange": reading.range(self.name_place),
        });
        if let Some(detail) = self.detail {
            symbol["detail"] = detail.into();
            symbol["children"] = children.into();
        }
        symbol
    }

    /// `SymbolInformation`.
    fn list(self, document: &Document, stage: Option<&str>) -> Vec<Value> {
        let range = document.reading().range(self.whole);
        let mut symbol = json!({
            "name": self.name,
            "kind": self.kind,
            "location": {"uri": document.uri, "range": range},
        });
        if let Some(stage) = stage {
            symbol["containerName"] = stage.into();
        }
        let children = self.children.into_iter();
        let children = children.flat_map(|child| child.list(document, Some(&self.name)));
        std::iter::once(symbol).chain(children).collect()
    }
}
