//! A stage has one `CMD`, one `ENTRYPOINT` and one `HEALTHCHECK`: the last one counts.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use crate::analysis::Origin;
use crate::file::{At, File};
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::instructions::repeated::removal;

pub(crate) const RULE: Rule = Rule {
    name: "MultipleInstructionsDisallowed",
    summary: "Multiple instructions of the same type should not be used in the same stage",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &["DL3012", "DL4003", "DL4004"],
    page: Page {
        why: "Of several `CMD`, `ENTRYPOINT` or `HEALTHCHECK` in a stage only the last one counts. The ones before it are shown: they do nothing.",
        bad: r#"FROM debian:stable
CMD ["one"]
CMD ["two"]
"#,
        good: r#"FROM debian:stable
CMD ["two"]
"#,
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (_, steps) in file.stages() {
        let mut last: [Option<At<'_>>; 3] = [None; 3];
        for at in steps {
            let kind = match at.instruction.kind {
                Kind::Cmd(_) => 0,
                Kind::Entrypoint(_) => 1,
                Kind::Healthcheck(_) => 2,
                _ => continue,
            };
            // The one before is shown: it is the one that does nothing.
            if let Some(before) = last[kind].replace(at) {
                let message = format!(
                    "Multiple {} instructions should not be used in the same stage because only the last one will be used",
                    at.instruction.keyword.text
                );
                let is_of_text = matches!(before.step.origin, Origin::Text(_));
                let fix = is_of_text.then(|| removal(file, before.instruction));
                found.push(Found::new(before.step.place, before.step.place, message).fix(fix));
            }
        }
    }
    found
}
