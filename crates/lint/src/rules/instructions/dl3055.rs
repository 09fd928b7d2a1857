//! Labels that hold a commit do.

use dockerfile::Severity;

use super::labels::{CONFIGURE, wrong_values};
use super::values::is_hash;
use crate::LabelType;
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3055",
    summary: "Label is not a valid git hash",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Labels of the type `hash` hold the identifier of a git commit: 7 to 40 hexadecimal digits in small letters, or 64 of a repository with SHA-256. Empty labels are left to DL3051, and values with variables are let pass.",
        bad: "FROM debian:bookworm\nLABEL git-revision=main\n",
        good: "FROM debian:bookworm\nLABEL git-revision=193890f6\n",
        configure: Some(CONFIGURE),
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    wrong_values(file, LabelType::Hash, is_hash, |name| {
        format!("Label `{name}` is not a valid git hash.")
    })
}
