//! A stage has one `HEALTHCHECK`.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use super::repeated::repeated;
use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3012",
    summary: "Multiple `HEALTHCHECK` instructions",
    severity: Severity::Error,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "Of several `HEALTHCHECK` in a stage only the last one counts. The ones before it do nothing, and mislead who reads them. Stages are looked at by themselves: a stage may replace what the one below it has.",
        bad: r#"FROM debian:bookworm
HEALTHCHECK CMD ["curl", "-f", "http://localhost"]
HEALTHCHECK NONE
"#,
        good: "FROM debian:bookworm\nHEALTHCHECK NONE\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let is_it = |kind: &Kind| matches!(kind, Kind::Healthcheck(_));
    repeated(file, is_it, RULE.summary)
}
