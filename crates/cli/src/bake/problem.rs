//! What is wrong with a bake file, and where.

use crate::command_error::CommandError;
use crate::diagnostic;
use crate::terminal::clean;
use crate::terminal::style::Style;
use dockerfile::{Diagnostic, Source, Span};
use std::ops::Range;
use std::sync::Arc;

/// A problem; its place is added on the way up, by whoever knows it first.
#[derive(Debug)]
pub(crate) struct Problem {
    message: String,
    help: Option<String>,
    place: Option<(Arc<Source>, Range<usize>)>,
}

/// What evaluation gives.
pub(crate) type Result<T> = std::result::Result<T, Box<Problem>>;

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            message: message.into(),
            help: None,
            place: None,
        })
    }

    pub(crate) fn help(mut self: Box<Self>, help: impl Into<String>) -> Box<Self> {
        self.help = Some(help.into());
        self
    }

    /// Another problem, if this one says nothing.
    pub(super) fn or(self: Box<Self>, other: impl FnOnce() -> Box<Self>) -> Box<Self> {
        if self.message.is_empty() {
            other()
        } else {
            self
        }
    }

    /// Puts a name before the message.
    pub(super) fn prefixed(mut self: Box<Self>, name: &str) -> Box<Self> {
        self.message = format!("{name}: {}", self.message);
        self
    }

    /// Says something more general, and what it was as help.
    pub(super) fn help_of(mut self: Box<Self>, message: String) -> Box<Self> {
        self.help = Some(std::mem::replace(&mut self.message, message));
        self
    }

    /// Sets the place, unless there is a closer one.
    pub(super) fn at(
        mut self: Box<Self>,
        source: &Arc<Source>,
        span: Option<Range<usize>>,
    ) -> Box<Self> {
        if self.place.is_none()
            && let Some(span) = span
            && !source.text().is_empty()
        {
            self.place = Some((Arc::clone(source), span));
        }
        self
    }

    /// For the user, the place marked.
    pub(crate) fn into_error(self, style: Style) -> CommandError {
        let Some((source, span)) = self.place else {
            let message = clean::line(self.message.as_bytes());
            let error = CommandError::new(message);
            return match self.help {
                Some(help) => error.hint(clean::line(help.as_bytes())),
                None => error,
            };
        };
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let span = Span {
            start: offset(span.start),
            end: offset(span.end),
        };
        let diagnostic = Diagnostic::error("bake", span, self.message);
        let diagnostic = match self.help {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        };
        CommandError::block(diagnostic::render(&diagnostic, &source, style))
    }

    #[cfg(test)]
    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}
