//! What is to go, goes in the layer that brought it.

use dockerfile::{Severity, Span};

use crate::file::File;
use crate::fix::Fix;
use crate::fix::Safety;
use crate::invocation::{Argument, Invocation};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;
use crate::stages::{Copied, absolute, is_small, is_within};

use super::bytes::{copied_bytes, in_parentheses};
use super::joining::join;
use super::system_packages;

pub(crate) const RULE: Rule = Rule {
    name: "RemovedLater",
    summary: "Files are removed in the RUN that brought them: in a later one, their bytes stay in the image",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "A layer cannot take bytes out of those below it; it only hides files. Looked at are rm in the RUNs of the stages whose layers are in the image, and what earlier instructions of these stages brought: the destinations of COPY and ADD, what curl -o, wget -O and git clone fetched by name, and apt's lists, which apt-get update fetched (about 20 MB on Debian, 40 MB on Ubuntu). Let pass are paths with variables or patterns, files that are small by their names (scripts, settings, lists), and what the same RUN brought.",
        bad: "FROM debian:bookworm-slim\nCOPY app.tar.gz /tmp/app.tar.gz\nRUN tar -xzf /tmp/app.tar.gz -C /opt\nRUN rm /tmp/app.tar.gz\n",
        good: "FROM debian:bookworm-slim\nRUN --mount=type=bind,source=app.tar.gz,target=/tmp/app.tar.gz tar -xzf /tmp/app.tar.gz -C /opt\n",
        configure: None,
    },
    find,
};

/// Something that a layer brought.
struct Brought {
    path: String,
    by: Span,
    how: &'static str,
    bytes: Option<u64>,
}

fn find(file: &File<'_>) -> Vec<Found> {
    let shipped = file.shipped();
    let mut brought: Vec<Brought> = Vec::new();
    let mut runs = file.runs_of(&shipped).peekable();
    let mut found = Vec::new();
    for one in file.placed(&shipped) {
        if let Some(copied) = file.copied(&one) {
            brought.extend(copies(file, &copied));
        }
        let Some(run) = runs.next_if(|run| std::ptr::eq(run.instruction, one.instruction)) else {
            continue;
        };
        let workdir = one.workdir.as_deref();
        for command in run.invocations() {
            found.extend(removed(file, run, command, workdir, &brought));
        }
        brought.extend(fetches(run, workdir));
    }
    found
}

/// What a `COPY` or `ADD` brings.
fn copies(file: &File<'_>, copied: &Copied<'_>) -> Vec<Brought> {
    let paths = copied.destination.iter();
    let paths = paths.flat_map(|destination| landed(copied, destination));
    let brought = paths.map(|path| Brought {
        path,
        by: copied.instruction.span,
        how: if copied.is_add { "ADD" } else { "COPY" },
        bytes: copied_bytes(file, copied).filter(|_| copied.arguments.sources.len() == 1),
    });
    brought.collect()
}

/// What a `RUN` fetches, and does not remove itself.
fn fetches(run: &RunStep<'_>, workdir: Option<&str>) -> Vec<Brought> {
    let commands = run.invocations().iter();
    let is_moving = commands.clone().any(|command| command.is(&["cd"]));
    let workdir = workdir.filter(|_| !is_moving);
    let new = commands.flat_map(|command| fetched(command, workdir));
    let stays = |(path, _): &(String, &str)| {
        !run.mounts(&["cache", "tmpfs", "bind"], path) && !is_removed_here(run, path, workdir)
    };
    let brought = new.filter(stays).map(|(path, how)| Brought {
        path,
        by: run.instruction.span,
        how,
        bytes: None,
    });
    brought.collect()
}

/// Where the sources of a `COPY` land: the destination, if it is a file's, or the files in it.
fn landed(copied: &Copied<'_>, destination: &str) -> Vec<String> {
    let is_folder = copied.arguments.destination.text.ends_with(['/', '.'])
        || copied.arguments.sources.len() > 1;
    let names = copied.paths().filter_map(|(_, path)| {
        let name = path.trim_end_matches('/').rsplit('/').next()?;
        (!matches!(name, "" | "." | "..") && !name.contains(['*', '?', '$']))
            .then(|| format!("{}/{name}", destination.trim_end_matches('/')))
    });
    match is_folder {
        true => names.collect(),
        // A folder may have been there before: then it is not all that comes back.
        false => vec![destination.to_owned()],
    }
}

/// What a command fetches, and how it is called.
fn fetched(command: &Invocation, workdir: Option<&str>) -> Vec<(String, &'static str)> {
    let at = |value: &str| absolute(workdir, value);
    match command.name.text.as_str() {
        "curl" => command
            .flag_value(&["o", "output"])
            .and_then(at)
            .map(|path| (path, "curl"))
            .into_iter()
            .collect(),
        "wget" => command
            .flag_value(&["O", "output-document"])
            .and_then(at)
            .map(|path| (path, "wget"))
            .into_iter()
            .collect(),
        "apt-get" | "apt" if command.has_word(&["update"]) => {
            vec![("/var/lib/apt/lists".to_owned(), "apt-get update")]
        }
        "git" if command.has_word(&["clone"]) => {
            let words: Vec<&Argument> = command.words().collect();
            let target = words
                .last()
                .filter(|word| words.len() > 2 && word.is_literal && !word.text.contains(':'));
            target
                .and_then(|word| at(&word.text))
                .map(|path| (path, "git clone"))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

fn is_removed_here(run: &RunStep<'_>, path: &str, workdir: Option<&str>) -> bool {
    run.invocations()
        .iter()
        .filter(|command| command.is(&["rm", "mv"]))
        .any(|command| {
            let mut paths = command.words().filter_map(|word| target(word, workdir));
            paths.any(|target| is_within(path, &target))
        })
}

/// The path that is removed: with everything in a folder, the folder.
fn target(word: &Argument, workdir: Option<&str>) -> Option<String> {
    let text = word.text.strip_suffix("/*").unwrap_or(&word.text);
    absolute(workdir, text).filter(|path| word.is_literal && !path.contains(['*', '?', '[', '{']))
}

fn removed(
    file: &File<'_>,
    run: &RunStep<'_>,
    command: &Invocation,
    workdir: Option<&str>,
    brought: &[Brought],
) -> Option<Found> {
    let refills = run
        .invocations()
        .iter()
        .any(|command| command.is(&["apt-get", "apt"]) && command.has_word(&["update"]));
    if !command.is(&["rm"]) || run.invocations().iter().any(|other| other.is(&["cd"])) {
        return None;
    }
    command.words().find_map(|word| {
        let path = target(word, workdir).filter(|path| path != "/")?;
        let one = brought
            .iter()
            .rev()
            .filter(|one| !is_small(&one.path))
            .find(|one| {
                let is_list = one.how == "apt-get update";
                is_within(&one.path, &path)
                    && !(is_list
                        && (refills || run.invocations().iter().any(system_packages::installs)))
            })?;
        let line = file.source.line(one.by.start);
        let message = format!(
            "{}{} stays in the layer of line {line}, where {} brought it: rm only hides it",
            one.path,
            in_parentheses(one.bytes),
            one.how
        );
        let found = Found::new(run.instruction.span, word.span, message).help(help(one));
        Some(found.fix(fix(file, run, one)))
    })
}

/// Joins the `RUN` with the one that brought it, if that is directly above.
fn fix(file: &File<'_>, run: &RunStep<'_>, one: &Brought) -> Option<Fix> {
    let runs = file.runs();
    let at = runs.partition_point(|other| other.instruction.span.start < one.by.start);
    let before = runs
        .get(at)
        .filter(|before| before.instruction.span == one.by)?;
    let edit = join(file, before, run)?;
    Some(Fix::safe("join it with the RUN above", [edit]))
}

fn help(one: &Brought) -> String {
    match one.how {
        "COPY" | "ADD" => "use it without copying it: `RUN --mount=type=bind,source=…,target=…`; or leave it out with --exclude or .dockerignore".to_owned(),
        "apt-get update" => "end the RUN that updates with `&& rm -rf /var/lib/apt/lists/*` (about 20 MB on Debian, 40 MB on Ubuntu)".to_owned(),
        how => format!("remove it in the RUN with {how}, behind &&"),
    }
}
