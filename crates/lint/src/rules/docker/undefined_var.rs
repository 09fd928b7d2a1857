//! Variables have a value where they are used.

use dockerfile::Severity;

use crate::analysis::Origin;
use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::edits::rename_variable;

pub(crate) const RULE: Rule = Rule {
    name: "UndefinedVar",
    summary: "Variables should be defined before their use",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "A variable without a value is empty, which is hardly ever meant: a slip, an `ARG` from before the first `FROM` that is not declared again in the stage, or a variable of the shell, which `ENV` and `COPY` do not see (`$1` and `$@` neither). An `ARG` without a value may be used. Variables that the base image sets count; where the base image is not known, nothing is said.",
        bad: "FROM debian:stable
ARG VERSION=1
COPY app-${VERSOIN} /app
",
        good: "FROM debian:stable
ARG VERSION=1
COPY app-${VERSION} /app
",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for at in file.steps() {
        for unset in &at.step.unset {
            let similar = { unset.similar.as_ref() }
                .map_or_else(String::new, |name| format!(" (did you mean ${name}?)"));
            let message = format!("Usage of undefined variable '${}'{similar}", unset.name);
            let is_of_text = matches!(at.step.origin, Origin::Text(_));
            let fix = { unset.similar.as_ref() }
                .filter(|_| is_of_text)
                .and_then(|similar| rename_variable(file, unset.place, &unset.name, similar));
            found.push(Found::new(at.step.place, unset.place, message).fix(fix));
        }
    }
    found
}
