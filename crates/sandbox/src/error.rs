//! What can go wrong.

use std::io;
use std::path::PathBuf;

use crate::Step;

/// A failure of starting or holding a sandboxed process.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such program in the root.
    #[error("program `{program}` not found")]
    ProgramNotFound {
        /// The program as it was asked for.
        program: String,
    },
    /// The program is there, and the interpreter that its first line (or its ELF header) names is not.
    #[error("program `{program}` needs an interpreter that is not there")]
    InterpreterNotFound {
        /// The program as it was found.
        program: String,
    },
    /// The program cannot be executed: no permission, a directory, or no format that the kernel knows.
    #[error("program `{program}` cannot be executed")]
    ProgramNotExecutable {
        /// The program as it was found.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The working directory cannot be made or entered.
    #[error("cannot enter working directory `{}`", path.display())]
    WorkingDirectory {
        /// The directory, inside the root.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An argument or variable holds a NUL byte, or there is no argument.
    #[error("invalid {what}")]
    InvalidArgument {
        /// What is invalid.
        what: String,
    },
    /// The kernel refused a step.
    #[error("cannot {step:?} `{object}`")]
    Kernel {
        /// The step.
        step: Step,
        /// What it was done to: a path, a name; may be empty.
        object: String,
        /// Why.
        source: io::Error,
    },
}

impl Error {
    /// Exit code that Docker gives for a program that could not be started: 127 when it was not found, 126 when it cannot be executed.
    /// `None` when the cause is not the program.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            Self::ProgramNotFound { .. } | Self::InterpreterNotFound { .. } => Some(127),
            Self::ProgramNotExecutable { .. } => Some(126),
            _ => None,
        }
    }

    /// What can be done about it, and by whom, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        None
    }
}
