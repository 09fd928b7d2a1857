//! Rules for Dockerfiles, one in each file below `rules`. They read the syntax tree of the
//! `dockerfile` crate and give [`Diagnostic`]s; they print nothing and read no files.
//!
//! Names and meanings are those of Docker's build checks, and so is the `# check=` directive that
//! chooses among them ([`Settings`]). Each rule has a page in `docs/lint`.

#![forbid(unsafe_code)]

mod rule;
mod rules;
mod settings;

use dockerfile::{Diagnostic, Parsed, Severity, Source};

pub use rule::{File, Rule};
pub use settings::{Names, Settings};

/// All rules, in the order of their names.
pub fn rules() -> &'static [Rule] {
    rules::ALL
}

/// What the rules that are switched on find, in the order of the text. With `error=true` the
/// findings are errors, and the file must not be built.
pub fn check(source: &Source, parsed: &Parsed, settings: &Settings) -> Vec<Diagnostic> {
    let file = File {
        source,
        dockerfile: &parsed.dockerfile,
    };
    let mut findings = Vec::new();
    for rule in rules().iter().filter(|rule| settings.runs(rule)) {
        findings.extend(rule.check(&file));
    }
    if settings.error {
        for finding in &mut findings {
            finding.severity = Severity::Error;
        }
    }
    findings.sort_by_key(|finding| finding.span.start);
    findings
}
