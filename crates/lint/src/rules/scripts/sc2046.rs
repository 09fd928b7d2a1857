//! The output of a command is quoted.

use dockerfile::Severity;

use super::report::{self, Report};
use super::scene::{Scene, plain_command};
use super::splitting::{Owner, Split, split};
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::shell::ast::{CommandKind, List, Node, Part, PartKind, SimpleCommand, Word};

pub(crate) const RULE: Rule = Rule {
    name: "SC2046",
    summary: "Quote this to prevent word splitting",
    severity: Severity::Warning,
    set: Set::ShellCheck,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "What an unquoted `$(…)` gives is split at blanks, and each of the words is a pattern for file names. Words of commands and targets of redirections are looked at. Not found are places where a shell does not split (assignments, `case`, `[[`), a command that is nothing but a `$(…)`, and outputs that are one number or one plain word by nature: `nproc`, `id -u`, `uname -m`, `dpkg --print-architecture`, `getconf`, `seq`, `pgrep`. ShellCheck knows `seq` and `pgrep` only. Where several words are wanted, as in a list of packages, `xargs` is a way without splitting.",
        bad: "FROM debian:bookworm\nRUN cp $(command -v busybox) /sbin/init\n",
        good: "FROM debian:bookworm\nRUN cp \"$(command -v busybox)\" /sbin/init\n",
        configure: None,
    },
    find,
};

const MESSAGE: &str = "Quote this to prevent word splitting.";

/// Commands whose output is a number or a plain word, with what the first argument must be for that.
const PLAIN: [(&str, &[&str]); 9] = [
    ("arch", &[]),
    ("dpkg", &["--print-architecture"]),
    (
        "dpkg-architecture",
        &["-q", "-qDEB_HOST_MULTIARCH", "-qDEB_HOST_ARCH"],
    ),
    ("getconf", &["_NPROCESSORS_ONLN", "LONG_BIT", "PAGESIZE"]),
    ("id", &["-u", "-g", "-un", "-gn"]),
    ("nproc", &[]),
    ("pgrep", &[]),
    ("seq", &[]),
    ("uname", &["-m", "-r", "-s", "-p"]),
];

/// Commands whose output is one path or one name.
const ONE: [&str; 13] = [
    "basename",
    "command",
    "date",
    "dirname",
    "hostname",
    "lsb_release",
    "mktemp",
    "pwd",
    "readlink",
    "realpath",
    "rpm",
    "which",
    "whoami",
];

fn find(file: &File<'_>) -> Vec<Found> {
    report::of(file, RULE.name)
}

pub(super) fn look(scene: &Scene<'_>, trail: &[Node<'_>], node: Node<'_>, report: &mut Report) {
    let Node::Part(part) = node else { return };
    let (PartKind::Command(list) | PartKind::Backquoted(list)) = &part.kind else {
        return;
    };
    let Some(split) = split(scene, trail, part) else {
        return;
    };
    if list.items.is_empty() || is_plain(scene, list) {
        return;
    }
    let fix = fix(scene, split, part, list).and_then(|fix| scene.fix(fix));
    let found = scene.found(part.span, MESSAGE);
    report.push(&RULE, found.help("put double quotes around it").fix(fix));
}

/// The one simple command that a list is.
fn only(list: &List) -> Option<&SimpleCommand> {
    let [item] = list.items.as_slice() else {
        return None;
    };
    let [command] = item.and_or.first.commands.as_slice() else {
        return None;
    };
    match &command.kind {
        CommandKind::Simple(simple) if item.and_or.rest.is_empty() => Some(simple),
        _ => None,
    }
}

/// Whether there is nothing to split in what the commands print.
fn is_plain(scene: &Scene<'_>, list: &List) -> bool {
    let Some(simple) = only(list) else {
        return false;
    };
    let words: Vec<String> = simple.words.iter().filter_map(Word::literal).collect();
    let name = words.first().map_or("", String::as_str);
    if scene.is_compatible {
        return matches!(name, "seq" | "pgrep");
    }
    let first = words.get(1).map_or("", String::as_str);
    let is_it = |(program, needed): &(&str, &[&str])| {
        *program == name && (needed.is_empty() || needed.contains(&first))
    };
    PLAIN.iter().any(is_it)
}

/// Double quotes, where surely one word is wanted: for what has something else in its word, and for paths and names.
fn fix(scene: &Scene<'_>, split: Split<'_>, part: &Part, list: &List) -> Option<Fix> {
    let name = only(list).and_then(plain_command).map(|(name, _)| name);
    let is_one = name.is_some_and(|name| ONE.contains(&name.as_str()));
    let is_tested = |simple: &SimpleCommand| {
        plain_command(simple).is_some_and(|(name, _)| matches!(name.as_str(), "[" | "test" | "cd"))
    };
    let wants_one = match split.of {
        Owner::Redirection => true,
        Owner::Command(simple) => is_tested(simple),
    };
    if !(is_one || wants_one || split.word.parts.len() > 1) {
        return None;
    }
    // Between backquotes a quote would need a backslash, depending on what is around.
    if matches!(part.kind, PartKind::Backquoted(_))
        && scene.source.slice(part.span).contains(['"', '\\'])
    {
        return None;
    }
    let edits = [
        Edit::insert(part.span.start, "\""),
        Edit::insert(part.span.end, "\""),
    ];
    Some(Fix::guess("quote it", edits))
}
