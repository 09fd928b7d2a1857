//! What is copied is not ignored.

use dockerfile::Severity;
use dockerfile::ast::{CopySource, Kind};
use dockerfile::glob;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "CopyIgnoredFile",
    summary: "Attempting to Copy file that is excluded by .dockerignore",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::Experimental,
    fix: None,
    twins: &[],
    page: Page {
        why: "A file that the ignore file excludes is not in the build context: `COPY` and `ADD` cannot find it. Nothing is said where the ignore file has a line with `!`, since then it takes the files to know.",
        bad: "# with secret.txt in .dockerignore
FROM debian:stable
COPY secret.txt /
",
        good: "FROM debian:stable
COPY public.txt /
",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    // Where patterns take something back, what is ignored cannot be told from the path alone.
    let Some(ignore) = file.facts.ignore.filter(|ignore| !ignore.has_exceptions()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for at in file.steps() {
        let (verb, sources) = match &at.instruction.kind {
            Kind::Add(add) => ("Add", &add.arguments.sources),
            Kind::Copy(copy) => ("Copy", &copy.arguments.sources),
            _ => continue,
        };
        let place = sources.iter().find_map(|source| match source {
            CopySource::Path(word) => Some(word.span),
            CopySource::Heredoc(_) => None,
        });
        let place = at.place_of(place.unwrap_or(at.instruction.span));
        for path in at.step.words.iter().map(|path| glob::clean(path)) {
            if ignore.ignores_path(&path) {
                let message =
                    format!("Attempting to {verb} file {path:?} that is excluded by .dockerignore");
                found.push(Found::new(at.step.place, place, message));
            }
        }
    }
    found
}
