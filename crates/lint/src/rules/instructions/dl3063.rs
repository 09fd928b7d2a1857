//! No stage is called `scratch` or `context`.

use std::collections::HashSet;

use dockerfile::Severity;
use dockerfile::ast::Stage;

use super::seen::with_triggers;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::outline::source_names;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3063",
    summary: "stage name should not be a reserved word",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
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
    let names = Names::of(file);
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
                .fix(names.fix(stage))
        })
        .collect()
}

/// The names of a file, in small letters.
struct Names {
    /// Those of stages.
    stages: HashSet<String>,
    /// Those that are used of stages, or of what bears the same names.
    used: HashSet<String>,
}

impl Names {
    fn of(file: &File<'_>) -> Self {
        let stages = file.dockerfile.stages.iter();
        let names = stages.clone().filter_map(|stage| stage.name.as_ref());
        let mut used: HashSet<String> =
            stages.map(|stage| stage.base.text.to_lowercase()).collect();
        for seen in with_triggers(file) {
            let sources = source_names(seen.kind()).into_iter();
            used.extend(sources.map(str::to_lowercase));
        }
        Self {
            stages: names.map(|name| name.text.clone()).collect(),
            used,
        }
    }

    fn fix(&self, stage: &Stage) -> Option<Fix> {
        let (name, written) = (stage.name.as_ref()?, stage.name_written.as_ref()?);
        let new = format!("{}-stage", written.text);
        let is_free = !self.used.contains(&name.text) && !self.stages.contains(&new.to_lowercase());
        let edit = Edit::replace(written.span, new.clone());
        is_free.then(|| Fix::guess(format!("call it {new}"), [edit]))
    }
}
