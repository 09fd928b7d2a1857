//! Archives are unpacked where they are copied.

use std::collections::HashMap;

use dockerfile::Severity;
use dockerfile::Span;
use dockerfile::ast::Kind;
use dockerfile::ast::{Copy, CopySource};

use super::archives::{is_archive, is_unpacked_by_add};
use super::seen::{Seen, seen};
use super::words::{base_name, trimmed};
use crate::file::File;
use crate::invocation::{Argument, Invocation};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3010",
    summary: "Use `ADD` for extracting archives into an image",
    severity: Severity::Info,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "`ADD` unpacks a local tar archive by itself. `COPY` and then `tar -x` leaves the archive in a layer, even if a later `rm` hides it. Found are archives of the build context that `tar` unpacks in a later `RUN` of the stage. Let pass are files of other stages, archives that `ADD` does not know (zip, single files with gzip), and `--strip-components`, which `ADD` does not have.",
        bad: "FROM debian:bookworm\nCOPY app.tar.gz /tmp/\nRUN tar -xzf /tmp/app.tar.gz -C /opt\n",
        good: "FROM debian:bookworm\nADD app.tar.gz /opt/\n",
        configure: None,
    },
    find,
};

/// What hadolint takes for programs that unpack, whatever their flags.
const UNPACKERS: [&str; 9] = [
    "gunzip",
    "bunzip2",
    "unlzma",
    "unxz",
    "unzip",
    "zgz",
    "uncompress",
    "zcat",
    "gzcat",
];

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut runs = file.runs().iter().peekable();
    let mut copied: HashMap<String, Vec<(Seen<'_>, Span)>> = HashMap::new();
    let mut stage = 0;
    for seen in seen(file) {
        if seen.stage != stage {
            copied.clear();
            stage = seen.stage;
        }
        match seen.kind() {
            Kind::Copy(copy) => {
                for (name, place) in archives(file, copy) {
                    copied.entry(name).or_default().push((seen, place));
                }
            }
            Kind::Run(_) => {
                let start = seen.outer.span.start;
                while runs
                    .next_if(|run| run.instruction.span.start < start)
                    .is_some()
                {}
                let Some(run) = runs
                    .peek()
                    .filter(|run| run.instruction.span.start == start)
                else {
                    continue;
                };
                let unpacking = run
                    .invocations()
                    .iter()
                    .filter(|one| is_unpacking(file, one));
                for name in unpacking.flat_map(|one| names(file, one)) {
                    let places = copied.remove(name).unwrap_or_default();
                    found.extend(places.into_iter().map(|(copy, place)| {
                        let help = "ADD unpacks it where it shall be";
                        copy.found(place, RULE.summary).help(help)
                    }));
                }
            }
            _ => {}
        }
    }
    // An archive can go by the name of its source and of its target.
    found.sort_by_key(|found: &Found| (found.instruction.start, found.place.start));
    found.dedup_by_key(|found| match file.options.compatible {
        true => (found.instruction.start, 0),
        false => (found.instruction.start, found.place.start),
    });
    found
}

/// The archives that a `COPY` takes from the context, by the names that they may have in the image.
fn archives(file: &File<'_>, copy: &Copy) -> Vec<(String, Span)> {
    if copy.from.is_some() {
        return Vec::new();
    }
    let is_known = match file.options.compatible {
        true => is_archive,
        false => is_unpacked_by_add,
    };
    let target = base_name(trimmed(&copy.arguments.destination.text));
    let mut found = Vec::new();
    for source in &copy.arguments.sources {
        let CopySource::Path(word) = source else {
            continue;
        };
        let name = base_name(trimmed(&word.text));
        let is_one = is_known(name) || file.options.compatible;
        let names = [name, target]
            .into_iter()
            .filter(|name| is_one && is_known(name));
        found.extend(names.map(|name| (name.to_owned(), word.span)));
    }
    found
}

fn is_unpacking(file: &File<'_>, command: &Invocation) -> bool {
    let by_flag = || command.has_flag(&["x", "extract", "get", "extract-all"]);
    if file.options.compatible {
        // hadolint takes a program with its folder for another one.
        let written = file.source.slice(command.name.span);
        if written.ends_with(&format!("/{}", command.name.text)) {
            return false;
        }
        let is_direct = command
            .through
            .as_deref()
            .is_none_or(|through| through == "exec");
        return is_direct && (command.is(&UNPACKERS) || command.is(&["tar"]) && by_flag());
    }
    // The old style has its letters without a dash.
    let by_letter = || {
        let first = command.arguments.first();
        first.is_some_and(|word| {
            !word.is_flag()
                && word.is_literal
                && word.text.contains('x')
                && !word.text.contains(['/', '.'])
        })
    };
    command.is(&["tar", "gtar", "bsdtar"])
        && (by_flag() || by_letter())
        && !command.has_flag(&["strip-components", "strip"])
}

/// The files that a command names, without their folders.
fn names<'i>(file: &File<'_>, command: &'i Invocation) -> impl Iterator<Item = &'i str> + use<'i> {
    let compatible = file.options.compatible;
    let words = command.arguments.iter().filter(|word| word.is_literal);
    words.filter_map(
        move |word: &Argument| match (compatible, word.text.split_once('=')) {
            (false, Some((_, value))) => Some(base_name(value)),
            _ if word.is_flag() => None,
            _ => Some(base_name(&word.text)),
        },
    )
}
