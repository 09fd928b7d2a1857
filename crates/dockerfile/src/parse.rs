//! From the text to the syntax tree.

mod arg;
mod command;
mod copy;
mod expose;
mod from;
mod healthcheck;
mod onbuild;
mod pairs;
mod quoted;
mod request;
mod run;
mod single;
mod volume;

use crate::ast::{Dockerfile, Instruction, Kind, Stage};
use crate::keyword::Keyword;
use crate::lexer::{self, Lexed, Statement};
use crate::{Diagnostic, Escape, Source, Span};
use request::Request;

/// What [`parse()`] gives: the tree, as far as the text makes sense, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The tree. Instructions with errors are left out of it.
    pub dockerfile: Dockerfile,
    /// The errors, in the order of the text. A file with any of them cannot be built.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a Dockerfile. Bad text is no failure: it gives diagnostics, all of severity
/// [`Error`](crate::Severity::Error), in unreachable stages too.
///
/// ```
/// use dockerfile::{Source, parse};
///
/// let parsed = parse(&Source::new("Dockerfile", "FROM scratch\nCPOY a b\n"));
/// assert_eq!(parsed.dockerfile.stages[0].base.text, "scratch");
/// assert_eq!(parsed.diagnostics[0].help.as_deref(), Some("did you mean COPY?"));
/// ```
pub fn parse(source: &Source) -> Parsed {
    let lexed = lexer::lex(source);
    let mut stages = Stages::default();
    for statement in lexed
        .statements
        .iter()
        .filter(|statement| !statement.unterminated)
    {
        match read(statement, lexed.directives.escape) {
            Ok(Item::Stage(stage)) => stages.start(*stage),
            Ok(Item::Instruction(instruction)) => stages.add(*instruction),
            Err(error) => stages.fail(statement, error),
        }
    }
    stages
        .diagnostics
        .extend(without_stages(source, &lexed, &stages));
    let mut diagnostics = stages.diagnostics;
    diagnostics.extend(lexed.diagnostics);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    let dockerfile = Dockerfile {
        directives: lexed.directives,
        global_args: stages.global_args,
        strays: stages.strays,
        stages: stages.stages,
        comments: lexed.comments,
        blank_continuations: lexed.blank_continuations,
    };
    Parsed {
        dockerfile,
        diagnostics,
    }
}

/// Reads a trigger from an image's config (`OnBuild`): one instruction, its heredocs included.
/// Places are those in `text`, and the escape character is the backslash, as in BuildKit.
pub fn parse_trigger(text: &str) -> (Option<Instruction>, Vec<Diagnostic>) {
    let source = Source::new("ONBUILD", text);
    let lexed = lexer::lex(&source);
    let mut diagnostics = lexed.diagnostics;
    let mut instruction = None;
    match lexed.statements.as_slice() {
        [statement] if statement.unterminated => {}
        [statement] => match trigger(statement) {
            Ok(read) => instruction = Some(read),
            Err(error) => diagnostics.push(error),
        },
        _ => {
            let message = format!("a trigger must be one instruction: `{}`", source.text());
            let whole = Span::new(0, source.end());
            diagnostics.push(Diagnostic::error("invalid-trigger", whole, message));
        }
    }
    (instruction, diagnostics)
}

fn trigger(statement: &Statement) -> Result<Instruction, Diagnostic> {
    let request = Request::read(statement, Escape::Backslash)?;
    onbuild::check(&request)?;
    instruction(&request)
}

/// What a statement is.
enum Item {
    Stage(Box<Stage>),
    Instruction(Box<Instruction>),
}

fn read(statement: &Statement, escape: Escape) -> Result<Item, Diagnostic> {
    let request = Request::read(statement, escape)?;
    match request.keyword {
        Keyword::From => from::read(&request).map(|stage| Item::Stage(Box::new(stage))),
        _ => instruction(&request).map(|read| Item::Instruction(Box::new(read))),
    }
}

/// Reads any instruction but `FROM`.
fn instruction(request: &Request<'_>) -> Result<Instruction, Diagnostic> {
    let kind = match request.keyword {
        Keyword::Add => Kind::Add(copy::add(request)?),
        Keyword::Arg => Kind::Arg(arg::read(request)?),
        Keyword::Cmd => Kind::Cmd(command::read(request)?),
        Keyword::Copy => Kind::Copy(copy::copy(request)?),
        Keyword::Entrypoint => Kind::Entrypoint(command::read(request)?),
        Keyword::Env => Kind::Env(pairs::read(request)?),
        Keyword::Expose => Kind::Expose(expose::read(request)?),
        Keyword::From => return Err(onbuild::not_allowed(request)),
        Keyword::Healthcheck => Kind::Healthcheck(healthcheck::read(request)?),
        Keyword::Label => Kind::Label(pairs::read(request)?),
        Keyword::Maintainer => Kind::Maintainer(single::read(request)?),
        Keyword::Onbuild => Kind::Onbuild(onbuild::read(request)?),
        Keyword::Run => Kind::Run(run::read(request)?),
        Keyword::Shell => Kind::Shell(command::shell(request)?),
        Keyword::Stopsignal => Kind::Stopsignal(single::read(request)?),
        Keyword::User => Kind::User(single::read(request)?),
        Keyword::Volume => Kind::Volume(volume::read(request)?),
        Keyword::Workdir => Kind::Workdir(single::read(request)?),
    };
    Ok(Instruction {
        span: request.span,
        keyword: request.word.word(),
        original: request.text.trim().text().to_owned(),
        kind,
    })
}

/// Puts instructions into stages.
#[derive(Default)]
struct Stages {
    global_args: Vec<Instruction>,
    stages: Vec<Stage>,
    /// Whether the last `FROM` could not be read. What follows it belongs to no stage that we know.
    lost: bool,
    /// Instructions before the first `FROM` that may not stand there.
    strays: Vec<Instruction>,
    diagnostics: Vec<Diagnostic>,
}

impl Stages {
    fn start(&mut self, stage: Stage) {
        self.stages.push(stage);
        self.lost = false;
    }

    fn add(&mut self, instruction: Instruction) {
        if self.lost {
            return;
        }
        match self.stages.last_mut() {
            Some(stage) => stage.instructions.push(instruction),
            None if matches!(instruction.kind, Kind::Arg(_)) => self.global_args.push(instruction),
            None => self.stray(instruction),
        }
    }

    /// An instruction before the first `FROM`. One error about it is enough.
    fn stray(&mut self, instruction: Instruction) {
        if self.strays.is_empty() {
            let keyword = &instruction.keyword;
            let message = format!(
                "no build stage in current context: {} before FROM",
                keyword.text
            );
            let help = "only ARG may stand before the first FROM";
            let error = Diagnostic::error("no-build-stage", keyword.span, message);
            self.diagnostics.push(error.with_help(help));
        }
        self.strays.push(instruction);
    }

    fn fail(&mut self, statement: &Statement, error: Diagnostic) {
        let (word, _) = statement.text().split_first();
        self.lost |= Keyword::parse(word.text()) == Some(Keyword::From);
        self.diagnostics.push(error);
    }
}

/// The error about a file that has no stage, unless there is an error already that says why.
fn without_stages(source: &Source, lexed: &Lexed, stages: &Stages) -> Option<Diagnostic> {
    // The end of the last line that has anything.
    let text = source.text().trim_end_matches(['\n', '\r']);
    let end = u32::try_from(text.len()).unwrap_or_else(|_| source.end());
    let end = Span::new(end, end);
    let error = |code, message| Some(Diagnostic::error(code, end, message));
    if source.text().is_empty() {
        error("empty-file", "the Dockerfile cannot be empty")
    } else if lexed.statements.is_empty() {
        error("no-instructions", "file with no instructions")
    } else if stages.strays.is_empty() && !lexed.has_from() {
        error("no-stages", "the Dockerfile contains no stages to build")
            .map(|error| error.with_help("add a FROM instruction"))
    } else {
        None
    }
}
