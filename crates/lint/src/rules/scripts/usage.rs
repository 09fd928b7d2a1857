//! Which variables a script sets, which it asks for, and where it uses them.

use std::collections::HashSet;

use dockerfile::Span;

use super::scene::plain_command;
use crate::shell::Parsed;
use crate::shell::ast::{
    Arithmetic, CommandKind, Condition, ConditionKind, Node, Parameter, Part, PartKind,
    SimpleCommand, Word,
};
use crate::shell::declaration::{How, declared, is_name};
use crate::shell::flow::{assigned, names};
use crate::shell::walk::walk;

/// The variables of a script.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// Those that are set anywhere.
    pub(super) set: HashSet<String>,
    /// Those of which something asks whether they are set: `${x:-…}`, `[ -n "$x" ]`.
    pub(super) asked: HashSet<String>,
    /// The others, and where they are used, in the order of the text.
    pub(super) used: Vec<(String, Span)>,
    /// Whether something else can set variables: `.` and `eval`.
    pub(super) is_open: bool,
    is_compatible: bool,
}

impl Usage {
    /// The variables of a script.
    pub(super) fn of(parsed: &Parsed, is_compatible: bool) -> Self {
        let mut usage = Self {
            is_compatible,
            ..Self::default()
        };
        walk(parsed, &mut |trail, node| match node {
            Node::Command(command) => usage.command(&command.kind),
            Node::Condition(condition) => usage.condition(condition),
            Node::Redirection(redirection) => {
                let name = redirection.descriptor.as_deref();
                let name = name.and_then(|text| text.strip_prefix('{')?.strip_suffix('}'));
                usage.set.extend(name.map(str::to_owned));
            }
            Node::Part(part) => usage.part(trail, part),
            _ => {}
        });
        usage
    }

    fn command(&mut self, kind: &CommandKind) {
        match kind {
            CommandKind::Simple(simple) => self.simple(simple),
            CommandKind::For { name, .. } | CommandKind::Select { name, .. } => {
                self.set.extend(name.literal());
            }
            CommandKind::Coprocess { name, .. } => {
                self.set.extend(name.iter().filter_map(Word::literal));
            }
            CommandKind::ArithmeticFor { header, .. } => self.arithmetic(header),
            CommandKind::Arithmetic(arithmetic) => self.arithmetic(arithmetic),
            _ => {}
        }
    }

    fn simple(&mut self, simple: &SimpleCommand) {
        if simple.words.is_empty() {
            let names = simple.assignments.iter().map(|one| one.name.clone());
            self.set.extend(names);
        } else {
            // What is set for one command only is not set, but asked for by `+=`.
            let added = simple.assignments.iter().filter(|one| one.appends);
            self.used
                .extend(added.map(|one| (one.name.clone(), one.span)));
        }
        for declared in declared(simple) {
            if !matches!(declared.how, How::Unset) {
                self.set.insert(declared.name);
            }
        }
        let Some((name, arguments)) = plain_command(simple) else {
            return;
        };
        match name.as_str() {
            "." | "source" | "eval" => self.is_open = true,
            // ShellCheck does not look here.
            "test" if !self.is_compatible => self.test(arguments),
            "[" => self.test(arguments.split_last().map_or(&[], |(_, words)| words)),
            _ => {}
        }
    }

    /// What `[` asks: `-n "$x"`, `-z "$x"`, `-v x`, and `"$x"` alone.
    fn test(&mut self, words: &[Word]) {
        if let [word] = words {
            self.ask(word);
        }
        for pair in words.windows(2) {
            if matches!(pair[0].literal().as_deref(), Some("-n" | "-z" | "-v")) {
                self.ask(&pair[1]);
            }
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match &condition.kind {
            ConditionKind::Word(word) => self.ask(word),
            ConditionKind::Unary(operator, word)
                if matches!(operator.literal().as_deref(), Some("-n" | "-z" | "-v")) =>
            {
                self.ask(word);
            }
            _ => {}
        }
    }

    fn ask(&mut self, word: &Word) {
        self.asked.extend(word.literal());
        self.ask_parts(&word.parts);
    }

    fn ask_parts(&mut self, parts: &[Part]) {
        for part in parts {
            match &part.kind {
                PartKind::Parameter(parameter) => {
                    self.asked.insert(parameter.name.clone());
                }
                PartKind::DoubleQuoted(parts) => self.ask_parts(parts),
                _ => {}
            }
        }
    }

    fn part(&mut self, trail: &[Node<'_>], part: &Part) {
        match &part.kind {
            PartKind::Parameter(parameter) => self.parameter(trail, parameter, part.span),
            PartKind::Arithmetic(arithmetic) => self.arithmetic(arithmetic),
            _ => {}
        }
    }

    fn parameter(&mut self, trail: &[Node<'_>], parameter: &Parameter, place: Span) {
        let name = &parameter.name;
        let operator = parameter.substitution.as_ref().map(|found| found.operator);
        let is_prefix = parameter.is_indirect && matches!(operator, Some("*" | "@"));
        if asks(parameter) || trail.iter().any(is_default) {
            self.asked.insert(name.clone());
        } else if is_name(name) && !is_prefix && !is_in_subscript(trail) {
            self.used.push((name.clone(), place));
        }
    }

    fn arithmetic(&mut self, arithmetic: &Arithmetic) {
        for part in &arithmetic.parts {
            let PartKind::Literal(text) = &part.kind else {
                continue;
            };
            let set: Vec<&str> = assigned(text).collect();
            self.set.extend(set.iter().map(|name| (*name).to_owned()));
            for (before, name, _) in names(text) {
                let place = place_in(part.span, text, before.len(), name.len());
                self.used.push((name.to_owned(), place));
            }
        }
    }
}

/// The place of a part of a literal: all of it where the text in the file is not the same.
fn place_in(span: Span, text: &str, before: usize, length: usize) -> Span {
    let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    if span.end - span.start != number(text.len()) {
        return span;
    }
    let start = span.start + number(before);
    Span::new(start, start + number(length))
}

/// Whether it asks for a variable that need not be set.
fn asks(parameter: &Parameter) -> bool {
    let operator = parameter.substitution.as_ref().map(|found| found.operator);
    matches!(
        operator,
        Some("-" | ":-" | "=" | ":=" | "?" | ":?" | "+" | ":+")
    )
}

/// Whether it stands in a subscript, which may be the key of a map.
fn is_in_subscript(trail: &[Node<'_>]) -> bool {
    let is_subscript = |pair: &[Node<'_>]| match pair {
        [
            Node::Part(Part {
                kind: PartKind::Parameter(parameter),
                ..
            }),
            Node::Word(word),
        ] => parameter
            .subscript
            .as_ref()
            .is_some_and(|subscript| std::ptr::eq(subscript, *word)),
        _ => false,
    };
    trail.windows(2).any(is_subscript)
}

fn is_default(node: &Node<'_>) -> bool {
    matches!(node, Node::Part(Part { kind: PartKind::Parameter(parameter), .. }) if asks(parameter))
}
