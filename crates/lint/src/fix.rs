//! Fixes: edits of the text that mend a finding, and nothing else in the file.

use dockerfile::{Source, Span};

use crate::rule::Finding;

/// How to mend a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as a command: `add --no-install-recommends`.
    pub title: String,
    /// Whether anybody should look at it first.
    pub safety: Safety,
    /// What it changes, in any order; no two of them overlap.
    pub edits: Vec<Edit>,
}

/// Whether a fix can be applied without a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// The build does what it did, but for what was found.
    Safe,
    /// What is built can differ in more than what was found, or it is a guess.
    Unsafe,
}

/// A change of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What goes; empty where only something comes.
    pub span: Span,
    /// What comes.
    pub text: String,
}

/// A text with fixes in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The text.
    pub text: String,
    /// How many fixes are in it. Fixes that overlap others are left out: look at the text again.
    pub count: usize,
}

impl Fix {
    /// A fix that nobody need look at.
    pub(crate) fn safe(title: impl Into<String>, edits: impl Into<Vec<Edit>>) -> Self {
        Self {
            title: title.into(),
            safety: Safety::Safe,
            edits: edits.into(),
        }
    }

    /// A fix that changes more than what was found, or is a guess.
    pub(crate) fn guess(title: impl Into<String>, edits: impl Into<Vec<Edit>>) -> Self {
        Self {
            title: title.into(),
            safety: Safety::Unsafe,
            edits: edits.into(),
        }
    }
}

impl Edit {
    /// Puts a text before the byte at `at`.
    pub(crate) fn insert(at: u32, text: impl Into<String>) -> Self {
        Self::replace(Span::new(at, at), text)
    }

    /// Puts a text in the place of another.
    pub(crate) fn replace(span: Span, text: impl Into<String>) -> Self {
        Self {
            span,
            text: text.into(),
        }
    }

    /// Takes a text out.
    pub(crate) fn delete(span: Span) -> Self {
        Self::replace(span, "")
    }
}

/// The fixes of findings that can be applied at once: the first of those that overlap. Unsafe ones only where `safety` is
/// [`Safety::Unsafe`].
pub fn choose(findings: &[Finding], safety: Safety) -> Vec<&Fix> {
    let mut edits: Vec<&Edit> = Vec::new();
    let mut chosen = Vec::new();
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        let is_allowed = fix.safety == Safety::Safe || safety == Safety::Unsafe;
        let is_free = |edit: &Edit| edits.iter().all(|other| !overlap(edit, other));
        if is_allowed && fix.edits.iter().all(is_free) {
            edits.extend(&fix.edits);
            chosen.push(fix);
        }
    }
    chosen
}

/// Applies the fixes of findings that can be applied at once.
pub fn apply(source: &Source, findings: &[Finding], safety: Safety) -> Fixed {
    let chosen = choose(findings, safety);
    let count = chosen.len();
    let mut edits: Vec<&Edit> = chosen.into_iter().flat_map(|fix| &fix.edits).collect();
    edits.sort_by_key(|edit| edit.span);
    let mut text = String::with_capacity(source.text().len());
    let mut at = 0;
    for edit in edits {
        text.push_str(&source.text()[at..edit.span.start as usize]);
        text.push_str(&edit.text);
        at = edit.span.end as usize;
    }
    text.push_str(&source.text()[at..]);
    Fixed { text, count }
}

/// Whether two edits change the same bytes, or put something in the same place.
fn overlap(one: &Edit, other: &Edit) -> bool {
    one.span == other.span || one.span.start < other.span.end && other.span.start < one.span.end
}
