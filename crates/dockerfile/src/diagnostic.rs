//! What there is to say about a Dockerfile: shared by the parser, the builder and the linter.

use std::fmt;

use crate::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file cannot be built.
    Error,
    /// It builds, and probably does not what was meant.
    Warning,
    /// Worth knowing.
    Info,
    /// A matter of form.
    Style,
}

impl fmt::Display for Severity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Style => "style",
        })
    }
}

/// One thing to say about a Dockerfile, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable name: kebab-case for the parser's errors, the rule's name for a lint finding.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where.
    pub span: Span,
    /// What, in one line, naming the word it is about.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without help.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            span,
            message: message.into(),
            help: None,
        }
    }

    /// The same with a line of help.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with "did you mean …?" as its help, if there is a suggestion.
    #[must_use]
    pub fn suggesting(mut self, suggestion: Option<&str>) -> Self {
        if let Some(word) = suggestion {
            self.help = Some(format!("did you mean {word}?"));
        }
        self
    }
}
