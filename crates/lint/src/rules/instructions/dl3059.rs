//! What belongs together is one layer.

use std::collections::{BTreeMap, HashMap};

use dockerfile::Severity;
use dockerfile::Span;
use dockerfile::ast::Kind;
use dockerfile::ast::{Form, MountFlag, Run, Word};

use super::stages::shipped;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::edits::has_comment;
use crate::runs::RunStep;
use crate::shell::commands::simple_commands;
use crate::shell::{Dialect, Script, parse};

pub(crate) const RULE: Rule = Rule {
    name: "DL3059",
    summary: "Multiple consecutive `RUN` instructions. Consider consolidation",
    severity: Severity::Info,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "Each `RUN` is a layer. Found are `RUN`s that follow each other with the same flags and have one command each; several commands in one of them say that somebody has thought about it. Only stages are looked at whose layers are in an image that is built: the last one, those that no other one needs, and what they stand on. In other stages small layers are good for the cache. Heredocs and the exec form are let pass.",
        bad: "FROM debian:bookworm\nRUN make\nRUN make install\n",
        good: r#"FROM debian:bookworm
RUN make \
    && make install
"#,
        configure: None,
    },
    find,
};

const MESSAGE: &str = "Multiple consecutive `RUN` instructions. Consider consolidation.";

/// Commands that change the shell that they run in, and nothing in the image.
const OF_THE_SHELL: [&str; 16] = [
    ".", "alias", "cd", "eval", "exec", "exit", "export", "popd", "pushd", "readonly", "set",
    "shopt", "source", "trap", "umask", "unset",
];

fn find(file: &File<'_>) -> Vec<Found> {
    let runs = file.runs().iter();
    let runs: HashMap<u32, &RunStep<'_>> =
        runs.map(|run| (run.instruction.span.start, run)).collect();
    let shipped = shipped(file);
    let mut found = Vec::new();
    for (stage, is_shipped) in file.dockerfile.stages.iter().zip(shipped) {
        let mut before: Option<&RunStep<'_>> = None;
        for instruction in &stage.instructions {
            let run = match instruction.kind {
                Kind::Run(_) => runs.get(&instruction.span.start).copied(),
                _ => None,
            };
            if let (Some(before), Some(run)) = (before, run)
                && (is_shipped || file.options.compatible)
                && are_alike(before.run, run.run)
                && is_single(file, before)
                && is_single(file, run)
            {
                let place = instruction.keyword.span;
                found.push(
                    Found::new(instruction.span, place, MESSAGE)
                        .help("put both into one RUN, with && between them")
                        .fix(fix(file, before, run)),
                );
            }
            before = run;
        }
    }
    found
}

/// Whether two have the same flags.
fn are_alike(one: &Run, other: &Run) -> bool {
    fn devices(run: &Run) -> impl Iterator<Item = &String> {
        run.devices.iter().map(|device: &Word| &device.text)
    }
    one.network == other.network
        && one.security == other.security
        && one
            .mounts
            .iter()
            .map(meaning)
            .eq(other.mounts.iter().map(meaning))
        && devices(one).eq(devices(other))
}

/// What a mount says, whatever its keys are called and in which order they stand.
fn meaning(mount: &MountFlag) -> BTreeMap<&str, &str> {
    let mut fields = BTreeMap::from([("type", "bind")]);
    for (key, value) in &mount.fields {
        let value = value.as_deref().unwrap_or("true");
        let (key, value) = match (key.as_str(), value) {
            ("dst" | "destination", _) => ("target", value),
            ("src", _) => ("source", value),
            ("readonly", _) => ("ro", value),
            ("rw" | "readwrite", "false" | "0") => ("ro", "true"),
            ("rw" | "readwrite", _) => ("ro", "false"),
            (key, _) => (key, value),
        };
        fields.insert(key, value);
    }
    fields
}

/// Whether it has one command, or none that has a name.
fn is_single(file: &File<'_>, step: &RunStep<'_>) -> bool {
    if file.options.compatible {
        let commands = step.invocations().iter();
        let direct = commands.filter(|one| one.through.is_none() && one.name.text != "[");
        return direct.count() <= 1;
    }
    let whole = step.instruction.span;
    let count = |parsed: &crate::shell::Parsed| {
        let commands = simple_commands(parsed).into_iter();
        // A test is part of the command that it is for.
        let names = commands.filter_map(|command| command.name());
        names.filter(|name| name != "[").count()
    };
    let count_in = |text: &str| count(&parse(&Script::unplaced(text, whole), Dialect::Bash));
    let commands = match (&step.run.command, &step.script) {
        _ if !step.run.heredocs.is_empty() => return false,
        (Form::Exec(_), _) => return false,
        (Form::Shell(_), Some(script)) => count(&script.parsed),
        (Form::Shell(word), None) => count_in(&word.text),
    };
    commands <= 1
}

/// Joins the second one to the first, where nothing is between them, and neither has anything that ends with its shell.
fn fix(file: &File<'_>, before: &RunStep<'_>, run: &RunStep<'_>) -> Option<Fix> {
    let (Form::Shell(one), Form::Shell(other)) = (&before.run.command, &run.run.command) else {
        return None;
    };
    let between = Span::new(one.span.end, other.span.start);
    let is_free = !has_comment(file, between) && can_be_joined(before) && can_be_joined(run);
    // `a && b || c` would run `c` after `a` has failed.
    let is_free = is_free && !one.text.contains("||") && !other.text.contains("||");
    let escape = file.dockerfile.directives.escape.sign();
    let edit = Edit::replace(between, format!(" {escape}\n    && "));
    is_free.then(|| Fix::guess("join it to the RUN above", [edit]))
}

fn can_be_joined(step: &RunStep<'_>) -> bool {
    let Some(script) = &step.script else {
        return false;
    };
    let parsed = &script.parsed;
    let is_of_shell = |one: &crate::invocation::Invocation| one.is(&OF_THE_SHELL);
    parsed.errors.is_empty()
        && parsed.comments.is_empty()
        && parsed.list.items.len() == 1
        && parsed.list.items[0].separator.is_none()
        && !script.invocations.is_empty()
        && !script.invocations.iter().any(is_of_shell)
}
