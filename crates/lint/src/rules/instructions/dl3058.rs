//! Labels that hold an address do.

use dockerfile::Severity;

use super::labels::{CONFIGURE, wrong_values};
use super::values::is_email;
use crate::LabelType;
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3058",
    summary: "Label is not a valid email format - must conform to RFC5322",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Labels of the type `email` hold an address as RFC 5322 has it, without a name before it. Empty labels are left to DL3051, and values with variables are let pass.",
        bad: r#"FROM debian:bookworm
LABEL maintainer="Somebody <a@example.com>"
"#,
        good: "FROM debian:bookworm\nLABEL maintainer=a@example.com\n",
        configure: Some(CONFIGURE),
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    wrong_values(
        file,
        LabelType::Email,
        |value, _| is_email(value),
        |name| format!("Label `{name}` is not a valid email format - must conform to RFC5322."),
    )
}
