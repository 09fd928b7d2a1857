//! Where a shell splits what is expanded: neither between quotes nor where only one word can be.

use super::interpreter::Language;
use super::scene::{Scene, plain_command};
use crate::shell::ast::{
    Command, CommandKind, Node, Part, PartKind, Redirection, RedirectionOperator, SimpleCommand,
    Word,
};

/// An expansion that is split.
#[derive(Clone, Copy, Debug)]
pub(super) struct Split<'a> {
    /// The word that it is a part of.
    pub(super) word: &'a Word,
    /// What the word belongs to.
    pub(super) of: Owner<'a>,
}

/// What a word belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner<'a> {
    /// A command.
    Command(&'a SimpleCommand),
    /// A redirection.
    Redirection,
}

/// Where an expansion is split, if it is.
pub(super) fn split<'a>(scene: &Scene<'_>, trail: &[Node<'a>], part: &Part) -> Option<Split<'a>> {
    let [.., owner, Node::Word(word)] = trail else {
        return None;
    };
    let of = match owner {
        Node::Command(Command {
            kind: CommandKind::Simple(simple),
            ..
        }) => {
            let is_split = is_split_argument(scene, simple, word, part);
            is_split.then_some(Owner::Command(simple))?
        }
        Node::Redirection(redirection) if !is_heredoc(redirection) => Owner::Redirection,
        _ => return None,
    };
    Some(Split { word, of })
}

fn is_heredoc(redirection: &Redirection) -> bool {
    matches!(
        redirection.operator,
        RedirectionOperator::Heredoc | RedirectionOperator::HeredocWithoutTabs
    )
}

fn is_split_argument(scene: &Scene<'_>, simple: &SimpleCommand, word: &Word, part: &Part) -> bool {
    let address = |word: &Word| std::ptr::from_ref(word);
    let index = simple.words.binary_search_by_key(&address(word), address);
    let name = plain_command(simple).map_or_else(String::new, |(name, _)| name);
    let runs_next = matches!(name.as_str(), "exec" | "command" | "builtin");
    let is_command = index == Ok(0) || index == Ok(1) && runs_next;
    if is_command && word.parts.len() == 1 || name == "let" {
        return false;
    }
    let keeps = scene.interpreter.language != Language::Posix;
    !(keeps && is_declaration(simple, &name) && is_value(word, part))
}

fn is_declaration(simple: &SimpleCommand, name: &str) -> bool {
    let declares = |name: &str| {
        matches!(
            name,
            "export" | "declare" | "typeset" | "local" | "readonly"
        )
    };
    let second = || simple.words.get(1).and_then(Word::literal);
    declares(name) || name == "builtin" && second().is_some_and(|name| declares(&name))
}

/// Whether a part stands behind the `=` of `name=…`.
fn is_value(word: &Word, part: &Part) -> bool {
    match word.parts.first().map(|first| (first, &first.kind)) {
        Some((first, PartKind::Literal(text))) => text.contains('=') && !std::ptr::eq(first, part),
        _ => false,
    }
}
