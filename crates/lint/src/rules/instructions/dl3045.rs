//! A relative destination has a working directory.

use std::collections::HashSet;

use dockerfile::Severity;
use dockerfile::ast::CopyArguments;
use dockerfile::ast::{Kind, Stage};

use super::images::Reference;
use super::seen::seen;
use super::stages::parents;
use super::words::{is_absolute, trimmed};
use super::workdirs::from_root;
use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3045",
    summary: "`COPY` to a relative destination without `WORKDIR` set",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "A relative destination starts from the working directory of the base image, which its next version may change. After a `WORKDIR` in the stage, or in one that it stands on, it is fine; so it is on `scratch`, whose working directory is the root. Absolute paths, those on a Windows drive and those that begin with a variable are let pass.",
        bad: "FROM debian:bookworm\nCOPY app.conf etc/\n",
        good: "FROM debian:bookworm\nWORKDIR /app\nCOPY app.conf etc/\n",
        configure: None,
    },
    find,
};

const MESSAGE: &str = "`COPY` to a relative destination without `WORKDIR` set.";

fn find(file: &File<'_>) -> Vec<Found> {
    let mut workdirs = Workdirs::none(file);
    let mut found = Vec::new();
    for seen in seen(file) {
        workdirs.advance(seen.stage);
        match seen.kind() {
            // What a trigger is on top of has its own.
            _ if seen.is_trigger() => {}
            Kind::Workdir(_) => workdirs.add(seen.stage),
            Kind::Copy(copy) if !workdirs.has(seen.stage) && is_relative(&copy.arguments) => {
                let path = &copy.arguments.destination;
                found.push(
                    seen.found(path.span, MESSAGE)
                        .help("write it from the root, or set a WORKDIR above")
                        .fix(from_root(file, path)),
                );
            }
            _ => {}
        }
    }
    found
}

/// Which stages have had a `WORKDIR` so far.
struct Workdirs<'f, 'a> {
    file: &'f File<'a>,
    parents: Vec<Option<usize>>,
    has: Vec<bool>,
    /// hadolint knows stages by their names, or by those of their images.
    names: HashSet<&'f str>,
}

impl<'f, 'a> Workdirs<'f, 'a> {
    fn none(file: &'f File<'a>) -> Self {
        Self {
            file,
            parents: parents(file),
            has: Vec::new(),
            names: HashSet::new(),
        }
    }

    /// Goes on until a stage is among them.
    fn advance(&mut self, stage: usize) {
        while self.has.len() <= stage {
            let of = &self.file.dockerfile.stages[self.has.len()];
            let has = match (self.file.options.compatible, self.parents[self.has.len()]) {
                (true, _) => self.names.contains(base_of(of)),
                (false, Some(parent)) => self.has.get(parent).copied().unwrap_or_default(),
                (false, None) => of.base.text == "scratch",
            };
            self.has.push(false);
            match (has, &of.name_written) {
                (true, _) => self.add(self.has.len() - 1),
                // A name that is used once more begins anew.
                (false, Some(name)) => drop(self.names.remove(name.text.as_str())),
                (false, None) => {}
            }
        }
    }

    fn add(&mut self, stage: usize) {
        let of = &self.file.dockerfile.stages[stage];
        self.has[stage] = true;
        self.names.insert(
            of.name_written
                .as_ref()
                .map_or_else(|| base_of(of), |name| &name.text),
        );
    }

    fn has(&self, stage: usize) -> bool {
        self.has[stage]
    }
}

fn base_of(stage: &Stage) -> &str {
    Reference::of_hadolint(&stage.base.text).name
}

fn is_relative(arguments: &CopyArguments) -> bool {
    !is_absolute(trimmed(&arguments.destination.text))
}
