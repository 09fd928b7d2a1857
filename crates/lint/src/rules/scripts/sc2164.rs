//! A `cd` that fails is noticed.

use dockerfile::Severity;

use super::condition::is_condition;
use super::report::{self, Report};
use super::scene::{Scene, command, is_in_function};
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::shell::ast::{CommandKind, Node, Separator, Word};

pub(crate) const RULE: Rule = Rule {
    name: "SC2164",
    summary: "Use 'cd ... || exit' or 'cd ... || return' in case cd fails",
    severity: Severity::Warning,
    set: Set::ShellCheck,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "After a `cd` that fails the commands behind it run in the wrong directory: `cd /tmp/x; rm -rf *`. `cd`, `pushd` and `popd` are found whose outcome nothing looks at: neither `&&`, `||` nor an `if` or a loop. It is let pass where the script says `set -e` or `SHELL` starts the shell with `-e`, and for `/`, `.` and `..`. ShellCheck, through hadolint, does not see the flags of `SHELL`, and finds a `cd` that is the last command of a `RUN`, whose failure fails the build. (What stays between `RUN`s is said with `WORKDIR`.)",
        bad: "FROM debian:bookworm\nRUN cd /src; make install\n",
        good: "FROM debian:bookworm\nRUN cd /src && make install\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    report::of(file, RULE.name)
}

pub(super) fn look(scene: &Scene<'_>, trail: &[Node<'_>], node: Node<'_>, report: &mut Report) {
    let Node::Command(place) = node else { return };
    let CommandKind::Simple(simple) = &place.kind else {
        return;
    };
    let Some((name, arguments)) = command(simple) else {
        return;
    };
    if !matches!(name.as_str(), "cd" | "pushd" | "popd") || scene.is_strict {
        return;
    }
    let first = arguments.first().and_then(Word::literal);
    let turns_only = name == "pushd" && first.as_deref() == Some("-n");
    if turns_only || is_there(arguments) || is_condition(trail, node) {
        return;
    }
    if !scene.is_compatible && is_end(scene, trail) {
        return;
    }
    let message =
        format!("Use '{name} ... || exit' or '{name} ... || return' in case {name} fails.");
    let is_alone = matches!(trail.last(), Some(Node::Pipeline(one)) if one.commands.len() == 1 && one.bang.is_none());
    let exit = if is_in_function(trail) {
        " || return"
    } else {
        " || exit"
    };
    let fix =
        is_alone.then(|| Fix::guess(format!("add{exit}"), [Edit::insert(place.span.end, exit)]));
    let found = scene.found(place.span, message);
    report.push(
        &RULE,
        found
            .help("put && behind it, or || exit")
            .fix(fix.and_then(|fix| scene.fix(fix))),
    );
}

/// Whether it is a directory that there surely is: `/`, `..`.
fn is_there(arguments: &[Word]) -> bool {
    let [directory] = arguments else { return false };
    let text = directory.literal().unwrap_or_default();
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'.' | b'/'))
}

/// Whether its outcome is that of the script.
fn is_end(scene: &Scene<'_>, trail: &[Node<'_>]) -> bool {
    let [
        Node::List(list),
        Node::AndOr(item),
        Node::Pipeline(pipeline),
    ] = trail
    else {
        return false;
    };
    let is_last = list.items.last().is_some_and(|last| {
        std::ptr::eq(&raw const last.and_or, *item) && last.separator != Some(Separator::Ampersand)
    });
    is_last && pipeline.commands.len() == 1 && std::ptr::eq(*list, &raw const scene.parsed.list)
}
