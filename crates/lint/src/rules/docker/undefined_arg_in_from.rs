//! `FROM` uses variables that an `ARG` before it declares.

use dockerfile::Severity;
use dockerfile::suggest;

use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::edits::rename_variable;

pub(crate) const RULE: Rule = Rule {
    name: "UndefinedArgInFrom",
    summary: "FROM command must use declared ARGs",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "`FROM` lines see the `ARG`s before the first of them, and the platform's (`TARGETARCH` and so on). Any other variable is empty, even if `--build-arg` names it.",
        bad: "ARG VERSION=stable
FROM debian:${VERISON}
",
        good: "ARG VERSION=stable
FROM debian:${VERSION}
",
        configure: None,
    },
    find,
};

/// Names like an undeclared one are only looked for so often: each time all names are gone through.
const SUGGESTIONS_AT_MOST: usize = 200;

fn find(file: &File<'_>) -> Vec<Found> {
    let globals = &file.analysis.globals;
    let names = globals.names();
    let mut found = Vec::new();
    for (stage, analysed) in file.dockerfile.stages.iter().zip(&file.analysis.stages) {
        let of_platform = { analysed.platform.iter() }
            .flat_map(|used| &used.unset)
            .map(|name| (name, &stage.platform));
        let base = Some(stage.base.clone());
        let of_base = analysed.base.unset.iter().map(|name| (name, &base));
        for (name, word) in of_base.chain(of_platform) {
            if globals.knows(name) {
                continue;
            }
            let similar = match found.len() < SUGGESTIONS_AT_MOST {
                true => suggest(name, names.iter().copied()),
                false => None,
            };
            let place = word.as_ref().map_or(stage.span, |word| word.span);
            let fix = similar.and_then(|similar| rename_variable(file, place, name, similar));
            let similar = similar.map_or_else(String::new, |s| format!(" (did you mean {s}?)"));
            let message = format!("FROM argument '{name}' is not declared{similar}");
            found.push(Found::new(stage.span, place, message).fix(fix));
        }
    }
    found
}
