//! What the parser refuses: which of it leaves a tree that rules can look at, and which of it hadolint lets pass.

use super::report::Issue;
use dockerfile::{Diagnostic, Parsed, Severity};

/// Errors in texts whose instructions were all understood: a build would refuse them, rules can look at them. hadolint's
/// parser lets them pass.
const UNDERSTOOD: [&str; 15] = [
    "blank-name",
    "empty-file",
    "empty-volume",
    "from-arguments",
    "invalid-stage-name",
    "invalid-trigger",
    "json-not-strings",
    "json-required",
    "missing-equals",
    "missing-flag-value",
    "no-build-stage",
    "no-instructions",
    "no-stages",
    "onbuild-trigger",
    "variable-in-from",
];

/// Rules that say what the parser says, with the name that it has there.
const SAID_BY_RULES: [(&str, &str); 3] = [
    ("invalid-trigger", "DL3043"),
    ("no-build-stage", "DL3061"),
    ("onbuild-trigger", "DL3043"),
];

/// The errors of the parser.
#[derive(Debug)]
pub(super) struct Refusals<'p> {
    all: Vec<&'p Diagnostic>,
}

impl<'p> Refusals<'p> {
    /// What is refused; to be exactly as hadolint, only what that refuses too, and of that the first.
    pub(super) fn of(parsed: &'p Parsed, compatible: bool) -> Self {
        let is_error = |found: &&Diagnostic| found.severity == Severity::Error;
        let errors = parsed.diagnostics.iter().filter(is_error);
        Self {
            all: match compatible {
                true => errors
                    .filter(|error| !is_understood(error))
                    .take(1)
                    .collect(),
                false => errors.collect(),
            },
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// Whether rules can look at the rest.
    pub(super) fn leave_a_tree(&self) -> bool {
        self.all.iter().all(|error| is_understood(error))
    }

    /// Those that no rule has found, too.
    pub(super) fn beside(&self, found: &[Issue]) -> Vec<Issue> {
        let has = |rule: &str| found.iter().any(|issue| issue.code == rule);
        let errors = self.all.iter().filter(|error| !is_said(error, has));
        errors.map(|error| Issue::of_parser(error)).collect()
    }
}

/// Whether rules that were broken say what the parser refuses.
pub(super) fn is_said(error: &Diagnostic, is_broken: impl Fn(&str) -> bool) -> bool {
    let mut rules = SAID_BY_RULES.iter().filter(|(code, _)| *code == error.code);
    rules.any(|(_, rule)| is_broken(rule))
}

fn is_understood(error: &Diagnostic) -> bool {
    UNDERSTOOD.contains(&error.code)
}

#[cfg(test)]
mod tests {
    use super::Refusals;
    use dockerfile::Source;

    #[test]
    fn what_is_understood_can_be_looked_at() {
        let of = |text: &str, compatible| {
            let parsed = dockerfile::parse(&Source::new("Dockerfile", text));
            let refusals = Refusals::of(&parsed, compatible);
            (refusals.count(), refusals.leave_a_tree())
        };
        let understood = "FROM a\nONBUILD FROM b\nSHELL sh\n";
        assert_eq!(
            (of(understood, false), of(understood, true)),
            ((2, true), (0, true))
        );
        let broken = "FROM a\nNOTHING\nNEITHER\nSHELL sh\n";
        assert_eq!(
            (of(broken, false), of(broken, true)),
            ((3, false), (1, false))
        );
        assert_eq!(of("FROM a\n", false), (0, true));
    }
}
