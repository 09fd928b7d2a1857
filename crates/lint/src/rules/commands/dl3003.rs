//! WORKDIR is where a directory is chosen.

use dockerfile::Severity;

use super::looking::in_programs;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;
use crate::shell::ast::{AndOr, AndOrOperator, CommandKind};

pub(crate) const RULE: Rule = Rule {
    name: "DL3003",
    summary: "Use WORKDIR to switch to a directory",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "`cd` holds until the end of its `RUN` only, and whoever reads on has to know where the others begin. `WORKDIR` holds for all that follows, and creates the directory. Every `cd` of a `RUN` is found, those in subshells and behind `&&` too. `cd` in an `ONBUILD` and `pushd` are let pass. Where a `RUN` begins with `cd` to an absolute path, the fix makes a `WORKDIR` of it; look at what comes behind it then, which runs there, too.",
        bad: "FROM debian:bookworm\nRUN cd /src && make\n",
        good: "FROM debian:bookworm\nWORKDIR /src\nRUN make\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    in_programs(file, |run, program| {
        if !program.is(&["cd"]) || run.is_trigger {
            return None;
        }
        let found = Found::new(run.instruction.span, program.span, RULE.summary)
            .help("put `WORKDIR` with the directory before the `RUN`");
        Some(found.fix(fix(run, program)))
    })
}

/// `RUN cd /x && y` is `WORKDIR /x` and `RUN y`.
fn fix(run: &RunStep<'_>, program: &Invocation) -> Option<Fix> {
    let list = &run.script.as_ref()?.parsed.list;
    let and_or = &list.items.first()?.and_or;
    let rest = behind_cd(and_or).filter(|_| and_or.span.start == program.span.start)?;
    let [directory] = program.arguments.as_slice() else {
        return None;
    };
    let is_path = |sign: char| sign.is_ascii_alphanumeric() || "/._-+".contains(sign);
    let is_absolute = directory.is_literal && directory.text.starts_with('/');
    if !is_absolute || !directory.text.chars().all(is_path) || !run.run.heredocs.is_empty() {
        return None;
    }
    let workdir = format!("WORKDIR {}\n", directory.text);
    let gone = dockerfile::Span::new(program.span.start, rest);
    let edits = [
        Edit::insert(run.instruction.span.start, workdir),
        Edit::delete(gone),
    ];
    run.fix_of(program, Fix::guess("use WORKDIR", edits))
}

/// Where the rest of `cd … && …` begins.
fn behind_cd(and_or: &AndOr) -> Option<u32> {
    let [command] = and_or.first.commands.as_slice() else {
        return None;
    };
    let is_simple = matches!(command.kind, CommandKind::Simple(_));
    let (operator, rest) = and_or.rest.first()?;
    let is_alone = command.redirections.is_empty() && is_simple && and_or.first.bang.is_none();
    (matches!(operator, AndOrOperator::And(_)) && is_alone).then_some(rest.span.start)
}
