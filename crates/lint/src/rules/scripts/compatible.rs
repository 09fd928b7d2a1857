//! What hadolint 2.15.1 takes for the shell and the variables of a `RUN`, where its exact behaviour is wanted.
//!
//! It is not what a build does: an `ARG` or `ENV` sets the shell back to `/bin/sh`, what is behind `ONBUILD` knows only
//! what other `ONBUILD`s say, and names of stages are compared with their capitals.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use dockerfile::ast::{Kind, Stage};

use crate::file::File;
use crate::runs::RunStep;
use crate::shell::{Dialect, Parsed, Script, parse};

/// What hadolint takes for the shell when nobody says anything.
const SHELL: &str = "/bin/sh";

/// What holds for a `RUN`.
#[derive(Clone, Debug)]
pub(super) struct Ground<'a> {
    /// The program.
    pub(super) shell: &'a str,
    /// The variables.
    pub(super) variables: Rc<BTreeSet<&'a str>>,
}

/// What holds for instructions, and for those behind `ONBUILD`.
type Both<'a> = [Ground<'a>; 2];

/// What holds for each `RUN`, by where its instruction begins.
pub(super) fn grounds<'a>(file: &'a File<'_>) -> HashMap<u32, Ground<'a>> {
    let mut found = HashMap::new();
    let mut done: Vec<Both<'_>> = Vec::new();
    let stages = &file.dockerfile.stages;
    let first = stages.first().map_or(0, |stage| stage.span.start);
    let shell = shell_comment(file, 0, first).unwrap_or(SHELL);
    let base = Ground {
        shell,
        variables: Rc::default(),
    };
    for (index, stage) in stages.iter().enumerate() {
        let is_base = |other: &Stage| {
            { other.name_written.as_ref() }.is_some_and(|name| name.text == stage.base.text)
        };
        let below = stages[..index].iter().rposition(is_base);
        let mut both = below.map_or_else(|| [base.clone(), base.clone()], |at| done[at].clone());
        let mut behind = stage.span.end;
        for instruction in &stage.instructions {
            let start = instruction.span.start;
            if let Some(shell) = shell_comment(file, behind, start) {
                both[0].shell = shell;
            }
            behind = instruction.span.end;
            let (kind, ground) = match &instruction.kind {
                Kind::Onbuild(onbuild) => (&onbuild.instruction.kind, &mut both[1]),
                kind => (kind, &mut both[0]),
            };
            ground.apply(kind);
            if matches!(kind, Kind::Run(_)) {
                found.insert(start, ground.clone());
            }
        }
        done.push(both);
    }
    found
}

/// The script as hadolint reads it, where that is not how we do it.
pub(super) fn reread(file: &File<'_>, step: &RunStep<'_>, ground: &Ground<'_>) -> Option<Parsed> {
    let dialect = Dialect::of(ground.shell)?;
    if step.is_exec()
        || step
            .script
            .as_ref()
            .is_some_and(|script| script.dialect == dialect)
    {
        return None;
    }
    let script = Script::of_run(file.source, step.run, file.dockerfile.directives.escape)?;
    let can_read = matches!(script.interpreter(), None | Some("sh" | "bash" | "ksh"));
    can_read.then(|| parse(&script, dialect))
}

impl<'a> Ground<'a> {
    fn apply(&mut self, kind: &'a Kind) {
        match kind {
            Kind::Shell(words) => self.shell = words.first().map_or("", String::as_str),
            Kind::Env(pairs) => self.declare(pairs.iter().map(|pair| pair.name.text.as_str())),
            Kind::Arg(args) => self.declare(args.iter().map(|arg| arg.name.text.as_str())),
            _ => {}
        }
    }

    fn declare(&mut self, names: impl Iterator<Item = &'a str>) {
        Rc::make_mut(&mut self.variables).extend(names);
        self.shell = SHELL;
    }
}

/// The last `# hadolint shell=` between two places.
fn shell_comment<'a>(file: &'a File<'_>, from: u32, to: u32) -> Option<&'a str> {
    let comments = &file.dockerfile.comments;
    let end = comments.partition_point(|comment| comment.span.start < to);
    let between = comments[..end]
        .iter()
        .rev()
        .take_while(|comment| comment.span.start >= from);
    between.into_iter().find_map(|comment| {
        let text = comment.text.trim_start_matches('#').trim();
        let text = text
            .strip_prefix("hadolint")?
            .trim()
            .strip_prefix("shell")?;
        Some(text.trim().strip_prefix('=')?.trim())
    })
}
