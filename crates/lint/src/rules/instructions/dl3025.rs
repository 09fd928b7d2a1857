//! What a container runs is a program, not a shell around it.

use std::collections::HashSet;

use dockerfile::Severity;
use dockerfile::ast::Kind;
use dockerfile::ast::{Form, Healthcheck, Word};

use super::exec_form::{plain_words, to_exec};
use super::seen::seen;
use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3025",
    summary: "Use arguments JSON notation for CMD and ENTRYPOINT arguments",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "In the shell form the program runs below a shell, and the shell gets the signals: `stop` has to wait, and then kills. `CMD` and `ENTRYPOINT` are looked at, behind `ONBUILD` too, and `HEALTHCHECK CMD` where its words need no shell. Who chooses a shell with `SHELL` means it: then nothing is said. The fix is offered where nothing in the words is for a shell.",
        bad: "FROM debian:bookworm\nCMD server --port 80\n",
        good: r#"FROM debian:bookworm
CMD ["server", "--port", "80"]
HEALTHCHECK CMD curl -f http://localhost || exit 1
"#,
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let chosen = with_shell(file);
    let mut found = Vec::new();
    for seen in seen(file) {
        if let Some(command) = shell_form(file, seen.kind())
            && !chosen.contains(&seen.outer.span.start)
            && !is_like_exec_form(file, command)
        {
            found.push(
                seen.found(command.span, RULE.summary)
                    .help("write [\"program\", \"argument\"]")
                    .fix(to_exec(file, command)),
            );
        }
    }
    found
}

/// hadolint knows fewer rules about what may stand behind a backslash than JSON does.
fn is_like_exec_form(file: &File<'_>, command: &Word) -> bool {
    let inside = command
        .text
        .trim()
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let Some(mut rest) = inside.map(str::trim).filter(|_| file.options.compatible) else {
        return false;
    };
    while let Some(string) = rest.strip_prefix('"') {
        let mut is_escaped = false;
        let end = string.find(|sign| {
            let is_end = sign == '"' && !is_escaped;
            is_escaped = sign == '\\' && !is_escaped;
            is_end
        });
        let Some(end) = end else { return false };
        let behind = string[end + 1..].trim_start();
        rest = match behind.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None => return behind.is_empty(),
        };
    }
    false
}

fn shell_form<'k>(file: &File<'_>, kind: &'k Kind) -> Option<&'k Word> {
    match kind {
        Kind::Cmd(Form::Shell(word)) | Kind::Entrypoint(Form::Shell(word)) => Some(word),
        Kind::Healthcheck(Healthcheck::Command {
            command: Form::Shell(word),
            ..
        }) => (file.options.compatible || plain_words(word).is_some()).then_some(word),
        _ => None,
    }
}

/// Where instructions begin whose shell somebody chose. hadolint does not ask.
fn with_shell(file: &File<'_>) -> HashSet<u32> {
    if file.options.compatible {
        return HashSet::new();
    }
    let chosen = file.steps().filter(|at| at.step.has_shell);
    chosen.map(|at| at.step.place.start).collect()
}
