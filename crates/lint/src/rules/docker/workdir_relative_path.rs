//! The first `WORKDIR` does not depend on the base image's.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use crate::analysis::Origin;
use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::instructions::workdirs::from_root;

pub(crate) const RULE: Rule = Rule {
    name: "WorkdirRelativePath",
    summary: "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &["DL3000"],
    page: Page {
        why: "A relative path starts from the base image's working directory, which the next version of that image may change. After an absolute `WORKDIR` in the same file, relative ones are fine.",
        bad: "FROM debian:stable
WORKDIR app
",
        good: "FROM debian:stable
WORKDIR /app
WORKDIR src
",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for at in file.steps() {
        let (Kind::Workdir(word), [path]) = (&at.instruction.kind, at.step.words.as_slice()) else {
            continue;
        };
        if !at.step.has_workdir && !path.starts_with('/') {
            let message = format!(
                "Relative workdir {path:?} can have unexpected results if the base image changes"
            );
            let place = at.place_of(word.span);
            let is_of_text = matches!(at.step.origin, Origin::Text(_));
            let fix = is_of_text.then(|| from_root(file, word)).flatten();
            found.push(
                Found::new(at.step.place, place, message)
                    .help("write it from the root")
                    .fix(fix),
            );
        }
    }
    found
}
