//! Who made an image stands in a label.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use super::authors::to_label;
use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL4000",
    summary: "MAINTAINER is deprecated",
    severity: Severity::Error,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "`MAINTAINER` sets a field that few programs show, and Docker has deprecated it. A label can be found, and says more.",
        bad: "FROM debian:bookworm\nMAINTAINER somebody@example.com\n",
        good: r#"FROM debian:bookworm
LABEL org.opencontainers.image.authors="somebody@example.com"
"#,
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let instructions = file.dockerfile.strays.iter().chain(file.instructions());
    instructions
        .filter(|instruction| matches!(instruction.kind, Kind::Maintainer(_)))
        .map(|instruction| {
            Found::new(instruction.span, instruction.keyword.span, RULE.summary)
                .help("write LABEL org.opencontainers.image.authors=\"…\"")
                .fix(to_label(file, instruction))
        })
        .collect()
}
