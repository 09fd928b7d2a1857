//! What planning finds wrong in a Dockerfile, with its place.

use dockerfile::{Diagnostic, ExpandError, Severity, Span};

/// A diagnostic that ends planning.
pub(super) struct Problem(pub(super) Diagnostic);

impl Problem {
    /// A problem at a place.
    pub(super) fn new(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self(Diagnostic {
            code,
            severity: Severity::Error,
            span,
            message: message.into(),
            help: None,
        })
    }

    /// Says what to do about it.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// As a warning, for what builds all the same.
    pub(super) fn warning(mut self) -> Diagnostic {
        self.0.severity = Severity::Warning;
        self.0
    }
}

/// A word whose variables cannot be replaced.
pub(super) fn expansion(error: &ExpandError, span: Span) -> Problem {
    Problem::new("expansion", span, error.to_string())
}
