//! A RUN does something that is still there when it is over.

use dockerfile::Severity;

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

pub(crate) const RULE: Rule = Rule {
    name: "LostCommand",
    summary: "cd, export, source, alias and su change the shell that they run in, and each RUN has a new one",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "Each RUN starts a shell of its own, and what only changes that shell is gone with it. Found are RUNs that do nothing but cd, export, set, ulimit, umask, alias, source, `.`, or su and sudo su without a command, and RUNs that end with export, alias or source. Let pass are RUNs that do something else behind it, and assignments of files (>>).",
        bad: "FROM debian:bookworm-slim\nRUN export LANG=C.UTF-8\nRUN cd /srv\n",
        good: "FROM debian:bookworm-slim\nENV LANG=C.UTF-8\nWORKDIR /srv\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let runs = file
        .runs()
        .iter()
        .filter(|run| !run.is_exec() && run.run.heredocs.is_empty());
    runs.filter_map(|run| wrong(file, run)).collect()
}

fn wrong(file: &File<'_>, run: &RunStep<'_>) -> Option<Found> {
    let text = file.source.slice(run.instruction.span);
    if text.contains(['>', '|']) && !text.contains("||")
        || text.contains("$(")
        || text.contains('`')
    {
        return None;
    }
    let commands = run.invocations();
    let plain = commands.iter().filter(|command| command.through.is_none());
    let is_all = !commands.is_empty() && plain.clone().all(is_lost);
    let last = plain.clone().next_back()?;
    // The `if` or function around it decides when it is the last one.
    let is_simple = run.script.as_ref()?.parsed.list.items.len() == 1;
    let is_last = last.is(&["export", "alias", "source"])
        && is_simple
        && text.trim_end().ends_with(file.source.slice(last.span));
    let command = match (is_all, is_last) {
        (true, _) => plain.clone().next()?,
        (false, true) => last,
        (false, false) => return None,
    };
    let message = format!(
        "What {} changes is gone when this RUN is over",
        command.name.text
    );
    let fix = (commands.len() == 1).then(|| instead(command)).flatten();
    let fix = fix.map(|(keyword, value)| {
        let edit = Edit::replace(run.instruction.span, format!("{keyword} {value}"));
        // The value can be a secret.
        Fix::guess(format!("write {keyword}"), [edit])
    });
    let fix = fix.filter(|_| !run.is_trigger && run.run.mounts.is_empty());
    Some(
        Found::new(run.instruction.span, command.span, message)
            .help(help(command))
            .fix(fix),
    )
}

/// Whether a command changes only its shell.
fn is_lost(command: &Invocation) -> bool {
    let words = command.words().count();
    match command.name.text.as_str() {
        "cd" | "export" | "alias" | "source" | "." | "umask" | "ulimit" | "set" => true,
        "su" => words == 0 || words == 1 && !command.has_flag(&["c", "command"]),
        "sudo" => {
            command
                .arguments
                .first()
                .is_some_and(|word| word.text == "su")
                && command.arguments.len() < 3
                || command.has_flag(&["i", "s"]) && words == 0
        }
        _ => false,
    }
}

fn help(command: &Invocation) -> &'static str {
    match command.name.text.as_str() {
        "cd" => "write WORKDIR",
        "export" => "write ENV NAME=value, or put it before the command that needs it, in its RUN",
        "su" | "sudo" => "write USER",
        "source" | "." => {
            "put it before the command that needs it, in its RUN; or set what it sets with ENV (for a venv: ENV PATH=/venv/bin:$PATH)"
        }
        _ => "put it before the command that needs it, in its RUN",
    }
}

/// The instruction that does it for good.
fn instead(command: &Invocation) -> Option<(&'static str, &str)> {
    let [only] = command.arguments.as_slice() else {
        return None;
    };
    let is_plain = !only.text.contains([' ', '$', '"', '\'', '\\', '\n']);
    match command.name.text.as_str() {
        "cd" if is_plain && only.text.starts_with('/') => Some(("WORKDIR", &only.text)),
        "export" if is_plain && only.text.contains('=') => Some(("ENV", &only.text)),
        _ => None,
    }
}
