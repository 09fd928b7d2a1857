//! Simple commands and assignments (POSIX.1-2024 XCU 2.9.1).

use super::Parser;
use super::cursor::{is_in_name, is_meta, starts_name};
use super::word::Context;
use crate::shell::Dialect;
use crate::shell::ast::{
    Assignment, Command, CommandKind, Part, PartKind, Redirection, SimpleCommand, Word,
};
use crate::shell::extension::ExtensionKind;

/// bash's commands whose arguments can be assignments of arrays (6.7).
const DECLARATIONS: [&str; 5] = ["declare", "typeset", "local", "export", "readonly"];

/// How long a subscript can be that is looked for.
const MAX_SUBSCRIPT: usize = 256;

/// What stands before the value of an assignment.
struct Head {
    /// The length of the name.
    name: usize,
    /// The length of all of it, with the `=`.
    all: usize,
}

impl Parser<'_> {
    /// A simple command, if one begins here.
    pub(super) fn simple_command(&mut self, start: usize) -> Option<Command> {
        let mut simple = SimpleCommand::default();
        let mut redirections: Vec<Redirection> = Vec::new();
        let mut end = start;
        loop {
            self.skip_blanks();
            if let Some(redirection) = self.redirection() {
                redirections.push(redirection);
            } else if !self.part_of_simple(&mut simple) {
                break;
            }
            end = self.at;
        }
        (end > start).then(|| Command {
            kind: CommandKind::Simple(simple),
            redirections,
            span: self.place(start..end),
        })
    }

    /// An assignment or a word.
    fn part_of_simple(&mut self, simple: &mut SimpleCommand) -> bool {
        if simple.words.is_empty()
            && let Some(head) = self.assignment_head()
        {
            let assignment = self.assignment(&head);
            simple.assignments.push(assignment);
            return true;
        }
        let Some(mut word) = self.word() else {
            return false;
        };
        if self.peek() == Some(b'(') && is_declared(&simple.words, &word) {
            self.array(&mut word);
        }
        simple.words.push(word);
        true
    }

    /// Whether `name=`, `name+=` or `name[…]=` comes next.
    fn assignment_head(&mut self) -> Option<Head> {
        let start = self.start();
        let rest = &self.bytes()[start..];
        starts_name(*rest.first()?).then_some(())?;
        let name = rest.iter().take_while(|byte| is_in_name(**byte)).count();
        let behind = name + subscript(&rest[name..]);
        let sign = &rest[behind..];
        let sign = match sign {
            [b'=', ..] => 1,
            [b'+', b'=', ..] => 2,
            _ => return None,
        };
        Some(Head {
            name,
            all: behind + sign,
        })
    }

    fn assignment(&mut self, head: &Head) -> Assignment {
        let start = self.start();
        let name = self.text()[start..start + head.name].to_owned();
        let appends = self.bytes()[start + head.all - 2] == b'+';
        self.at += head.name;
        // Nothing in the subscript reaches beyond it, or what follows would be read twice.
        let sign = if appends { 2 } else { 1 };
        let end = std::mem::replace(&mut self.end, start + head.all - sign);
        let subscript = self.subscript();
        self.end = end;
        self.at = start + head.all;
        if appends {
            self.extension(ExtensionKind::Append, self.since(start));
        }
        let value = self.value();
        Assignment {
            name,
            subscript,
            appends,
            value,
            span: self.since(start),
        }
    }

    /// What stands behind `=`.
    fn value(&mut self) -> Option<Word> {
        if self.peek() != Some(b'(') {
            return self.word();
        }
        let here = self.start();
        let mut word = Word {
            parts: Vec::new(),
            span: self.since(here),
        };
        self.array(&mut word);
        Some(word)
    }

    /// bash's `[…]` behind a name.
    pub(super) fn subscript(&mut self) -> Option<Word> {
        let start = self.start();
        if !self.eat("[") {
            return None;
        }
        let word = self.inner_word(Context::Brackets);
        self.close("]", "subscript", start);
        self.extension(ExtensionKind::Subscript, self.since(start));
        Some(word)
    }

    /// bash's `(…)` behind `name=`, which becomes the last part of the word.
    fn array(&mut self, word: &mut Word) {
        let start = self.start();
        self.eat("(");
        let mut elements = Vec::new();
        self.linebreak();
        while let Some(element) = self.nested(Self::word) {
            elements.push(element);
            self.linebreak();
        }
        self.close(")", "array", start);
        let span = self.since(start);
        self.extension(ExtensionKind::Array, span);
        word.parts.push(Part {
            kind: PartKind::Array(elements),
            span,
        });
        word.span = if word.parts.len() == 1 {
            span
        } else {
            word.span.to(span)
        };
    }

    /// What only bash reads, whatever it does.
    pub(super) fn is_bash(&self) -> bool {
        self.dialect == Dialect::Bash
    }
}

/// Whether an argument is `name=` of a command that declares variables.
fn is_declared(before: &[Word], word: &Word) -> bool {
    let command = before.first().and_then(Word::literal);
    let declares = command.is_some_and(|name| DECLARATIONS.contains(&name.as_str()));
    let last = word.parts.last().map(|part| &part.kind);
    declares && matches!(last, Some(PartKind::Literal(text)) if text.ends_with('='))
}

/// The length of a `[…]`, if there is one with a `=` behind it; else 0.
fn subscript(rest: &[u8]) -> usize {
    if rest.first() != Some(&b'[') {
        return 0;
    }
    let mut open = 0_usize;
    for (at, byte) in rest.iter().enumerate().take(MAX_SUBSCRIPT) {
        match byte {
            b'[' => open += 1,
            b']' if open == 1 => return at + 1,
            b']' => open -= 1,
            b'\n' | b';' => return 0,
            byte if is_meta(*byte) && at == 1 => return 0,
            _ => {}
        }
    }
    0
}
