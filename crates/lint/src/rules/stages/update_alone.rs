//! The lists of packages are fetched where packages are installed.

use dockerfile::Severity;

use crate::file::File;
use crate::fix::Fix;
use crate::fix::Safety;
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

use super::joining::join;
use super::system_packages::installs;

pub(crate) const RULE: Rule = Rule {
    name: "UpdateAlone",
    summary: "apt-get update and the install that needs it are in one RUN",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "A RUN that only updates the lists of packages is not run again when the install below it changes: it then asks for versions that are no longer there, or installs old ones. The lists are in a layer of their own, too, where no later RUN can remove them. Found is a RUN with update of apt-get, apt, apk, yum, dnf or zypper whose commands install and upgrade nothing. Let pass is one that goes on with other commands that use the lists (apt-get build-dep, apt-cache), or has a cache mount.",
        bad: "FROM debian:bookworm-slim\nRUN apt-get update\nRUN apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\n",
        good: "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let runs = file.runs().iter();
    let plain = runs.filter(|run| run.run.mounts.is_empty());
    plain.filter_map(|run| wrong(file, run)).collect()
}

fn wrong(file: &File<'_>, run: &RunStep<'_>) -> Option<Found> {
    let commands = run.invocations().iter();
    let commands = commands.filter(|command| !command.is(&["sudo"]));
    let update = commands.clone().find(|command| updates(command))?;
    let is_idle = |command: &Invocation| {
        updates(command) || command.is(&["echo", "sleep", "true", "rm", "set", "sed"])
    };
    let program = &update.name.text;
    let verb = update.words().next().map_or("", |word| word.text.as_str());
    let install = if update.is(&["apk"]) {
        "add"
    } else {
        "install"
    };
    commands.clone().all(is_idle).then(|| {
        let message = format!("{program} {verb} is a layer of its own, which is not run again when the installs change");
        let help = format!("write `RUN {program} {verb} && {program} {install} …`");
        Found::new(run.instruction.span, update.span, message)
            .help(help)
            .fix(fix(file, run, update))
    })
}

/// Whether a command fetches the lists, and does nothing else.
fn updates(command: &Invocation) -> bool {
    let words: Vec<&str> = command.words().map(|word| word.text.as_str()).collect();
    match command.name.text.as_str() {
        "apt-get" | "apt" | "apk" => words == ["update"],
        "zypper" => matches!(words.first(), Some(&("refresh" | "ref"))),
        // Theirs upgrades all packages; what only fetches is called otherwise.
        "yum" | "dnf" | "microdnf" => words == ["makecache"],
        _ => false,
    }
}

/// Joins it with the install that follows.
fn fix(file: &File<'_>, run: &RunStep<'_>, update: &Invocation) -> Option<Fix> {
    let next = file.following(run.stage, run.instruction)?;
    let runs = file.runs();
    let at = runs.partition_point(|other| other.instruction.span.start < next.span.start);
    let install = runs.get(at)?;
    let first = install.invocations().first()?;
    let is_of_same = first.name.text == update.name.text && installs(first);
    let edit = join(file, run, install)?;
    is_of_same.then(|| Fix::safe("join it with the install", [edit]))
}
