//! A stage has one `ENTRYPOINT`.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use super::repeated::repeated;
use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL4004",
    summary: "Multiple `ENTRYPOINT` instructions found. If you list more than one `ENTRYPOINT` then only the last `ENTRYPOINT` will take effect",
    severity: Severity::Error,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "Of several `ENTRYPOINT` in a stage only the last one counts. The ones before it do nothing, and mislead who reads them. Stages are looked at by themselves: a stage may replace what the one below it has.",
        bad: r#"FROM debian:bookworm
ENTRYPOINT ["one"]
ENTRYPOINT ["two"]
"#,
        good: r#"FROM debian:bookworm
ENTRYPOINT ["two"]
"#,
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let is_it = |kind: &Kind| matches!(kind, Kind::Entrypoint(_));
    repeated(file, is_it, RULE.summary)
}
