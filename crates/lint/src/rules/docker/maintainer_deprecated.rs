//! Who made an image stands in a label.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::instructions::authors::to_label;

pub(crate) const RULE: Rule = Rule {
    name: "MaintainerDeprecated",
    summary: "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &["DL4000"],
    page: Page {
        why: "`MAINTAINER` sets a field that few programs show. A label can be found, and says more.",
        bad: "FROM debian:stable
MAINTAINER somebody@example.com
",
        good: r#"FROM debian:stable
LABEL org.opencontainers.image.authors="somebody@example.com"
"#,
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let instructions = file.instructions();
    instructions
        .filter(|instruction| matches!(instruction.kind, Kind::Maintainer(_)))
        .map(|instruction| {
            let message = "Maintainer instruction is deprecated in favor of using label";
            Found::new(instruction.span, instruction.keyword.span, message)
                .help("write LABEL org.opencontainers.image.authors=\"…\"")
                .fix(to_label(file, instruction))
        })
        .collect()
}
