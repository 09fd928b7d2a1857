//! What a Dockerfile says about itself, without building it: rules that it may break, one in each file below `rules`;
//! its targets; and the arguments, secrets and keys that it takes ([`outline()`]). All of it reads the syntax tree of the
//! `dockerfile` crate; nothing here prints or reads files. What the text does not say comes as [`Facts`].
//! What a `RUN` gives to a shell has a parser of its own ([`shell`]).
//!
//! Docker's build checks keep their names and meanings, and so do the rules of hadolint and ShellCheck; the others are
//! carafe's own. The `# check=` directive and comments choose among them ([`Settings`]), and so do the settings of
//! hadolint ([`Options`]). A finding may say how to mend it ([`Fix`]). Each rule has a page ([`page()`]), which is in `docs/lint`, too.

#![forbid(unsafe_code)]

pub mod shell;

mod alike;
mod analysis;
mod facts;
mod file;
mod fix;
mod images;
mod invocation;
mod options;
mod outline;
mod page;
mod pragma;
mod rule;
mod rules;
mod runs;
mod scripts;
mod select;
mod settings;
mod stages;
mod targets;

use dockerfile::{Parsed, Severity, Source};

pub use facts::{Base, Context, ContextEntry, Facts, Mismatch, Names};
pub use fix::{Edit, Fix, Fixed, Safety, apply, choose};
pub use options::{LabelType, Options};
pub use outline::{Outline, OutlineArgument, OutlineNeed, outline};
pub use page::page;
pub use rule::{Activation, Finding, Page, Rule, Set};
pub use scripts::{Outside, PROXIES, ShellScript, scripts};
pub use settings::{InvalidOption, RuleNames, Settings};
pub use targets::{Target, targets};

use file::File;
use select::Selection;

/// All rules.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    rules::LISTS.into_iter().flatten()
}

/// What Docker's build checks find, those that are switched on, in the order of the text. With `error=true` the
/// findings are errors, and the file must not be built.
pub fn check(
    source: &Source,
    parsed: &Parsed,
    settings: &Settings,
    facts: &Facts<'_>,
) -> Vec<Finding> {
    let file = File::new(source, parsed, facts, &options::DEFAULT);
    let mut findings = Vec::new();
    let rules = rules().filter(|rule| rule.set == Set::Docker);
    for mut finding in rules.flat_map(|rule| rule.check(&file)) {
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

/// What all rules find, those that are switched on, in the order of the text.
pub fn lint(
    source: &Source,
    parsed: &Parsed,
    settings: &Settings,
    options: &Options,
    facts: &Facts<'_>,
) -> Vec<Finding> {
    let file = File::new(source, parsed, facts, options);
    let selection = Selection::new(&file, settings);
    let rules = rules().filter(|rule| selection.runs(rule));
    let findings = rules.flat_map(|rule| rule.check(&file)).collect();
    let mut findings = selection.choose(findings);
    findings.sort_by_key(|finding| {
        let line = source.line(finding.instruction.start);
        (line, finding.diagnostic.span.start, finding.rule.name)
    });
    findings
}

/// How severe it is what another program found, by the settings and comments that hold for rules; nothing for what they
/// leave out.
pub fn judge(
    source: &Source,
    parsed: &Parsed,
    settings: &Settings,
    options: &Options,
    found: &[Outside<'_>],
) -> Vec<Option<Severity>> {
    let facts = Facts::default();
    let file = File::new(source, parsed, &facts, options);
    let selection = Selection::new(&file, settings);
    found.iter().map(|found| selection.judge(found)).collect()
}
