//! What can be wrong with an image.

/// Something that is wrong with an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub kind: ProblemKind,
    /// How sure it is that it hurts.
    pub certainty: Certainty,
    /// What is wrong, naming the path or the word.
    pub message: String,
    /// What to write instead.
    pub help: String,
    /// The instruction to change, as far as that can be said.
    pub instruction: Instruction,
}

/// How sure it is that a problem hurts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// The container does not start.
    Fails,
    /// It starts, and something in it does not work.
    Breaks,
    /// It depends on what the program does, or on who runs it.
    May,
}

/// The kinds of problems, each with a name that does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// Neither entry point nor command.
    NoCommand,
    /// The program is not in the image.
    ProgramMissing,
    /// A shell form, and no shell.
    ShellMissing,
    /// It is a directory, or a device.
    NotAFile,
    /// It may not be executed, by whom it would be.
    NotExecutable,
    /// Neither a program nor a script with `#!`.
    UnknownFormat,
    /// For another architecture.
    WrongArchitecture,
    /// The dynamic loader that the program names is missing.
    LoaderMissing,
    /// A glibc program where only musl is, or the other way round.
    OtherLibc,
    /// A library is missing.
    LibraryMissing,
    /// A library is older than the program wants.
    SymbolVersionMissing,
    /// The program behind `#!` is missing.
    InterpreterMissing,
    /// A script's first line ends in a carriage return.
    CarriageReturn,
    /// The user or the group has no entry.
    UserUnknown,
    /// The working directory is none, or is closed to the user.
    WorkingDirectory,
    /// A program that speaks TLS, and no certificates.
    CertificatesMissing,
    /// `TZ` names a zone that is not there.
    TimeZoneMissing,
    /// A port below 1024, and not root.
    LowPort,
    /// The health check cannot run.
    HealthcheckBroken,
}

/// The instruction of a Dockerfile that says what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// `ENTRYPOINT`.
    Entrypoint,
    /// `CMD`.
    Cmd,
    /// `USER`.
    User,
    /// `WORKDIR`.
    Workdir,
    /// `ENV`.
    Env,
    /// `EXPOSE`.
    Expose,
    /// `HEALTHCHECK`.
    Healthcheck,
}

impl Instruction {
    /// Its keyword.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Entrypoint => "ENTRYPOINT",
            Self::Cmd => "CMD",
            Self::User => "USER",
            Self::Workdir => "WORKDIR",
            Self::Env => "ENV",
            Self::Expose => "EXPOSE",
            Self::Healthcheck => "HEALTHCHECK",
        }
    }
}

impl ProblemKind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoCommand => "no-command",
            Self::ProgramMissing => "program-missing",
            Self::ShellMissing => "shell-missing",
            Self::NotAFile => "not-a-file",
            Self::NotExecutable => "not-executable",
            Self::UnknownFormat => "unknown-format",
            Self::WrongArchitecture => "wrong-architecture",
            Self::LoaderMissing => "loader-missing",
            Self::OtherLibc => "other-libc",
            Self::LibraryMissing => "library-missing",
            Self::SymbolVersionMissing => "symbol-version-missing",
            Self::InterpreterMissing => "interpreter-missing",
            Self::CarriageReturn => "carriage-return",
            Self::UserUnknown => "user-unknown",
            Self::WorkingDirectory => "working-directory",
            Self::CertificatesMissing => "certificates-missing",
            Self::TimeZoneMissing => "time-zone-missing",
            Self::LowPort => "low-port",
            Self::HealthcheckBroken => "healthcheck-broken",
        }
    }

    fn certainty(self) -> Certainty {
        match self {
            Self::CertificatesMissing | Self::LowPort => Certainty::May,
            Self::TimeZoneMissing | Self::HealthcheckBroken => Certainty::Breaks,
            _ => Certainty::Fails,
        }
    }
}

impl Problem {
    pub(super) fn new(
        kind: ProblemKind,
        instruction: Instruction,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            certainty: kind.certainty(),
            message: message.into(),
            help: help.into(),
            instruction,
        }
    }

    /// The image says nothing of what to run.
    pub(super) fn no_command() -> Self {
        Self {
            certainty: Certainty::May,
            ..Self::new(
                ProblemKind::NoCommand,
                Instruction::Cmd,
                "the image has neither ENTRYPOINT nor CMD: it runs only with a command",
                "say what runs, as CMD [\"program\"]; an image that others build on needs none",
            )
        }
    }
}
