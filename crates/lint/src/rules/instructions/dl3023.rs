//! A stage does not copy from itself.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use super::seen::seen;
use super::stages::is_name_of;
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3023",
    summary: "`COPY --from` cannot reference its own `FROM` alias",
    severity: Severity::Error,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "A stage is not there before it is built. What is copied from one place of it to another takes a `RUN cp`. The name of the stage counts, in any case, and its number. Behind `ONBUILD` names are those of another file.",
        bad: "FROM debian:bookworm AS app\nCOPY --from=app /etc/os-release /release\n",
        good: "FROM debian:bookworm AS app\nRUN cp /etc/os-release /release\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let copies = seen(file).filter_map(|seen| match &seen.outer.kind {
        Kind::Copy(copy) => Some((seen, copy.from.as_ref()?)),
        _ => None,
    });
    copies
        .filter(|(seen, from)| {
            // hadolint leaves quotes on, and knows no numbers.
            match file.options.compatible {
                true => is_name_of(file, seen.stage, file.source.slice(from.span)),
                false => {
                    is_name_of(file, seen.stage, &from.text) || from.text.parse() == Ok(seen.stage)
                }
            }
        })
        .map(|(seen, from)| seen.found(from.span, RULE.summary))
        .collect()
}
