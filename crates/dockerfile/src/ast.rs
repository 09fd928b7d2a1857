//! What a Dockerfile says: stages of instructions, every part with its place in the text.
//!
//! Words are kept raw, as they stand in the text (after continuation lines were joined): they are
//! expanded by whoever knows the variables, with [`crate::expand`]. Source: the Dockerfile
//! reference, and what BuildKit's parser does where that page is silent.

use crate::{Heredoc, Span};

/// A word as it stands in the text, not yet expanded, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The raw text: quotes, escapes and `$` signs are still in it.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A parsed Dockerfile. Bad text is not an error here: see [`crate::parse()`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dockerfile {
    /// The parser directives at the top of the file.
    pub directives: Directives,
    /// `ARG` instructions before the first `FROM`.
    pub global_args: Vec<Instruction>,
    /// Other instructions before the first `FROM`: they are in no stage, and an error says so.
    pub strays: Vec<Instruction>,
    /// The stages, in the order of the text.
    pub stages: Vec<Stage>,
    /// All comment lines outside heredoc bodies, from their `#` on (rules and descriptions read
    /// them). Directives are none.
    pub comments: Vec<Word>,
    /// The blank lines between continued ones.
    pub blank_continuations: Vec<Span>,
}

/// The parser directives: `# syntax=`, `# escape=`, `# check=`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// `# syntax=`: the frontend image that was asked for.
    pub syntax: Option<Word>,
    /// `# escape=`: a backslash or a backtick.
    pub escape: Escape,
    /// `# check=`: the raw value, such as `skip=all;error=true`.
    pub check: Option<Word>,
}

/// The escape character in force, which also continues lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escape {
    /// `\`, the default.
    #[default]
    Backslash,
    /// A backtick.
    Backtick,
}

impl Escape {
    /// The character itself.
    pub fn sign(self) -> char {
        match self {
            Self::Backslash => '\\',
            Self::Backtick => '`',
        }
    }
}

/// A stage: a `FROM` and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Place of the `FROM` instruction.
    pub span: Span,
    /// The keyword as written (`FROM`, `from`).
    pub keyword: Word,
    /// The text of the `FROM` instruction as written.
    pub original: String,
    /// The base: an image, an earlier stage, `scratch`, or an expression that gives one.
    pub base: Word,
    /// `--platform=`.
    pub platform: Option<Word>,
    /// The name behind `AS`, in lower case; `name_written` has it as it stands in the text.
    pub name: Option<Word>,
    /// The name behind `AS` as it stands in the text.
    pub name_written: Option<Word>,
    /// The keyword `AS` as it stands in the text (rules look at its case).
    pub as_keyword: Option<Word>,
    /// The instructions below.
    pub instructions: Vec<Instruction>,
}

/// One instruction of a stage, or a global `ARG`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// The whole instruction, heredoc bodies included.
    pub span: Span,
    /// The keyword as written (`RUN`, `run`).
    pub keyword: Word,
    /// The instruction's text with continuation lines joined and without heredoc bodies: what
    /// progress and history show.
    pub original: String,
    /// What it is.
    pub kind: Kind,
}

/// The instructions of the Dockerfile reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `ADD`.
    Add(Add),
    /// `ARG`: names with optional defaults, in order.
    Arg(Vec<ArgDeclaration>),
    /// `CMD`.
    Cmd(Form),
    /// `COPY`.
    Copy(Copy),
    /// `ENTRYPOINT`.
    Entrypoint(Form),
    /// `ENV`: names and values, in order.
    Env(Vec<Pair>),
    /// `EXPOSE`: ports as written.
    Expose(Vec<Word>),
    /// `HEALTHCHECK`.
    Healthcheck(Healthcheck),
    /// `LABEL`: names and values, in order.
    Label(Vec<Pair>),
    /// `MAINTAINER`: the rest of the line.
    Maintainer(Word),
    /// `ONBUILD`: the trigger.
    Onbuild(Onbuild),
    /// `RUN`.
    Run(Run),
    /// `SHELL`.
    Shell(Vec<String>),
    /// `STOPSIGNAL`.
    Stopsignal(Word),
    /// `USER`.
    User(Word),
    /// `VOLUME`. JSON strings and blank-split words alike; both are expanded.
    Volume(Vec<Word>),
    /// `WORKDIR`.
    Workdir(Word),
}

/// A `NAME=value` of `ENV` or `LABEL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The name, raw.
    pub name: Word,
    /// The value, raw (quotes still there). In the old form (`ENV k rest of line`) the rest.
    pub value: Word,
    /// Whether it was written in the old form, without `=`.
    pub legacy: bool,
}

/// A `NAME` or `NAME=default` of `ARG`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgDeclaration {
    /// The name.
    pub name: Word,
    /// The default, raw.
    pub default: Option<Word>,
}

/// Shell form or exec form of `CMD`, `ENTRYPOINT` and `RUN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// The text for the shell, inner blanks as written.
    Shell(Word),
    /// The strings of the JSON array.
    Exec(Vec<String>),
}

/// `RUN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// `--mount=`, in order.
    pub mounts: Vec<MountFlag>,
    /// `--network=`.
    pub network: Network,
    /// `--security=`.
    pub security: Security,
    /// `--device=`, in order, raw.
    pub devices: Vec<Word>,
    /// The command. With heredocs: the text before their bodies.
    pub command: Form,
    /// The heredocs, in order.
    pub heredocs: Vec<Heredoc>,
}

/// `RUN --network=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// What the build was told; the host's network if nothing was said.
    #[default]
    Default,
    /// Loopback only.
    None,
    /// The host's network.
    Host,
}

/// `RUN --security=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Docker's default capabilities and seccomp profile.
    #[default]
    Sandbox,
    /// Everything that the builder may do itself.
    Insecure,
}

/// A `RUN --mount=`: its keys and values, raw and in order, quotes of the CSV taken off.
///
/// Values are expanded first, and then read with [`crate::Mount::read`], because the type decides
/// which keys are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountFlag {
    /// Place of the flag.
    pub span: Span,
    /// Key in lower case, and the value if there is a `=`.
    pub fields: Vec<(String, Option<String>)>,
}

/// A source of `COPY` or `ADD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopySource {
    /// A path or pattern (for ADD also a URL), raw.
    Path(Word),
    /// A heredoc: a file named by its word.
    Heredoc(Heredoc),
}

/// What `COPY` and `ADD` share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyArguments {
    /// The sources, in order.
    pub sources: Vec<CopySource>,
    /// The destination.
    pub destination: Word,
    /// `--chown=`.
    pub chown: Option<Word>,
    /// `--chmod=`.
    pub chmod: Option<Word>,
    /// `--link`.
    pub link: bool,
    /// `--exclude=`, in order; not expanded.
    pub excludes: Vec<Word>,
}

/// `COPY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// What it shares with `ADD`.
    pub arguments: CopyArguments,
    /// `--from=`; not expanded.
    pub from: Option<Word>,
    /// `--parents`.
    pub parents: bool,
}

/// `ADD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Add {
    /// What it shares with `COPY`.
    pub arguments: CopyArguments,
    /// `--checksum=`.
    pub checksum: Option<Word>,
    /// `--keep-git-dir`, if said.
    pub keep_git_dir: Option<bool>,
    /// `--unpack`, if said.
    pub unpack: Option<bool>,
}

/// `HEALTHCHECK`. Durations are nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Healthcheck {
    /// `HEALTHCHECK NONE`.
    None,
    /// `HEALTHCHECK CMD`.
    Command {
        /// `--interval=`.
        interval: Option<u64>,
        /// `--timeout=`.
        timeout: Option<u64>,
        /// `--start-period=`.
        start_period: Option<u64>,
        /// `--start-interval=`.
        start_interval: Option<u64>,
        /// `--retries=`.
        retries: Option<u32>,
        /// The command; the shell form is run as `CMD-SHELL`.
        command: Form,
    },
}

/// `ONBUILD`: an instruction for the images built on this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Onbuild {
    /// The trigger as it goes into the image's config: joined to one line, heredocs included.
    pub trigger: String,
    /// The trigger, parsed (what a stage on top of this one, in the same file, runs).
    pub instruction: Box<Instruction>,
}
