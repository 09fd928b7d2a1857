//! What a rule is.

use dockerfile::{Diagnostic, Dockerfile, Severity, Source, Span};

/// The file that rules look at.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// The text.
    pub source: &'a Source,
    /// The syntax tree.
    pub dockerfile: &'a Dockerfile,
}

/// A rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The name, as `# check=skip=` has it, and as the finding's code.
    pub name: &'static str,
    /// What the rule wants, in one sentence.
    pub summary: &'static str,
    /// How bad it is to break it.
    pub severity: Severity,
    /// Whether it only runs where it is asked for with `experimental=`.
    pub experimental: bool,
    /// Looks at the file.
    pub(crate) find: fn(&File<'_>) -> Vec<Finding>,
}

/// A place where a rule is broken.
#[derive(Debug)]
pub(crate) struct Finding {
    /// Where.
    pub(crate) span: Span,
    /// What is wrong.
    pub(crate) message: String,
    /// What to write instead.
    pub(crate) help: Option<String>,
}

impl Rule {
    /// Where the file breaks the rule.
    pub fn check(&self, file: &File<'_>) -> Vec<Diagnostic> {
        let findings = (self.find)(file).into_iter();
        let diagnostics = findings.map(|finding| Diagnostic {
            code: self.name,
            severity: self.severity,
            span: finding.span,
            message: finding.message,
            help: finding.help,
        });
        diagnostics.collect()
    }
}
