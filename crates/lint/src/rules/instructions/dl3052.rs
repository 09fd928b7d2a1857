//! Labels that hold a URL do.

use dockerfile::Severity;

use super::labels::{CONFIGURE, wrong_values};
use super::values::is_uri;
use crate::LabelType;
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3052",
    summary: "Label is not a valid URL",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Labels of the type `url` hold an absolute URI as RFC 3986 has it: a scheme, and signs that may be in one. Empty labels are left to DL3051, and values with variables are let pass.",
        bad: "FROM debian:bookworm\nLABEL documentation=example.com\n",
        good: "FROM debian:bookworm\nLABEL documentation=https://example.com\n",
        configure: Some(CONFIGURE),
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    wrong_values(
        file,
        LabelType::Url,
        |value, _| is_uri(value),
        |name| format!("Label `{name}` is not a valid URL."),
    )
}
