//! The exit codes, few and documented.

/// How carafe ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done.
    Success,
    /// 1: what was asked for failed: a build, a pull, a comparison.
    Failure,
    /// 2: the command line is wrong.
    Usage,
    /// 125: `run` failed before the container's program began.
    ContainerSetup,
    /// 126: the container's program cannot be executed.
    NotExecutable,
    /// 127: the container's program was not found.
    NotFound,
    /// The container's program's own code, or 128 and the number of the signal that ended it or us.
    Program(u8),
}

impl Exit {
    /// The number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::ContainerSetup => 125,
            Self::NotExecutable => 126,
            Self::NotFound => 127,
            Self::Program(code) => code,
        }
    }

    /// The code of a program that a signal ended, as shells give it.
    pub(crate) fn of_signal(signal: i32) -> Self {
        Self::Program(u8::try_from(128 + signal).unwrap_or(u8::MAX))
    }
}
