//! apt is for people, apt-get for scripts.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages::{APT, operands};
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

pub(crate) const RULE: Rule = Rule {
    name: "DL3027",
    summary: "Do not use apt as it is meant to be an end-user tool, use apt-get or apt-cache instead",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "The output of `apt` and what it understands may change from release to release, as its manual says; `apt-get` and `apt-cache` keep what scripts rely on. Every `apt` that a `RUN` starts is found. The fix puts `apt-get` or `apt-cache` in its place where that has a command of the same name and meaning.",
        bad: "FROM debian:bookworm\nRUN apt remove -y git\n",
        good: "FROM debian:bookworm\nRUN apt-get remove -y git\n",
        configure: None,
    },
    find,
};

/// What apt-get understands as well.
const OF_GET: [&str; 15] = [
    "autoclean",
    "autoremove",
    "build-dep",
    "changelog",
    "clean",
    "distclean",
    "dist-upgrade",
    "download",
    "install",
    "purge",
    "reinstall",
    "remove",
    "source",
    "update",
    "upgrade",
];

/// What apt-cache understands as well.
const OF_CACHE: [&str; 4] = ["depends", "policy", "rdepends", "show"];

fn find(file: &File<'_>) -> Vec<Found> {
    in_programs(file, |run, program| {
        let better = better(program);
        let found = Found::new(run.instruction.span, program.name.span, RULE.summary)
            .help(format!("write `{}`", better.unwrap_or("apt-get")))
            .fix(better.and_then(|better| fix(file, run, program, better)));
        program.is(&["apt"]).then_some(found)
    })
}

fn better(program: &Invocation) -> Option<&'static str> {
    let verb = operands(&program.arguments, APT.valued)
        .into_iter()
        .next()?;
    let verb = verb.text.as_str();
    match (OF_GET.contains(&verb), OF_CACHE.contains(&verb)) {
        (true, _) => Some("apt-get"),
        (_, true) => Some("apt-cache"),
        _ => None,
    }
}

fn fix(file: &File<'_>, run: &RunStep<'_>, program: &Invocation, better: &str) -> Option<Fix> {
    let place = program.name.span;
    let start = place.end.checked_sub(3)?;
    let place = dockerfile::Span::new(start.max(place.start), place.end);
    let edit = Edit::replace(place, better);
    let is_plain = file.source.slice(place) == "apt";
    let fix = Fix::safe(format!("use {better}"), [edit]);
    run.fix_of(program, fix).filter(|_| is_plain)
}
