//! Labels that hold a time do.

use dockerfile::Severity;

use super::labels::{CONFIGURE, wrong_values};
use super::values::is_time;
use crate::LabelType;
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3053",
    summary: "Label is not a valid time format - must conform to RFC3339",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Labels of the type `rfc3339` hold a time as RFC 3339 has it: date, `T`, time of day, and `Z` or an offset. Empty labels are left to DL3051, and values with variables are let pass.",
        bad: r#"FROM debian:bookworm
LABEL created="2026-11-30 20:00"
"#,
        good: "FROM debian:bookworm\nLABEL created=2026-11-30T20:00:00Z\n",
        configure: Some(CONFIGURE),
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    wrong_values(file, LabelType::Rfc3339, is_time, |name| {
        format!("Label `{name}` is not a valid time format - must conform to RFC3339.")
    })
}
