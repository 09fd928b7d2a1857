//! Operators of `[` and `test` that only bash has.

use dockerfile::Span;

use super::{Bashism, note};
use crate::fix::{Edit, Fix};
use crate::rules::scripts::report::Report;
use crate::rules::scripts::scene::{Scene, plain_command};
use crate::shell::ast::{Command, Condition, ConditionKind, SimpleCommand, Word};

/// Looks at a command.
pub(super) fn look(
    scene: &Scene<'_>,
    command: &Command,
    simple: &SimpleCommand,
    report: &mut Report,
) {
    let Some((name, arguments)) = plain_command(simple) else {
        return;
    };
    let words = match name.as_str() {
        "[" => arguments.split_last().map_or(&[][..], |(_, words)| words),
        "test" if arguments.len() <= 4 => arguments,
        _ => return,
    };
    // For `test` ShellCheck gives all of it as the place.
    let place = |word: &Word| match (name.as_str(), scene.is_compatible) {
        ("test", true) => command.span,
        _ => word.span,
    };
    for (at, word) in words.iter().enumerate() {
        let text = word.literal().unwrap_or_default();
        let is_unary = at == 0 || is_joint(&words[at - 1]);
        let is_binary = at > 0 && at + 1 < words.len() && !is_joint(&words[at - 1]);
        if let Some(found) = operator(&text, is_unary, is_binary, place(word), word) {
            note(scene, report, found);
        }
    }
}

/// Looks at a condition of `[[`, of which ShellCheck finds the parts, too.
pub(super) fn condition(scene: &Scene<'_>, condition: &Condition, report: &mut Report) {
    let (word, is_unary) = match &condition.kind {
        ConditionKind::Unary(word, _) => (word, true),
        ConditionKind::Binary(_, word, _) => (word, false),
        _ => return,
    };
    let text = word.literal().unwrap_or_default();
    if let Some(mut found) = operator(&text, is_unary, !is_unary, word.span, word) {
        found.fix = None;
        note(scene, report, found);
    }
}

/// What an operand cannot stand behind.
fn is_joint(word: &Word) -> bool {
    matches!(word.literal().as_deref(), Some("!" | "-a" | "-o" | "("))
}

fn operator(
    text: &str,
    is_unary: bool,
    is_binary: bool,
    place: Span,
    word: &Word,
) -> Option<Bashism> {
    Some(match text {
        "==" if is_binary => {
            let fix = Fix::safe("write =", [Edit::replace(word.span, "=")]);
            Bashism::new(3014, place, "== in place of =")
                .help("write =")
                .fix(fix)
        }
        "=~" if is_binary => {
            Bashism::new(3015, place, "=~ regex matching").help("use case or grep")
        }
        "-v" if is_unary => Bashism::new(3016, place, "test -v (in place of [ -n \"${var+x}\" ])")
            .help("write [ -n \"${var+x}\" ]"),
        _ => return None,
    })
}
