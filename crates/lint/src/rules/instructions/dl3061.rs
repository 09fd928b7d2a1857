//! A Dockerfile begins with `FROM`.

use dockerfile::Severity;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3061",
    summary: "Invalid instruction order. Dockerfile must begin with `FROM`, `ARG` or comment",
    severity: Severity::Error,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Before the first `FROM` there is no stage that an instruction could belong to: only `ARG`s and comments may stand there. A build refuses the file.",
        bad: "RUN make\nFROM debian:bookworm\n",
        good: "ARG VERSION=bookworm\nFROM debian:$VERSION\nRUN make\n",
        configure: None,
    },
    find,
};

const MESSAGE: &str =
    "Invalid instruction order. Dockerfile must begin with `FROM`, `ARG` or comment.";

fn find(file: &File<'_>) -> Vec<Found> {
    let strays = file.dockerfile.strays.iter();
    strays
        .map(|instruction| Found::new(instruction.span, instruction.keyword.span, MESSAGE))
        .collect()
}
