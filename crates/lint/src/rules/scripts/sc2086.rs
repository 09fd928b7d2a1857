//! Expansions are quoted.

use dockerfile::{Severity, Span};

use super::report::{self, Report};
use super::scene::{Scene, plain_command};
use super::splitting::{Owner, Split, split};
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::shell::ast::{Node, Parameter, Part, PartKind, Word};
use crate::shell::flow::Value;

pub(crate) const RULE: Rule = Rule {
    name: "SC2086",
    summary: "Double quote to prevent globbing and word splitting",
    severity: Severity::Info,
    set: Set::ShellCheck,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "What an unquoted variable holds is split at blanks, and each of the words is a pattern for file names; an empty one is no word at all. Words of commands and targets of redirections are looked at. Values are followed through the script: a variable that can only hold a number or a text without blanks and patterns is let pass, and so is everything that an `ARG` or `ENV` of the stage declares. Let pass are also places where a shell does not split (assignments, `case`, `[[`, arithmetic), a command that is nothing but a variable, `${x:+…}`, and a variable that the same script sets to several words: those are a list, and meant to be split. ShellCheck finds the last.",
        bad: "FROM debian:bookworm\nRUN for file in /etc/*.conf; do cat $file; done\n",
        good: "FROM debian:bookworm\nRUN for file in /etc/*.conf; do cat \"$file\"; done\n",
        configure: None,
    },
    find,
};

const MESSAGE: &str = "Double quote to prevent globbing and word splitting.";

/// What names of lists have in them.
const LISTS: [&str; 9] = [
    "ARG", "DEP", "FLAG", "LIST", "OPT", "PACKAGE", "PARAM", "PKG", "MODULE",
];

fn find(file: &File<'_>) -> Vec<Found> {
    report::of(file, RULE.name)
}

pub(super) fn look(scene: &Scene<'_>, trail: &[Node<'_>], node: Node<'_>, report: &mut Report) {
    let Node::Part(part) = node else { return };
    let PartKind::Parameter(parameter) = &part.kind else {
        return;
    };
    if is_one_word(parameter) {
        return;
    }
    let Some(split) = split(scene, trail, part) else {
        return;
    };
    let value = scene.flow.value(part);
    let is_list = value == Value::Several && !scene.is_compatible;
    if value == Value::Plain || is_list || is_default(split, parameter) {
        return;
    }
    let fix = fix(split, part, parameter, value).and_then(|fix| scene.fix(fix));
    let found = scene.found(part.span, MESSAGE);
    report.push(&RULE, found.help("put double quotes around it").fix(fix));
}

/// Whether it is a number, or a matter of another rule, or what stands in it has a say of its own.
fn is_one_word(parameter: &Parameter) -> bool {
    let subscript = parameter.subscript.as_ref().and_then(Word::literal);
    let operator = parameter.substitution.as_ref().map(|found| found.operator);
    parameter.is_length
        || matches!(
            parameter.name.as_str(),
            "" | "#" | "?" | "$" | "!" | "-" | "@"
        )
        || subscript.as_deref() == Some("@")
        || matches!(operator, Some("+" | ":+"))
}

/// `: ${x:=…}`: what becomes of the words does not matter.
fn is_default(split: Split<'_>, parameter: &Parameter) -> bool {
    let operator = parameter.substitution.as_ref().map(|found| found.operator);
    let Owner::Command(simple) = split.of else {
        return false;
    };
    matches!(operator, Some("=" | ":="))
        && plain_command(simple).is_some_and(|(name, _)| name == ":")
}

/// Double quotes, unless splitting is likely wanted.
fn fix(split: Split<'_>, part: &Part, parameter: &Parameter, value: Value) -> Option<Fix> {
    let name = parameter.name.to_uppercase();
    let is_list =
        name == "*" || LISTS.iter().any(|list| name.contains(list)) || name.ends_with('S');
    if value == Value::Several || is_list && split.word.parts.len() == 1 {
        return None;
    }
    if let Owner::Command(simple) = split.of
        && let Some((name, _)) = plain_command(simple)
        && matches!(name.as_str(), "eval" | "set" | "unset" | "export")
    {
        return None;
    }
    // Quotes within `${…}` would have to be looked at first; nobody writes words of more parts.
    let is_long = split.word.parts.len() > 64;
    if is_long || parameter.substitution.is_some() || parameter.subscript.is_some() {
        return Some(quote(part.span));
    }
    Some(quote(run(split.word, part)))
}

fn quote(span: Span) -> Fix {
    let edits = [Edit::insert(span.start, "\""), Edit::insert(span.end, "\"")];
    Fix::guess("quote it", edits)
}

/// What is quoted with an expansion: its neighbours that mean the same between quotes, but not the name before a `=`.
fn run(word: &Word, part: &Part) -> Span {
    let Some(at) = word.parts.iter().position(|one| std::ptr::eq(one, part)) else {
        return part.span;
    };
    let before = word.parts[..at]
        .iter()
        .rev()
        .take_while(|part| is_same_quoted(part));
    let behind = word.parts[at + 1..]
        .iter()
        .take_while(|part| is_same_quoted(part));
    let first = before.last().unwrap_or(part);
    let last = behind.last().unwrap_or(part);
    Span::new(first.span.start, last.span.end)
}

fn is_same_quoted(part: &Part) -> bool {
    match &part.kind {
        PartKind::Literal(text) => !text.contains(['*', '?', '[', '{', '}', '~', '=', '!']),
        PartKind::Parameter(parameter) => {
            parameter.substitution.is_none()
                && parameter.subscript.is_none()
                && !matches!(parameter.name.as_str(), "@" | "*")
        }
        _ => false,
    }
}
