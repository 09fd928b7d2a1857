//! What else ShellCheck finds and we do not: as hadolint shows only the last of its findings in a `RUN`, some are not
//! seen for what stands behind them. This is for hadolint's exact behaviour, and knows but the most frequent ones.

use dockerfile::{Severity, Span};

use super::condition::is_condition;
use super::report::Report;
use super::scene::{Scene, plain_command};
use crate::shell::ast::{
    Command, CommandKind, List, Node, Part, PartKind, Pipeline, Redirection, RedirectionOperator,
    SimpleCommand, Word,
};

/// Looks at a node.
pub(super) fn look(scene: &Scene<'_>, trail: &[Node<'_>], node: Node<'_>, report: &mut Report) {
    let mut push =
        |code, severity, place| report.push_hidden(code, severity, scene.found(place, ""));
    match node {
        Node::Command(command) => {
            if let Some(place) = wrong_order(trail, command) {
                push("SC2069", Severity::Warning, place);
            }
            if let CommandKind::Simple(simple) = &command.kind {
                empty_values(simple).for_each(|place| push("SC1007", Severity::Warning, place));
                patterns(simple).for_each(|place| push("SC2035", Severity::Info, place));
            }
        }
        Node::Pipeline(pipeline) => {
            if let Some((code, severity, place)) = listing(pipeline) {
                push(code, severity, place);
            }
            let is_unseen = scene.is_strict && !is_condition(trail, node) && !is_last(trail);
            if let Some(place) = pipeline.bang.filter(|_| is_unseen) {
                push("SC2251", Severity::Info, place);
            }
        }
        Node::Part(part) => {
            if let PartKind::Command(list) | PartKind::Backquoted(list) = &part.kind
                && is_only_echo(list)
            {
                push("SC2116", Severity::Style, part.span);
            }
        }
        _ => {}
    }
}

/// `ls` before a pipe.
fn listing(pipeline: &Pipeline) -> Option<(&'static str, Severity, Span)> {
    let name = |command: &Command| match &command.kind {
        CommandKind::Simple(simple) => {
            let (name, _) = plain_command(simple)?;
            Some((name, simple.words.first()?.span))
        }
        _ => None,
    };
    let pairs = pipeline.commands.windows(2);
    pairs
        .filter_map(|pair| Some((name(&pair[0])?, name(&pair[1]))))
        .find_map(|(first, second)| {
            let is_grep = second.is_some_and(|(name, _)| name == "grep");
            let (code, severity) = match is_grep {
                true => ("SC2010", Severity::Warning),
                false => ("SC2012", Severity::Info),
            };
            (first.0 == "ls").then_some((code, severity, first.1))
        })
}

/// Whether an and-or list is the last of its list.
fn is_last(trail: &[Node<'_>]) -> bool {
    let [.., Node::List(list), Node::AndOr(item)] = trail else {
        return true;
    };
    list.items
        .last()
        .is_some_and(|last| std::ptr::eq(&raw const last.and_or, *item))
}

/// `2>&1 > file`: the `2>&1`.
fn wrong_order(trail: &[Node<'_>], command: &Command) -> Option<Span> {
    let is_caught = |node: &Node<'_>| match node {
        Node::Pipeline(pipeline) => {
            let last = pipeline.commands.last();
            last.is_some_and(|last| !std::ptr::eq(last, command)) && trail.last().is_some()
        }
        Node::Part(_) => true,
        _ => false,
    };
    let is_both = |one: &&Redirection| {
        one.operator == RedirectionOperator::DuplicateOutput
            && one.descriptor.as_deref() == Some("2")
            && one.target.as_ref().and_then(Word::literal).as_deref() == Some("1")
    };
    let is_output = |one: &Redirection| {
        let is_first = matches!(one.descriptor.as_deref(), None | Some("1"));
        is_first
            && matches!(
                one.operator,
                RedirectionOperator::Output | RedirectionOperator::Append
            )
    };
    let at = command.redirections.iter().position(|one| is_both(&one))?;
    let is_wrong = command.redirections[at + 1..].iter().any(is_output);
    (is_wrong && !trail.iter().any(is_caught)).then(|| command.redirections[at].span)
}

/// `name= word`: the blank.
fn empty_values(simple: &SimpleCommand) -> impl Iterator<Item = Span> {
    let last = simple.assignments.len().checked_sub(1);
    let is_empty = move |(at, name): (usize, &str)| {
        name != "IFS" && (last != Some(at) || !simple.words.is_empty())
    };
    let assignments = simple.assignments.iter().enumerate();
    assignments
        .filter(move |(at, one)| one.value.is_none() && is_empty((*at, &one.name)))
        .map(|(_, one)| Span::new(one.span.end, one.span.end + 1))
}

/// Arguments that begin with `*` or `?`.
fn patterns(simple: &SimpleCommand) -> impl Iterator<Item = Span> {
    let name = plain_command(simple)
        .map(|(name, _)| name)
        .unwrap_or_default();
    let is_harmless = matches!(name.as_str(), "" | "echo" | "printf" | "[");
    let arguments = if is_harmless { &[] } else { &simple.words[1..] };
    let is_end = |word: &&Word| word.literal().as_deref() != Some("--");
    let starts = |word: &&Word| {
        let first = word.parts.first().map(|part| &part.kind);
        matches!(first, Some(PartKind::Literal(text)) if text.starts_with(['*', '?']))
    };
    let before = arguments.iter().take_while(is_end);
    before.filter(starts).map(|word| word.span)
}

/// `echo` and words that are neither patterns nor commands.
fn is_only_echo(list: &List) -> bool {
    let [item] = list.items.as_slice() else {
        return false;
    };
    let [command] = item.and_or.first.commands.as_slice() else {
        return false;
    };
    let CommandKind::Simple(simple) = &command.kind else {
        return false;
    };
    let Some((name, arguments)) = plain_command(simple) else {
        return false;
    };
    let is_plain =
        |word: &Word| !word.has_pattern() && !word.has_braces() && !has_command(&word.parts);
    let first = arguments
        .first()
        .and_then(Word::literal)
        .unwrap_or_default();
    name == "echo"
        && item.and_or.rest.is_empty()
        && !arguments.is_empty()
        && !first.starts_with('-')
        && arguments.iter().all(is_plain)
}

fn has_command(parts: &[Part]) -> bool {
    parts.iter().any(|part| match &part.kind {
        PartKind::Command(_) | PartKind::Backquoted(_) => true,
        PartKind::DoubleQuoted(parts) => has_command(parts),
        _ => false,
    })
}
