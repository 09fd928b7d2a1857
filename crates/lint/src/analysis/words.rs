//! Words and the variables in them.

use std::cell::RefCell;
use std::collections::HashSet;

use dockerfile::ast::Escape;
use dockerfile::{Expansion, Variables, expand, expand_heredoc, expand_words};

/// A word with its variables replaced, and which they were.
#[derive(Debug, Default)]
pub(crate) struct Used {
    /// The result; empty if the word cannot be expanded.
    pub(crate) text: String,
    /// Whether the word cannot be expanded: the build says why.
    pub(crate) is_broken: bool,
    /// Variables that have a value, each once, in order.
    pub(crate) set: Vec<String>,
    /// Variables that have none, those with a default too, each once, in order.
    pub(crate) unset: Vec<String>,
}

/// Notes which variables are asked for.
#[derive(Default)]
struct Asked {
    seen: HashSet<String>,
    used: Used,
}

/// How a text is read.
#[derive(Clone, Copy)]
pub(crate) enum Reading {
    /// A word, with quotes and this escape sign.
    Word(Escape),
    /// The body of a heredoc.
    Heredoc,
}

/// Expands a text, and notes the variables.
pub(crate) fn used(text: &str, reading: Reading, variables: &Variables) -> Used {
    let (used, ()) = noting(variables, |lookup| {
        let expanded = match reading {
            Reading::Word(escape) => expand(text, escape, lookup),
            Reading::Heredoc => expand_heredoc(text, lookup),
        };
        (expanded.ok(), ())
    });
    used
}

/// Expands a text and splits it into words (`EXPOSE`).
pub(crate) fn split(text: &str, escape: Escape, variables: &Variables) -> Vec<String> {
    let lookup = |name: &str| variables.get(name).map(str::to_owned);
    expand_words(text, escape, &lookup).unwrap_or_default()
}

/// Runs what expands words, and notes the variables that it asks for.
fn noting<T>(
    variables: &Variables,
    run: impl FnOnce(&dyn Fn(&str) -> Option<String>) -> (Option<Expansion>, T),
) -> (Used, T) {
    let asked = RefCell::new(Asked::default());
    let lookup = |name: &str| {
        let value = variables.get(name);
        asked.borrow_mut().note(name, value.is_some());
        value.map(str::to_owned)
    };
    let (expansion, other) = run(&lookup);
    let mut used = asked.into_inner().used;
    match expansion {
        Some(expansion) => used.text = expansion.text,
        None => used.is_broken = true,
    }
    (used, other)
}

impl Asked {
    fn note(&mut self, name: &str, is_set: bool) {
        if self.seen.contains(name) {
            return;
        }
        self.seen.insert(name.to_owned());
        let list = match is_set {
            true => &mut self.used.set,
            false => &mut self.used.unset,
        };
        list.push(name.to_owned());
    }
}

/// Whatever else expands words with a function of its own (`RUN --mount`): the variables without a value that it asks
/// for, and what it gives.
pub(crate) fn unset_in<T>(
    variables: &Variables,
    run: impl FnOnce(&dyn Fn(&str) -> Option<String>) -> T,
) -> (Vec<String>, T) {
    let (used, other) = noting(variables, |lookup| (None, run(lookup)));
    (used.unset, other)
}
