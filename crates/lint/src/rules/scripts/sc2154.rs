//! Variables that are used are set.

use std::collections::HashSet;

use dockerfile::Severity;

use super::report::{self, Report};
use super::scene::Scene;
use super::usage::Usage;
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "SC2154",
    summary: "A variable is referenced but not assigned",
    severity: Severity::Warning,
    set: Set::ShellCheck,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "A variable that nothing sets is empty: `rm -rf /opt/$name` is `rm -rf /opt/` then. Each `RUN` has a shell of its own, so that what another `RUN` set is gone. Names with a lower-case letter are looked at, since those in capitals usually come from outside. Set is what an assignment, `for`, `read`, `export` and their like name anywhere in the same `RUN`, an `ARG` or `ENV` of the stage, the environment of the base image where that is known, and the proxies that every build has. A variable is let pass if the script asks whether it is set (`${x:-…}`, `[ -n \"$x\" ]`), and so are all in a script that reads another one (`.`, `source`) or uses `eval`; ShellCheck finds those.",
        bad: "FROM debian:bookworm\nRUN version=1.2\nRUN echo \"$version\" > /version\n",
        good: "FROM debian:bookworm\nRUN version=1.2 && echo \"$version\" > /version\n",
        configure: None,
    },
    find,
};

/// How many names are compared with a wrong one.
const MAX_NAMES: usize = 500;

/// Programs whose names are taken for variables: `$(date)` is meant.
const PROGRAMS: [&str; 40] = [
    "awk", "basename", "cat", "chmod", "chown", "cp", "cut", "date", "df", "diff", "dirname", "du",
    "echo", "env", "expr", "find", "grep", "head", "id", "kill", "ln", "ls", "mkdir", "mv",
    "paste", "printf", "ps", "pwd", "rm", "sed", "sleep", "sort", "tail", "tee", "test", "touch",
    "tr", "uname", "uniq", "wc",
];

fn find(file: &File<'_>) -> Vec<Found> {
    report::of(file, RULE.name)
}

/// Looks at the variables of a script.
pub(super) fn look(scene: &Scene<'_>, report: &mut Report) {
    let usage = Usage::of(scene.parsed, scene.is_compatible);
    if usage.is_open && !scene.is_compatible {
        return;
    }
    let mut said: HashSet<&str> = HashSet::new();
    for (name, place) in &usage.used {
        let name = name.as_str();
        let is_own = name.contains(|sign: char| sign.is_ascii_lowercase());
        let is_known = scene.knows(name) || usage.set.contains(name) || usage.asked.contains(name);
        if !is_own || is_known || !said.insert(name) {
            continue;
        }
        let hint = hint(scene, &usage, name);
        let found = scene.found(
            *place,
            format!("{name} is referenced but not assigned{hint}."),
        );
        report.push(
            &RULE,
            found.help("set it in this RUN, or declare it with ARG or ENV"),
        );
    }
}

/// What may be meant.
fn hint(scene: &Scene<'_>, usage: &Usage, name: &str) -> String {
    if PROGRAMS.contains(&name) {
        return format!(" (for output from commands, use \"$({name} ...)\" )");
    }
    let known = scene.known().take(MAX_NAMES);
    let set = usage.set.iter().map(String::as_str);
    let near = known
        .chain(set)
        .filter_map(|other| Some((distance(name, other)?, other)));
    near.min().map_or_else(String::new, |(_, other)| {
        format!(" (did you mean '{other}'?)")
    })
}

/// How far a name is from one that is set, if that is not too far: none, where only capitals differ, and else the
/// letters that are wrong, missing or too many.
fn distance(name: &str, other: &str) -> Option<usize> {
    if name.eq_ignore_ascii_case(other) {
        return Some(0);
    }
    let most = (other.len() / 4).min(2);
    if most == 0 || name.len().abs_diff(other.len()) > most {
        return None;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, sign) in name.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (at, with) in other.bytes().enumerate() {
            let changed = diagonal + usize::from(sign != with);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row.last().copied().filter(|distance| *distance <= most)
}
