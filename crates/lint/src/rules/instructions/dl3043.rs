//! A trigger is an instruction that can be one.

use dockerfile::{Severity, Span};

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::edits::whole_lines;

pub(crate) const RULE: Rule = Rule {
    name: "DL3043",
    summary: "`ONBUILD`, `FROM` or `MAINTAINER` triggered from within `ONBUILD` instruction",
    severity: Severity::Error,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
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
        .map(|error| Found::new(beginning(file, error.span), error.span, MESSAGE))
        .collect()
}

/// From the `ONBUILD`, which may stand on a line before: continued lines are gone up.
fn beginning(file: &File<'_>, place: Span) -> Span {
    let escape = file.dockerfile.directives.escape.sign();
    let text = file.source.text();
    let mut start = whole_lines(file, place).start;
    while let Some(above) = text
        .get(..start as usize)
        .and_then(|text| text.strip_suffix('\n'))
        && above.trim_end().ends_with(escape)
    {
        let end = u32::try_from(above.len()).unwrap_or(start);
        start = whole_lines(file, Span::new(end, end)).start;
    }
    Span::new(start, place.end)
}
