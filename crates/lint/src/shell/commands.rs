//! The simple commands of a script, wherever they stand: what rules ask for.

use super::Parsed;
use super::ast::{Command, CommandKind, Node, SimpleCommand, Word};

/// All simple commands of a script, in the order of the text: those of lists, of compound commands and functions, of
/// substitutions in words, and at last those of the substitutions in here-documents.
///
/// What `sudo`, `env` or `exec` run is part of their words, as it is for the shell.
pub fn simple_commands(parsed: &Parsed) -> Vec<Simple<'_>> {
    let mut found = Vec::new();
    push_commands(Node::List(&parsed.list), &mut found);
    let bodies = parsed.heredocs.iter().flat_map(|heredoc| &heredoc.parts);
    bodies.for_each(|part| push_commands(Node::Part(part), &mut found));
    found
}

/// A simple command.
#[derive(Clone, Copy, Debug)]
pub struct Simple<'a> {
    /// With its redirections and its place.
    pub command: &'a Command,
    /// Its assignments and words.
    pub simple: &'a SimpleCommand,
}

impl<'a> Simple<'a> {
    /// The name of the command without its folder, where it is known: `apt-get` of `/usr/bin/apt-get`.
    pub fn name(&self) -> Option<String> {
        let name = self.simple.words.first()?.literal()?;
        Some(name.rsplit('/').next().unwrap_or_default().to_owned())
    }

    /// The words behind the name, with their text where it is known.
    pub fn arguments(&self) -> impl Iterator<Item = (&'a Word, Option<String>)> {
        let words: &'a [Word] = &self.simple.words;
        words.iter().skip(1).map(|word| (word, word.literal()))
    }
}

fn push_commands<'a>(node: Node<'a>, found: &mut Vec<Simple<'a>>) {
    if let Node::Command(command) = node
        && let CommandKind::Simple(simple) = &command.kind
    {
        found.push(Simple { command, simple });
    }
    for child in node.children() {
        push_commands(child, found);
    }
}
