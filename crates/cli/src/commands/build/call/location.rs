//! Places and texts, as BuildKit's answers have them in JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dockerfile::{Source, Span};
use serde_json::{Value, json};

/// The lines of an instruction, one range each.
pub(super) fn of(span: Span, source: &Source) -> Value {
    let (first, last) = source.lines_of(span);
    let range = |line: u32| json!({ "start": { "line": line }, "end": { "line": line } });
    json!({ "ranges": (first..=last).map(range).collect::<Vec<_>>() })
}

/// The text of a Dockerfile.
pub(super) fn data(source: &Source) -> String {
    STANDARD.encode(source.text())
}
