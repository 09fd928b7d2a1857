//! Whether `echo` makes something of `\n` depends on the shell.

use dockerfile::Severity;

use super::interpreter::Language;
use super::report::{self, Report};
use super::scene::{Scene, plain_command};
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::shell::ast::{Command, CommandKind, Node, Part, PartKind, SimpleCommand, Word};

pub(crate) const RULE: Rule = Rule {
    name: "SC2028",
    summary: "echo may not expand escape sequences. Use printf",
    severity: Severity::Info,
    set: Set::ShellCheck,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "dash's `echo` makes a new line of `\\n`, that of bash and busybox writes a backslash and an n: the same `RUN` gives another file on another base image. `printf` does the same everywhere. Arguments of `echo` are looked at that have a backslash with `a`, `b`, `e`, `f`, `n`, `r`, `t`, `v`, a digit or `x` and hexadecimal digits behind it. `echo -e` is let pass here; in `sh` that is SC3037. Where `SHELL` is dash by name nothing is found.",
        bad: "FROM debian:bookworm\nRUN echo 'a=1\\nb=2' > /settings\n",
        good: "FROM debian:bookworm\nRUN printf 'a=1\\nb=2\\n' > /settings\n",
        configure: None,
    },
    find,
};

const MESSAGE: &str = "echo may not expand escape sequences. Use printf.";

fn find(file: &File<'_>) -> Vec<Found> {
    report::of(file, RULE.name)
}

pub(super) fn look(scene: &Scene<'_>, _: &[Node<'_>], node: Node<'_>, report: &mut Report) {
    let Node::Command(Command {
        kind: CommandKind::Simple(simple),
        ..
    }) = node
    else {
        return;
    };
    let Some((name, arguments)) = plain_command(simple) else {
        return;
    };
    let expands = |word: &Word| {
        let text = word.literal().unwrap_or_default();
        { text.strip_prefix('-') }.is_some_and(|flags| flags.contains('e'))
    };
    if name != "echo" || always_expands(scene) || arguments.iter().any(expands) {
        return;
    }
    for word in arguments.iter().filter(|word| has_escape(word)) {
        let found = scene.found(word.span, MESSAGE);
        let fix = fix(simple, arguments).and_then(|fix| scene.fix(fix));
        report.push(
            &RULE,
            found
                .help("use printf '%b\\n' or printf with a format")
                .fix(fix),
        );
    }
}

/// Whether the text says that the shell is dash.
fn always_expands(scene: &Scene<'_>) -> bool {
    match scene.interpreter.language {
        Language::NewDash => true,
        Language::Dash => scene.interpreter.is_dash,
        _ => false,
    }
}

/// `printf '%b\n'` does what the `echo` of dash does, as long as there is one argument.
fn fix(simple: &SimpleCommand, arguments: &[Word]) -> Option<Fix> {
    let [_] = arguments else { return None };
    let name = simple.words.first()?;
    let edit = Edit::replace(name.span, "printf '%b\\n'");
    Some(Fix::guess("use printf", [edit]))
}

fn has_escape(word: &Word) -> bool {
    let mut text = String::new();
    push_written(&word.parts, &mut text);
    text.match_indices('\\')
        .any(|(at, _)| is_escape(&text[at + 1..]))
}

/// What stands in a word, escaped backslashes as one.
fn push_written(parts: &[Part], text: &mut String) {
    for part in parts {
        match &part.kind {
            PartKind::Literal(part) | PartKind::SingleQuoted(part) => text.push_str(part),
            PartKind::Escaped(sign) => text.push(*sign),
            PartKind::DoubleQuoted(parts) => push_written(parts, text),
            _ => text.push('$'),
        }
    }
}

fn is_escape(behind: &str) -> bool {
    let mut signs = behind.chars();
    match signs.next() {
        Some('a' | 'b' | 'e' | 'f' | 'n' | 'r' | 't' | 'v' | '0'..='7' | '\\') => true,
        Some('x') => signs.next().is_some_and(|sign| sign.is_ascii_hexdigit()),
        _ => false,
    }
}
