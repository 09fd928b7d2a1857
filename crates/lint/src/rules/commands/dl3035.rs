//! A new release is a new base image.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages::ZYPPER;
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3035",
    summary: "Do not use `zypper dist-upgrade`.",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "`zypper dist-upgrade` makes another release of what the base image is. Which one it is should be read in the `FROM`, and be the same tomorrow. `dup` is the same command.",
        bad: "FROM opensuse/leap:15.5\nRUN zypper -n dist-upgrade && zypper clean\n",
        good: "FROM opensuse/leap:15.6\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    in_programs(file, |run, program| {
        let verb = ZYPPER.verb(file, program, &["dist-upgrade", "dup"])?;
        let found = Found::new(run.instruction.span, verb.span, RULE.summary);
        Some(found.help("take the base image of the release that is wanted"))
    })
}
