//! The pipes of a script.

use dockerfile::Span;

use crate::alike::end_of;
use crate::invocation::Invocation;
use crate::runs::RunStep;
use crate::shell::ast::{Command, CommandKind, Node, Pipeline, Word};

use super::shells::is_set;

/// Programs that do not fail, or whose failure says nothing: a closed pipe ends `yes`.
const SURE: [&str; 5] = ["echo", "printf", "yes", "true", ":"];

/// The first pipe of a script, as hadolint sees it.
pub(crate) fn any(run: &RunStep<'_>) -> Option<Span> {
    let end = end_of(run).unwrap_or(u32::MAX);
    let pipe = first(Node::List(&run.reading()?.parsed.list), &|_| true)?;
    let place = if run.is_exec() {
        run.instruction.span
    } else {
        pipe
    };
    (place.start < end || run.is_exec()).then_some(place)
}

/// The first pipe of a script in which something can fail that nobody sees.
pub(crate) fn unguarded(run: &RunStep<'_>) -> Option<Span> {
    let script = run.reading()?;
    let set = script.invocations.iter().find(|one| sets_pipefail(one));
    let from = set.map_or(u32::MAX, |set| set.span.end);
    let list = Node::List(&script.parsed.list);
    let pipe = first(list, &can_fail)?;
    match (run.is_exec(), set) {
        // The exec form has no places of its own.
        (true, None) => Some(run.instruction.span),
        (true, Some(_)) => None,
        (false, _) => (pipe.start < from).then_some(pipe),
    }
}

fn sets_pipefail(program: &Invocation) -> bool {
    let words = program.arguments.iter().map(|word| word.text.as_str());
    program.is(&["set"]) && is_set(words)
}

/// Where the first pipe of a node is that counts.
fn first(node: Node<'_>, counts: &impl Fn(&Pipeline) -> bool) -> Option<Span> {
    if let Node::Pipeline(pipeline) = node
        && let Some(pipe) = pipeline.pipes.first()
        && counts(pipeline)
    {
        return Some(*pipe);
    }
    let children = node.children().into_iter();
    children.filter_map(|child| first(child, counts)).min()
}

fn can_fail(pipeline: &Pipeline) -> bool {
    let before = pipeline
        .commands
        .split_last()
        .map_or(&[][..], |(_, before)| before);
    !before.iter().all(is_sure)
}

fn is_sure(command: &Command) -> bool {
    let CommandKind::Simple(simple) = &command.kind else {
        return false;
    };
    let name = simple.words.first().and_then(Word::literal);
    name.is_some_and(|name| SURE.contains(&name.as_str()))
}
