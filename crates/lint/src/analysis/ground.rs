//! What a stage begins with.

use std::collections::HashSet;

use dockerfile::Variables;

use crate::Facts;

/// The search path of an image that names none, as BuildKit sets it.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What holds before an instruction of a stage, and what the next stage takes over.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    /// `ENV`, and `ARG`s with a value.
    pub(super) variables: Variables,
    /// `ARG`s without a value: they may be used.
    pub(super) declared: HashSet<String>,
    /// Whether the variables of the base are known, so that one that is not there is unset.
    pub(super) is_known: bool,
    /// Whether the shell was chosen.
    pub(super) has_shell: bool,
    /// Whether there was a `WORKDIR` in this file.
    pub(super) has_workdir: bool,
    /// What the base makes the stage do first.
    pub(super) triggers: Vec<String>,
}

impl Ground {
    /// What an image gives, or `scratch`.
    pub(super) fn of_base(facts: &Facts<'_>, index: usize, name: &str) -> Self {
        let scratch = crate::Base::default();
        let base = match facts.bases.get(&index) {
            None if name == "scratch" => Some(&scratch),
            known => known,
        };
        let mut variables = base.map_or_else(Variables::default, |b| Variables::from_env(&b.env));
        if variables.get("PATH").is_none() {
            variables.set("PATH", DEFAULT_PATH);
        }
        Self {
            variables,
            declared: HashSet::new(),
            is_known: base.is_some(),
            has_shell: base.is_some_and(|base| base.has_shell),
            has_workdir: false,
            triggers: base.map_or_else(Vec::new, |base| base.triggers.clone()),
        }
    }

    /// How much it is to copy.
    pub(super) fn size(&self) -> usize {
        self.variables.len() + self.declared.len() + self.triggers.len()
    }
}
