//! What the user sees of a failure: a message, advice, and an exit code.

mod libraries;

pub(crate) use libraries::{interrupted, of_build, of_diagnostics};

use crate::exit::Exit;
use crate::terminal::clean;
use crate::terminal::style::Style;
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use std::path::Path;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct CommandError {
    exit: Exit,
    body: Body,
    hints: Vec<String>,
}

#[derive(Debug)]
enum Body {
    /// One sentence.
    Message(String),
    /// Text that was laid out already: diagnostics with source lines.
    Block(String),
}

impl CommandError {
    /// The thing asked for failed.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Failure,
            body: Body::Message(message.into()),
            hints: Vec::new(),
        }
    }

    /// The command line is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            ..Self::new(message)
        }
    }

    /// A flag or verb whose time has not come. Ignoring it would be worse.
    pub(crate) fn not_yet(what: impl Display) -> Self {
        Self::usage(format!("{what} is not implemented yet"))
    }

    /// Diagnostics that were rendered.
    pub(crate) fn block(text: String) -> Self {
        Self {
            exit: Exit::Failure,
            body: Body::Block(text),
            hints: Vec::new(),
        }
    }

    /// An operating system's error; `doing` says what was tried with what.
    pub(crate) fn io(doing: impl Display, error: impl Into<std::io::Error>) -> Self {
        let error = error.into();
        let hint = io_hint(&error);
        let mut this = Self::new(format!("cannot {doing}: {}", plain(&error)));
        this.hints.extend(hint.map(str::to_owned));
        this
    }

    /// The same for one file.
    pub(crate) fn file(doing: &str, path: &Path, error: impl Into<std::io::Error>) -> Self {
        Self::io(format_args!("{doing} {}", path.display()), error)
    }

    /// Adds advice.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same for `run`, where 1 and 2 would be taken for the program's own: 125, unless the program could not be
    /// executed or found.
    pub(crate) fn in_container_setup(self) -> Self {
        match self.exit {
            Exit::Failure | Exit::Usage => self.exit_with(Exit::ContainerSetup),
            _ => self,
        }
    }

    /// What another process needs to say the same.
    pub(crate) fn report(&self) -> ErrorReport {
        let (message, hints) = (self.message().to_owned(), self.hints.clone());
        ErrorReport {
            message,
            hints,
            exit: self.exit.code(),
        }
    }

    /// Says what it is about, if the message does not show that already.
    pub(crate) fn about(mut self, what: &str) -> Self {
        match &mut self.body {
            Body::Message(text) => *text = format!("{what}: {text}"),
            Body::Block(text) => *text = format!("{what}:\n{text}"),
        }
        self
    }

    /// Sets the exit code.
    pub(crate) fn exit_with(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// The message alone, for errors that are passed on inside another one.
    pub(crate) fn message(&self) -> &str {
        match &self.body {
            Body::Message(text) | Body::Block(text) => text,
        }
    }

    /// What goes to standard error. Names and texts of others in it (images, paths, programs' words) move no cursor.
    pub(crate) fn render(&self, style: Style) -> String {
        let mut out = match &self.body {
            Body::Message(text) => format!("{} {}\n", style.red("error:"), clean::lines(text)),
            Body::Block(text) => text.clone(),
        };
        for hint in &self.hints {
            out.push_str(&format!("{} {}\n", style.cyan("hint:"), clean::lines(hint)));
        }
        out
    }
}

/// An error on its way from one process to another.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ErrorReport {
    message: String,
    hints: Vec<String>,
    exit: u8,
}

impl From<ErrorReport> for CommandError {
    fn from(report: ErrorReport) -> Self {
        let exit = match report.exit {
            126 => Exit::NotExecutable,
            127 => Exit::NotFound,
            125 => Exit::ContainerSetup,
            _ => Exit::Failure,
        };
        Self {
            exit,
            body: Body::Message(report.message),
            hints: report.hints,
        }
    }
}

/// The system's words without Rust's `(os error 2)`.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

fn io_hint(error: &std::io::Error) -> Option<&'static str> {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Some("free some space, or use another disk with --root DIR or CARAFE_ROOT")
        }
        ErrorKind::PermissionDenied => Some("check who owns it, or run carafe as that user"),
        ErrorKind::ReadOnlyFilesystem => Some("name a writable place with --root DIR"),
        _ => None,
    }
}

/// All causes of an error, joined by colons, each said once.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = match cause.downcast_ref::<std::io::Error>() {
            Some(error) => plain(error),
            None => cause.to_string(),
        };
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
}
