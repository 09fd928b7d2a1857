//! `export x=$(…)` succeeds whatever the command does.

use dockerfile::Severity;

use super::report::{self, Report};
use super::scene::Scene;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::shell::ast::{AndOrOperator, Command, CommandKind, Node, Part, PartKind, SimpleCommand};
use crate::shell::declaration::{Declared, How, declared};

pub(crate) const RULE: Rule = Rule {
    name: "SC2155",
    summary: "Declare and assign separately to avoid masking return values",
    severity: Severity::Warning,
    set: Set::ShellCheck,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "`export x=$(command)` succeeds even if the command fails: neither `&&` nor `set -e` sees it, and the build goes on with an empty variable. The same is true of `local`, `declare`, `typeset` and `readonly`. A plain `x=$(command)` fails with the command. Values with a `$(…)` or backquotes in them are found, also between double quotes; not arrays, arithmetic, and defaults in `${x:-$(…)}`.",
        bad: "FROM debian:bookworm\nRUN export VERSION=\"$(cat /version)\" && make install\n",
        good: "FROM debian:bookworm\nRUN VERSION=\"$(cat /version)\" && export VERSION && make install\n",
        configure: None,
    },
    find,
};

const MESSAGE: &str = "Declare and assign separately to avoid masking return values.";

fn find(file: &File<'_>) -> Vec<Found> {
    report::of(file, RULE.name)
}

pub(super) fn look(scene: &Scene<'_>, trail: &[Node<'_>], node: Node<'_>, report: &mut Report) {
    let Node::Command(command) = node else { return };
    let CommandKind::Simple(simple) = &command.kind else {
        return;
    };
    for declared in declared(simple) {
        let value = match &declared.how {
            How::Set(_, parts, _) => *parts,
            // `declare -i` has a value, too, which is no number yet.
            _ => continue,
        };
        if has_command(value) {
            let fix = is_alone(trail)
                .then(|| fix(scene, command, simple, &declared))
                .flatten();
            let fix = fix.and_then(|fix| scene.fix(fix));
            let found = scene.found(declared.place, MESSAGE);
            report.push(&RULE, found.help("assign first, and declare then").fix(fix));
        }
    }
}

fn has_command(parts: &[Part]) -> bool {
    parts.iter().any(|part| match &part.kind {
        PartKind::Command(_) | PartKind::Backquoted(_) => true,
        PartKind::DoubleQuoted(parts) => has_command(parts),
        _ => false,
    })
}

/// Whether two commands can take its place: nothing negates it, and no `||` would be there for both.
fn is_alone(trail: &[Node<'_>]) -> bool {
    let [.., Node::AndOr(list), Node::Pipeline(pipeline)] = trail else {
        return false;
    };
    let is_or = |(operator, _): &(AndOrOperator, _)| matches!(operator, AndOrOperator::Or(_));
    pipeline.commands.len() == 1 && pipeline.bang.is_none() && !list.rest.iter().any(is_or)
}

/// The same as two commands, where it is one variable and no flag.
fn fix(
    scene: &Scene<'_>,
    command: &Command,
    simple: &SimpleCommand,
    declared: &Declared<'_>,
) -> Option<Fix> {
    let [name, argument] = simple.words.as_slice() else {
        return None;
    };
    let is_more = !simple.assignments.is_empty() || !command.redirections.is_empty();
    if is_more || matches!(declared.how, How::Set(_, _, true)) {
        return None;
    }
    let program = name.literal()?;
    let assignment = scene.source.slice(argument.span);
    let variable = &declared.name;
    let text = match program.as_str() {
        "export" | "readonly" => format!("{assignment} && {program} {variable}"),
        "local" | "declare" | "typeset" => format!("{program} {variable} && {assignment}"),
        _ => return None,
    };
    let edit = Edit::replace(command.span, text);
    Some(Fix::guess("assign and declare separately", [edit]))
}
