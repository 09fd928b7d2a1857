//! `A && B || C` is no `if`.

use dockerfile::Severity;

use super::condition::is_condition;
use super::report::{self, Report};
use super::scene::{Scene, command};
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::shell::ast::{AndOrOperator, Command, CommandKind, Node, Pipeline, SimpleCommand};

pub(crate) const RULE: Rule = Rule {
    name: "SC2015",
    summary: "Note that A && B || C is not if-then-else. C may run when A is true",
    severity: Severity::Info,
    set: Set::ShellCheck,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "In `A && B || C` the last command also runs when A succeeded and B failed. In a `RUN` that often hides that B failed, and the build goes on. Only lists are found that end like this and whose outcome nothing else looks at. It is let pass where B is `[`, `[[` or `test`, and where C is `true`, `:`, `echo`, `printf`, `exit`, `return` or an assignment: then it is likely meant so.",
        bad: "FROM debian:bookworm\nRUN test -f /a && cp /a /b || touch /b\n",
        good: "FROM debian:bookworm\nRUN if test -f /a; then cp /a /b; else touch /b; fi\n",
        configure: None,
    },
    find,
};

const MESSAGE: &str = "Note that A && B || C is not if-then-else. C may run when A is true.";

/// What can run in either case.
const HARMLESS: [&str; 6] = ["true", ":", "echo", "printf", "exit", "return"];

fn find(file: &File<'_>) -> Vec<Found> {
    report::of(file, RULE.name)
}

pub(super) fn look(scene: &Scene<'_>, trail: &[Node<'_>], node: Node<'_>, report: &mut Report) {
    let Node::AndOr(list) = node else { return };
    let [
        ..,
        (AndOrOperator::And(place), second),
        (AndOrOperator::Or(_), third),
    ] = list.rest.as_slice()
    else {
        return;
    };
    if is_test(second) || is_harmless(third) || is_condition(trail, node) {
        return;
    }
    let found = scene.found(*place, MESSAGE);
    report.push(&RULE, found.help("write if A; then B; else C; fi"));
}

/// The one command of a pipeline.
fn only(pipeline: &Pipeline) -> Option<&Command> {
    match pipeline.commands.as_slice() {
        [command] => Some(command),
        _ => None,
    }
}

fn simple(command: &Command) -> Option<&SimpleCommand> {
    match &command.kind {
        CommandKind::Simple(simple) => Some(simple),
        _ => None,
    }
}

fn is_test(pipeline: &Pipeline) -> bool {
    let Some(command) = only(pipeline).filter(|_| pipeline.bang.is_none()) else {
        return false;
    };
    let name = simple(command).and_then(super::scene::plain_command);
    matches!(command.kind, CommandKind::Conditional(_))
        || name.is_some_and(|(name, _)| matches!(name.as_str(), "[" | "test"))
}

fn is_harmless(pipeline: &Pipeline) -> bool {
    let Some(simple) = only(pipeline).and_then(simple) else {
        return false;
    };
    let is_assignment = simple.words.is_empty() && !simple.assignments.is_empty();
    let name = command(simple).map(|(name, _)| name);
    is_assignment || name.is_some_and(|name| HARMLESS.contains(&name.as_str()))
}
