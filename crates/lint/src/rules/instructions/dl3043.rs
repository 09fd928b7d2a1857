//! A trigger is an instruction that can be one.

use dockerfile::Severity;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3043",
    summary: "`ONBUILD`, `FROM` or `MAINTAINER` triggered from within `ONBUILD` instruction",
    severity: Severity::Error,
    set: Set::Hadolint,
    activation: Activation::On,
    twins: &[],
    page: Page {
        why: "What stands behind `ONBUILD` is executed in the image that is built on this one, where there is a base already: it can be no `FROM`, no `MAINTAINER` and no other `ONBUILD`. A build refuses the file.",
        bad: "FROM debian:bookworm\nONBUILD MAINTAINER somebody\n",
        good: r#"FROM debian:bookworm
ONBUILD LABEL org.opencontainers.image.authors="somebody"
"#,
        configure: None,
    },
    find,
};

const MESSAGE: &str =
    "`ONBUILD`, `FROM` or `MAINTAINER` triggered from within `ONBUILD` instruction.";

fn find(file: &File<'_>) -> Vec<Found> {
    // No such instruction is in the tree: the parser says that it is wrong.
    let errors = file
        .errors
        .iter()
        .filter(|error| error.code == "onbuild-trigger");
    errors
        .map(|error| Found::new(error.span, error.span, MESSAGE))
        .collect()
}
