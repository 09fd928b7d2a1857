//! Nothing is expanded between single quotes.

use dockerfile::Severity;

use super::report::{self, Report};
use super::scene::{Scene, command, plain_command};
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::shell::ast::{Assignment, CommandKind, Node, PartKind, SimpleCommand, Word};

pub(crate) const RULE: Rule = Rule {
    name: "SC2016",
    summary: "Expressions don't expand in single quotes, use double quotes for that",
    severity: Severity::Info,
    set: Set::ShellCheck,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Between single quotes `$x`, `$(…)` and backquotes stand for themselves. Where that is what is wanted the finding is a false alarm, which is why much is let pass: arguments of programs that read such text (`awk`, `sh -c`, `perl`, `jq`, `trap`, `eval`, `ssh`, `docker`, `dpkg-query`, `envsubst`, `python -c` and others, also behind `env`, `xargs`, `su` or `find -exec`), `sed` scripts with a `$` that is an address, the prompts `PS1` to `PS4`, and what `echo` and `printf` write into a file or a pipe. ShellCheck knows fewer of these programs and no files.",
        bad: "FROM debian:bookworm\nRUN mkdir '/opt/$TARGETARCH'\n",
        good: "FROM debian:bookworm\nARG TARGETARCH\nRUN mkdir \"/opt/$TARGETARCH\"\n",
        configure: None,
    },
    find,
};

const MESSAGE: &str = "Expressions don't expand in single quotes, use double quotes for that.";

/// Programs that read such text themselves.
const READERS: [&str; 21] = [
    "alias",
    "bash",
    "docker",
    "doas",
    "dpkg-query",
    "eval",
    "jq",
    "ksh",
    "let",
    "oc",
    "podman",
    "rename",
    "rg",
    "run0",
    "sh",
    "ssh",
    "sudo",
    "trap",
    "unset",
    "xprop",
    "zsh",
];

/// Others that do, which ShellCheck does not know.
const MORE_READERS: [&str; 28] = [
    "ash",
    "dash",
    "envsubst",
    "fish",
    "groovy",
    "make",
    "mysql",
    "node",
    "parallel",
    "php",
    "pkg-config",
    "powershell",
    "psql",
    "pwsh",
    "python",
    "python2",
    "python3",
    "rpm",
    "ruby",
    "sqlite3",
    "su",
    "tclsh",
    "watch",
    "xonsh",
    "yq",
    "julia",
    "lua",
    "Rscript",
];

/// Programs that run others.
const WRAPPERS: [&str; 12] = [
    "env",
    "chroot",
    "eatmydata",
    "gosu",
    "nice",
    "nohup",
    "setpriv",
    "su-exec",
    "time",
    "timeout",
    "xargs",
    "xvfb-run",
];

/// Variables that a shell expands when it uses them.
const PROMPTS: [&str; 5] = ["PROMPT_COMMAND", "PS1", "PS2", "PS3", "PS4"];

fn find(file: &File<'_>) -> Vec<Found> {
    report::of(file, RULE.name)
}

pub(super) fn look(scene: &Scene<'_>, trail: &[Node<'_>], node: Node<'_>, report: &mut Report) {
    let Node::Part(part) = node else { return };
    let PartKind::SingleQuoted(text) = &part.kind else {
        return;
    };
    if !has_expansion(text) || is_let_pass(scene, trail, text) {
        return;
    }
    let found = scene.found(part.span, MESSAGE);
    report.push(
        &RULE,
        found.help("use double quotes, if it is meant to be expanded"),
    );
}

/// `$x`, `${x}`, `$(x)`, or something between backquotes.
fn has_expansion(text: &str) -> bool {
    let is_first = |sign: char| sign == '_' || sign.is_ascii_alphanumeric() || "{(".contains(sign);
    let mut pieces = text.split('`').skip(1);
    let mut dollars = text.match_indices('$');
    dollars.any(|(at, _)| text[at + 1..].starts_with(is_first))
        || pieces.next().is_some_and(|piece| !piece.is_empty()) && pieces.next().is_some()
}

/// Whether what it belongs to reads such text.
fn is_let_pass(scene: &Scene<'_>, trail: &[Node<'_>], text: &str) -> bool {
    for (at, node) in trail.iter().enumerate().rev() {
        match node {
            Node::List(_) => return false,
            Node::Assignment(assignment) => return is_prompt(assignment),
            Node::Condition(condition) => {
                let source = scene.source.slice(condition.span);
                return source.trim_start().starts_with("-v");
            }
            Node::Command(command) => {
                let CommandKind::Simple(simple) = &command.kind else {
                    return false;
                };
                let word = trail.iter().skip(at).find_map(|node| match node {
                    Node::Word(word) => Some(*word),
                    _ => None,
                });
                return is_read(scene, simple, word, text)
                    || !scene.is_compatible && is_written(trail, at, simple);
            }
            _ => {}
        }
    }
    false
}

fn is_prompt(assignment: &Assignment) -> bool {
    PROMPTS.contains(&assignment.name.as_str())
}

/// Whether the command is one whose arguments are such text.
fn is_read(scene: &Scene<'_>, simple: &SimpleCommand, word: Option<&Word>, text: &str) -> bool {
    if plain_command(simple).is_some_and(|(name, _)| name == "export") {
        let first = word
            .and_then(|word| word.parts.first())
            .map(|part| &part.kind);
        return matches!(first, Some(PartKind::Literal(text))
            if text.split_once('=').is_some_and(|(name, _)| PROMPTS.contains(&name)));
    }
    let name = match plain_command(simple) {
        Some((name, arguments)) if name == "exec" => program_behind(&name, arguments),
        Some(_) => command(simple),
        None => None,
    };
    let Some((mut name, mut arguments)) = name else {
        return false;
    };
    loop {
        if is_reader(scene, &name, arguments, text) {
            return true;
        }
        let is_wrapper = matches!(name.as_str(), "busybox" | "find")
            || !scene.is_compatible && WRAPPERS.contains(&name.as_str());
        match program_behind(&name, arguments) {
            Some(next) if is_wrapper => (name, arguments) = next,
            _ => return false,
        }
    }
}

/// The program that another one runs: behind `-exec` of `find`, else the first known one among the words.
fn program_behind<'w>(name: &str, arguments: &'w [Word]) -> Option<(String, &'w [Word])> {
    let text = |word: &Word| word.literal().unwrap_or_default();
    let at = match name {
        "find" => {
            let runs = |word: &Word| matches!(text(word).as_str(), "-exec" | "-execdir" | "-ok");
            arguments.iter().position(runs)? + 1
        }
        "busybox" => 0,
        "exec" => match arguments.first().map(text).as_deref() {
            Some("-a") => 2,
            _ => arguments
                .iter()
                .position(|word| !text(word).starts_with('-'))?,
        },
        _ => arguments.iter().position(|word| {
            let text = text(word);
            let name = text.rsplit('/').next().unwrap_or(&text);
            is_known_reader(name)
                || MORE_READERS.contains(&name)
                || name == "sed"
                || WRAPPERS.contains(&name)
        })?,
    };
    let name = arguments.get(at)?.literal()?;
    let name = name.rsplit('/').next().unwrap_or(&name).to_owned();
    Some((name, &arguments[at + 1..]))
}

fn is_known_reader(name: &str) -> bool {
    READERS.contains(&name) || name.ends_with("awk") || name.starts_with("perl")
}

fn is_reader(scene: &Scene<'_>, name: &str, arguments: &[Word], text: &str) -> bool {
    let first = || arguments.first().and_then(Word::literal);
    match name {
        _ if is_known_reader(name) => true,
        "git" => first().as_deref() == Some("filter-branch"),
        "[" => first().as_deref() == Some("-v"),
        "sed" => is_sed_script(text) || !scene.is_compatible && !text.contains("${"),
        _ => !scene.is_compatible && MORE_READERS.contains(&name),
    }
}

/// Whether there is a `$` in it that is `sed`'s last line, with a command behind it.
fn is_sed_script(text: &str) -> bool {
    text.match_indices('$').any(|(at, _)| {
        let mut behind = text[at + 1..].chars();
        behind.next().is_some_and(|sign| "{dpsaic".contains(sign))
            && behind.next().is_none_or(|sign| !sign.is_ascii_alphabetic())
    })
}

/// Whether `echo` or `printf` write it to somebody who will read it.
fn is_written(trail: &[Node<'_>], at: usize, simple: &SimpleCommand) -> bool {
    let name = command(simple).map(|(name, _)| name);
    if !name.is_some_and(|name| matches!(name.as_str(), "echo" | "printf")) {
        return false;
    }
    // The file or the pipe can be that of a group around it.
    trail[..=at].iter().any(|node| match node {
        Node::Command(command) => !command.redirections.is_empty(),
        Node::Pipeline(pipeline) => pipeline.commands.len() > 1,
        _ => false,
    })
}
