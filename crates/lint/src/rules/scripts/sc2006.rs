//! `$(…)` rather than backquotes.

use dockerfile::{Severity, Span};

use super::report::{self, Report};
use super::scene::Scene;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::shell::ast::{Node, PartKind};

pub(crate) const RULE: Rule = Rule {
    name: "SC2006",
    summary: "Use $(...) notation instead of legacy backticks `...`",
    severity: Severity::Style,
    set: Set::ShellCheck,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "Between backquotes a backslash means something else than elsewhere, and one command within another needs backslashes before the inner quotes. `$(…)` has neither problem, and every shell knows it. Each pair of backquotes with a command in it is found, also between double quotes and in here-documents. Backquotes between single quotes and behind a backslash are text, and let pass.",
        bad: "FROM debian:bookworm\nRUN echo \"built on `uname -m`\" > /built\n",
        good: "FROM debian:bookworm\nRUN echo \"built on $(uname -m)\" > /built\n",
        configure: None,
    },
    find,
};

const MESSAGE: &str = "Use $(...) notation instead of legacy backticks `...`.";

fn find(file: &File<'_>) -> Vec<Found> {
    report::of(file, RULE.name)
}

pub(super) fn look(scene: &Scene<'_>, trail: &[Node<'_>], node: Node<'_>, report: &mut Report) {
    let Node::Part(part) = node else { return };
    let PartKind::Backquoted(list) = &part.kind else {
        return;
    };
    if list.items.is_empty() {
        return;
    }
    let found = scene.found(part.span, MESSAGE);
    let fix = fix(scene, trail, part.span).and_then(|fix| scene.fix(fix));
    report.push(&RULE, found.help("write $(…)").fix(fix));
}

/// The same with `$(…)`. One within another waits until the outer one is mended, since its backquotes are escaped; a
/// comment would take the parenthesis with it.
fn fix(scene: &Scene<'_>, trail: &[Node<'_>], span: Span) -> Option<Fix> {
    let text = scene.source.slice(span);
    let inner = text.strip_prefix('`')?.strip_suffix('`')?;
    let is_backquoted = |node: &Node<'_>| matches!(node, Node::Part(part) if matches!(part.kind, PartKind::Backquoted(_)));
    let has_comment = |comment: &Span| span.start < comment.start && comment.start < span.end;
    if trail.iter().any(is_backquoted) || scene.parsed.comments.iter().any(has_comment) {
        return None;
    }
    let is_quoted = is_quoted(trail);
    let start = if inner.starts_with('(') { "$( " } else { "$(" };
    let mut edits = vec![
        Edit::replace(Span::new(span.start, span.start + 1), start),
        Edit::replace(Span::new(span.end - 1, span.end), ")"),
    ];
    let mut at = span.start + 1;
    let mut signs = inner.chars().peekable();
    while let Some(sign) = signs.next() {
        let here = at;
        at += u32::try_from(sign.len_utf8()).unwrap_or(1);
        let goes = match signs.peek() {
            Some('$' | '`' | '\\') => true,
            Some('"') => is_quoted,
            _ => false,
        };
        if sign == '\\' && goes {
            edits.push(Edit::delete(Span::new(here, at)));
            at += 1;
            signs.next();
        }
    }
    Some(Fix::safe("write $(…)", edits))
}

/// Whether it stands directly between double quotes, where a backslash before a quote goes, too.
fn is_quoted(trail: &[Node<'_>]) -> bool {
    let is_quotes = |node: &Node<'_>| matches!(node, Node::Part(part) if matches!(part.kind, PartKind::DoubleQuoted(_)));
    trail.last().is_some_and(is_quotes)
}
