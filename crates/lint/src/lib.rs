//! What a Dockerfile says about itself, without building it: rules that it may break, one in each file below `rules`;
//! its targets; and the arguments, secrets and keys that it takes ([`outline()`]). All of it reads the syntax tree of the
//! `dockerfile` crate; nothing here prints or reads files. What the text does not say comes as [`Facts`].
//! What a `RUN` gives to a shell has a parser of its own ([`shell`]).
//!
//! Names and meanings of the rules are those of Docker's build checks, and so is the `# check=` directive that
//! chooses among them ([`Settings`]). Each rule has a page in `docs/lint`.

#![forbid(unsafe_code)]

pub mod shell;

mod analysis;
mod facts;
mod file;
mod outline;
mod rule;
mod rules;
mod settings;
mod targets;

use dockerfile::{Parsed, Severity, Source};

pub use facts::{Base, Facts, Mismatch, Names};
pub use outline::{Outline, OutlineArgument, OutlineNeed, outline};
pub use rule::{Finding, Rule};
pub use settings::{InvalidOption, RuleNames, Settings};
pub use targets::{Target, targets};

use file::File;

/// All rules, in the order of their names.
pub fn rules() -> &'static [Rule] {
    rules::ALL
}

/// What the rules that are switched on find, in the order of the text. With `error=true` the
/// findings are errors, and the file must not be built.
pub fn check(
    source: &Source,
    parsed: &Parsed,
    settings: &Settings,
    facts: &Facts<'_>,
) -> Vec<Finding> {
    let file = File::new(source, parsed, facts);
    let mut findings = Vec::new();
    for mut finding in rules().iter().flat_map(|rule| rule.check(&file)) {
        let settings = settings.at(&file.comments_above(finding.instruction));
        if settings.runs(finding.rule) {
            if settings.error {
                finding.diagnostic.severity = Severity::Error;
            }
            findings.push(finding);
        }
    }
    findings.sort_by_key(|finding| (source.line(finding.instruction.start), finding.rule.name));
    findings
}
