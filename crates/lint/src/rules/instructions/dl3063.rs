//! No stage is called `scratch` or `context`.

use std::collections::HashSet;

use dockerfile::Severity;
use dockerfile::ast::{Kind, Stage};

use super::seen::with_triggers;
use super::stages::mount_from;
use crate::file::File;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3063",
    summary: "stage name should not be a reserved word",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    twins: &[],
    page: Page {
        why: "`scratch` is the empty image, and `context` the build context: a stage of that name cannot be told from them. Capitals and small letters are the same. The fix gives another name, where nothing else in the file uses the old one.",
        bad: "FROM debian:bookworm AS scratch\n",
        good: "FROM debian:bookworm AS builder\n",
        configure: None,
    },
    find,
};

const RESERVED: [&str; 2] = ["scratch", "context"];

fn find(file: &File<'_>) -> Vec<Found> {
    let used = used(file);
    let named = file.dockerfile.stages.iter().filter_map(|stage| {
        let name = match file.options.compatible {
            true => stage.name_written.as_ref()?,
            false => stage.name.as_ref()?,
        };
        Some((stage, name))
    });
    named
        .filter(|(_, name)| RESERVED.contains(&name.text.as_str()))
        .map(|(stage, name)| {
            Found::new(stage.span, name.span, RULE.summary)
                .help(format!("call it {}-stage", name.text))
                .fix(fix(file, stage, &used))
        })
        .collect()
}

fn fix(file: &File<'_>, stage: &Stage, used: &HashSet<String>) -> Option<Fix> {
    let (name, written) = (stage.name.as_ref()?, stage.name_written.as_ref()?);
    let new = format!("{}-stage", written.text);
    let is_taken = |other: &Stage| {
        other
            .name
            .as_ref()
            .is_some_and(|name| name.text == new.to_lowercase())
    };
    let is_free = !used.contains(&name.text) && !file.dockerfile.stages.iter().any(is_taken);
    let edit = Edit::replace(written.span, new.clone());
    is_free.then(|| Fix::guess(format!("call it {new}"), [edit]))
}

/// The names that the file uses of stages, or of what bears the same names.
fn used(file: &File<'_>) -> HashSet<String> {
    let bases = file
        .dockerfile
        .stages
        .iter()
        .map(|stage| stage.base.text.to_lowercase());
    let mut used: HashSet<String> = bases.collect();
    for seen in with_triggers(file) {
        match seen.kind() {
            Kind::Copy(copy) => used.extend(copy.from.iter().map(|from| from.text.to_lowercase())),
            Kind::Run(run) => used.extend(
                run.mounts
                    .iter()
                    .filter_map(mount_from)
                    .map(str::to_lowercase),
            ),
            _ => {}
        }
    }
    used
}
