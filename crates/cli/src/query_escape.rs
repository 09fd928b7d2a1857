//! Text in the query of a URL: Go's `url.QueryEscape`, which templates and bake files have.

use std::fmt::Write;

/// All but letters, digits and `-_.~` becomes `%XX`, and a space a plus.
pub(crate) fn query_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(byte.into());
            }
            b' ' => out.push('+'),
            other => write!(out, "%{other:02X}").expect("a string takes whatever is written"),
        }
    }
    out
}
