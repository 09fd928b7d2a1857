//! A stage has one `CMD`, one `ENTRYPOINT` and one `HEALTHCHECK`: the last one counts.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use crate::file::At;

use crate::file::File;
use crate::rule::{Found, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "MultipleInstructionsDisallowed",
    summary: "Multiple instructions of the same type should not be used in the same stage",
    severity: Severity::Warning,
    experimental: false,
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
                found.push(Found::new(before.step.place, before.step.place, message));
            }
        }
    }
    found
}
