//! The `RUN`s of a file, with the shell that each is for and what that shell is told.

use std::collections::BTreeSet;
use std::rc::Rc;

use dockerfile::ast::{Dockerfile, Form, Instruction, Kind, Run};
use dockerfile::{Escape, Source};

use crate::fix::Fix;
use crate::invocation::{Invocation, invocations};
use crate::shell::{self, Dialect, Script};

/// A `RUN`, or the one behind an `ONBUILD`.
#[derive(Debug)]
pub(crate) struct RunStep<'a> {
    /// The stage, as an index.
    pub(crate) stage: usize,
    /// The instruction: `RUN`, or the `ONBUILD` around it.
    pub(crate) instruction: &'a Instruction,
    /// The `RUN` itself.
    pub(crate) run: &'a Run,
    /// Whether it is behind an `ONBUILD`.
    pub(crate) is_trigger: bool,
    /// What runs the shell form: `["/bin/sh", "-c"]`, or what the last `SHELL` says.
    pub(crate) shell: Rc<[String]>,
    /// `ARG` and `ENV` above it, in this stage and those that it stands on.
    pub(crate) variables: Rc<BTreeSet<String>>,
    /// What it says, where that is for a shell that we can read.
    pub(crate) script: Option<RunScript>,
    /// What hadolint takes it for, where its exact behaviour is wanted; `None` inside where it finds nothing in it.
    pub(crate) alike: Option<Option<RunScript>>,
}

/// What a `RUN` gives to its shell.
#[derive(Debug)]
pub(crate) struct RunScript {
    /// Which language it is.
    pub(crate) dialect: Dialect,
    /// The tree. Where the `RUN` has the exec form, each place in it is the whole instruction.
    pub(crate) parsed: shell::Parsed,
    /// The programs that it starts, in the order of the text.
    pub(crate) invocations: Vec<Invocation>,
}

impl RunStep<'_> {
    /// What it says to those that look for programs: as hadolint reads it, where that is wanted.
    pub(crate) fn reading(&self) -> Option<&RunScript> {
        self.alike.as_ref().unwrap_or(&self.script).as_ref()
    }

    /// The programs that it starts, as far as they are known.
    pub(crate) fn invocations(&self) -> &[Invocation] {
        self.reading().map_or(&[], |script| &script.invocations)
    }

    /// Whether it has the exec form.
    pub(crate) fn is_exec(&self) -> bool {
        matches!(self.run.command, Form::Exec(_))
    }

    /// A fix for something in its script; nothing for the exec form, whose words have no places of their own.
    pub(crate) fn fix(&self, fix: Fix) -> Option<Fix> {
        (!self.is_exec()).then_some(fix)
    }

    /// A fix for a program in it; nothing where the program's words do not stand in the text.
    pub(crate) fn fix_of(&self, invocation: &Invocation, fix: Fix) -> Option<Fix> {
        self.fix(fix).filter(|_| invocation.is_placed)
    }

    /// The targets of its mounts that keep nothing in the layer: caches and `tmpfs`.
    pub(crate) fn kept_out(&self) -> impl Iterator<Item = &str> {
        self.run.mounts.iter().filter_map(|mount| {
            let field = |names: &[&str]| {
                let is_it = |(key, _): &&(String, Option<String>)| names.contains(&key.as_str());
                mount.fields.iter().find(is_it)?.1.as_deref()
            };
            let is_kept_out = matches!(field(&["type"])?, "cache" | "tmpfs");
            field(&["target", "dst", "destination"]).filter(|_| is_kept_out)
        })
    }

    /// Whether it has a `--mount` of one of these types whose target is the path, or is above it.
    pub(crate) fn mounts(&self, types: &[&str], path: &str) -> bool {
        self.run.mounts.iter().any(|mount| {
            let field = |names: &[&str]| {
                let is_it = |(key, _): &&(String, Option<String>)| names.contains(&key.as_str());
                mount.fields.iter().find(is_it)?.1.as_deref()
            };
            let target = field(&["target", "dst", "destination"]).unwrap_or_default();
            let target = target.trim_end_matches('/');
            types.contains(&field(&["type"]).unwrap_or("bind")) && { path.strip_prefix(target) }
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

/// What holds for the `RUN`s of a stage, and for stages on top of it.
#[derive(Clone)]
struct Ground {
    shell: Rc<[String]>,
    variables: Rc<BTreeSet<String>>,
}

/// All `RUN`s of a file.
pub(crate) fn runs<'a>(source: &Source, file: &'a Dockerfile) -> Vec<RunStep<'a>> {
    let mut grounds: Vec<Ground> = Vec::with_capacity(file.stages.len());
    let mut found = Vec::new();
    for (index, stage) in file.stages.iter().enumerate() {
        let base = stage.base.text.to_lowercase();
        let is_base =
            |other: &dockerfile::ast::Stage| other.name.as_ref().is_some_and(|n| n.text == base);
        let below = file.stages[..index].iter().rposition(is_base);
        let mut ground = below.map_or_else(Ground::new, |below| grounds[below].clone());
        if let Some(shell) = shell_comment(source, file, stage.span.start) {
            ground.shell = [shell].into();
        }
        for instruction in &stage.instructions {
            ground.apply(&instruction.kind);
            if let Some(run) = run_of(&instruction.kind) {
                found.push(RunStep {
                    stage: index,
                    instruction,
                    run,
                    is_trigger: matches!(instruction.kind, Kind::Onbuild(_)),
                    shell: Rc::clone(&ground.shell),
                    variables: Rc::clone(&ground.variables),
                    script: read(source, instruction, run, &ground, file.directives.escape),
                    alike: None,
                });
            }
        }
        grounds.push(ground);
    }
    found
}

/// The `RUN` in an instruction.
fn run_of(kind: &Kind) -> Option<&Run> {
    match kind {
        Kind::Run(run) => Some(run),
        Kind::Onbuild(onbuild) => run_of(&onbuild.instruction.kind),
        _ => None,
    }
}

/// The shell that a `# hadolint shell=` comment above a `FROM` gives to the stage, whose base may have set another one.
fn shell_comment(source: &Source, file: &Dockerfile, from: u32) -> Option<String> {
    let line = source.line(from).checked_sub(1)?;
    let is_above = |comment: &&dockerfile::ast::Word| source.line(comment.span.start) == line;
    let comment = file.comments.iter().find(is_above)?;
    let text = comment.text.trim_start_matches('#').trim();
    let shell = text
        .strip_prefix("hadolint")?
        .trim()
        .strip_prefix("shell")?;
    Some(shell.trim().strip_prefix('=')?.trim().to_owned())
}

fn read(
    source: &Source,
    instruction: &Instruction,
    run: &Run,
    ground: &Ground,
    escape: Escape,
) -> Option<RunScript> {
    let (script, program) = match &run.command {
        Form::Shell(_) => {
            let script = Script::of_run(source, run, escape)?;
            let program = script.interpreter().map(str::to_owned);
            (script, program.or_else(|| ground.shell.first().cloned())?)
        }
        Form::Exec(words) => exec(words, instruction),
    };
    let dialect = Dialect::of(&program)?;
    let parsed = shell::parse(&script, dialect);
    let mut invocations = invocations(&parsed);
    if matches!(run.command, Form::Exec(_)) {
        let whole = instruction.span;
        invocations.iter_mut().for_each(|one| one.set_place(whole));
    }
    Some(RunScript {
        dialect,
        invocations,
        parsed,
    })
}

/// The exec form as a script, and the shell that it is for: `["sh", "-c", "…"]` has a script of its own; other words are
/// one command.
fn exec(words: &[String], instruction: &Instruction) -> (Script, String) {
    match words {
        [shell, flag, script]
            if Dialect::of(shell).is_some() && flag.starts_with('-') && flag.ends_with('c') =>
        {
            (Script::unplaced(script, instruction.span), shell.clone())
        }
        _ => {
            let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
            let text = quoted.join(" ");
            (Script::unplaced(&text, instruction.span), "sh".to_owned())
        }
    }
}

fn quoted(word: &str) -> String {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "-_=./:@,+%".contains(sign);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

impl Ground {
    fn new() -> Self {
        Self {
            shell: ["/bin/sh".to_owned(), "-c".to_owned()].into(),
            variables: Rc::default(),
        }
    }

    fn apply(&mut self, kind: &Kind) {
        match kind {
            Kind::Shell(words) => self.shell = words.as_slice().into(),
            Kind::Env(pairs) => self.declare(pairs.iter().map(|pair| &pair.name.text)),
            Kind::Arg(args) => self.declare(args.iter().map(|arg| &arg.name.text)),
            _ => {}
        }
    }

    fn declare<'n>(&mut self, names: impl Iterator<Item = &'n String>) {
        Rc::make_mut(&mut self.variables).extend(names.cloned());
    }
}
