//! What can go wrong.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::io::Errno;

use crate::Step;
use crate::user_namespace::Refusal;

mod hint;

/// A failure of starting or holding a sandboxed process. The kernel's reason is the source.
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
    /// The program has not called [`run_if_child`](crate::run_if_child). It would be started again as the child, not
    /// know it, and do once more what it has just done.
    #[error(
        "this program does not begin with `sandbox::run_if_child`, so that it cannot be the child"
    )]
    NoChildEntry,
    /// The program is for another machine.
    #[error("programs for {architecture} do not run on this machine")]
    Foreign {
        /// The architecture.
        architecture: String,
        /// Why they do not.
        source: Arc<Error>,
    },
    /// There is no emulator.
    #[error(
        "the kernel has no handler for them, and neither {} nor {} is in a directory of PATH",
        programs[0], programs[1]
    )]
    NoEmulator {
        /// What was looked for.
        programs: [String; 2],
    },
    /// There is an emulator, and it cannot be used.
    #[error("`{}` cannot be used for them", program.display())]
    Emulator {
        /// The program.
        program: PathBuf,
        /// Why.
        source: Box<Error>,
    },
    /// Something that is asked for has no meaning to the kernel, such as an argument with a NUL byte in it.
    #[error("invalid {what}: {reason}")]
    InvalidOrder {
        /// What is invalid.
        what: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// The kernel refused a step.
    #[error("cannot {step}{}", Object(object))]
    Kernel {
        /// The step.
        step: Step,
        /// What it was done to: a path, a name; may be empty.
        object: String,
        /// Why.
        source: io::Error,
    },
    /// The child ended while it prepared the sandbox, and could not say why.
    #[error("the sandbox ended while it was prepared ({how})")]
    Lost {
        /// How it ended: `exit code 101`, `signal 9`.
        how: String,
    },
    /// The process that tells users and groups apart, where the kernel cannot, ended before the program.
    #[error("the supervisor of users and owners ended before the program did ({how})")]
    SupervisorLost {
        /// How it ended: `exit code 125`, `signal 9`.
        how: String,
    },
    /// No control group with such limits can be made.
    #[error("cannot {operation} control group `{}`", path.display())]
    Cgroup {
        /// What was done.
        operation: &'static str,
        /// The group's directory, or a file in it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no control group controller for a limit that this user could use.
    #[error("there are no control groups with the controller `{controller}` for this user")]
    NoController {
        /// Its name.
        controller: &'static str,
    },
    /// The system does not let this user make a user namespace.
    #[error("cannot make a user namespace: {refusal}")]
    UserNamespace {
        /// Why.
        refusal: Refusal,
        /// What the kernel said.
        source: io::Error,
    },
}

/// What a step was done to, in a message.
struct Object<'a>(&'a str);

impl fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => Ok(()),
            object => write!(f, " `{object}`"),
        }
    }
}

impl Error {
    pub(crate) fn kernel(step: Step, object: impl Into<String>, errno: Errno) -> Self {
        Self::Kernel {
            step,
            object: object.into(),
            source: errno.into(),
        }
    }

    pub(crate) fn cgroup(
        operation: &'static str,
        path: &Path,
    ) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Cgroup {
            operation,
            path,
            source,
        }
    }

    /// The error of a step that the child reports.
    pub(crate) fn of_child(step: Step, object: String, errno: Errno) -> Self {
        match step {
            Step::FindProgram => Self::ProgramNotFound { program: object },
            Step::FindInterpreter => Self::InterpreterNotFound { program: object },
            Step::Execute => Self::ProgramNotExecutable {
                program: object,
                source: errno.into(),
            },
            Step::WorkingDirectory => Self::WorkingDirectory {
                path: object.into(),
                source: errno.into(),
            },
            step => Self::kernel(step, object, errno),
        }
    }

    /// Exit code that Docker gives for a program that could not be started: 127 when it was not found, 126 when it
    /// cannot be executed. `None` when the cause is not the program.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            Self::ProgramNotFound { .. } | Self::InterpreterNotFound { .. } => Some(127),
            Self::ProgramNotExecutable { .. } | Self::Foreign { .. } => Some(126),
            _ => None,
        }
    }

    /// What can be done about it, and by whom, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        hint::of(self).map(str::to_owned)
    }
}
