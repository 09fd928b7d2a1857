//! What all of ShellCheck's rules find in the scripts of a file.

use std::collections::HashMap;

use dockerfile::Severity;

use super::scene::Scene;
use super::{CHECKS, bashisms, compatible, sc2154};
use crate::file::File;
use crate::rule::{Found, Rule};
use crate::shell::ast::Node;
use crate::shell::walk::walk;

/// Something that a rule found.
#[derive(Debug)]
pub(crate) struct Reported {
    /// The rule's name.
    pub(crate) rule: &'static str,
    /// How bad it is.
    severity: Severity,
    /// What it is.
    pub(crate) found: Found,
}

/// What is found in one script.
#[derive(Debug, Default)]
pub(super) struct Report {
    found: Vec<Reported>,
}

/// Looks at a node, the nodes around which come first.
pub(super) type NodeCheck = fn(&Scene<'_>, &[Node<'_>], Node<'_>, &mut Report);

impl Report {
    /// Notes something.
    pub(super) fn push(&mut self, rule: &Rule, found: Found) {
        self.found.push(Reported {
            rule: rule.name,
            severity: found.severity.unwrap_or(rule.severity),
            found,
        });
    }
}

/// What one rule finds in a file.
pub(super) fn of(file: &File<'_>, rule: &str) -> Vec<Found> {
    let found = file.in_scripts().iter().filter(|one| one.rule == rule);
    found.map(|one| one.found.clone()).collect()
}

/// What all of them find in a file, in the order of the text.
///
/// hadolint 2.15.1 shows one finding of ShellCheck for each `RUN`: the last one. So it is where its exact behaviour is
/// wanted.
pub(crate) fn report(file: &File<'_>) -> Vec<Reported> {
    let mut all = Vec::new();
    let grounds = match file.options.compatible {
        true => compatible::grounds(file),
        false => HashMap::new(),
    };
    for step in file.runs() {
        let ground = grounds.get(&step.instruction.span.start);
        let reread = ground.and_then(|ground| compatible::reread(file, step, ground));
        let Some(scene) = Scene::of(file, step, ground, reread.as_ref()) else {
            continue;
        };
        let mut report = Report::default();
        walk(scene.parsed, &mut |trail, node| {
            CHECKS
                .iter()
                .for_each(|look| look(&scene, trail, node, &mut report));
        });
        sc2154::look(&scene, &mut report);
        bashisms::look_at_extensions(&scene, &mut report);
        let mut found = report.found;
        found.retain(|one| !scene.is_switched_off(one.rule, one.found.place));
        found.sort_by_key(order);
        found.dedup_by_key(|one| (one.rule, one.found.place));
        if scene.is_compatible && std::env::var_os("SC_ALL").is_none() {
            all.extend(found.pop());
        } else {
            all.append(&mut found);
        }
    }
    all
}

/// The order in which ShellCheck has them.
fn order(reported: &Reported) -> (u32, u8, &'static str) {
    let severity = match reported.severity {
        Severity::Error => 0,
        Severity::Warning => 1,
        Severity::Info => 2,
        Severity::Style => 3,
    };
    (reported.found.place.start, severity, reported.rule)
}
