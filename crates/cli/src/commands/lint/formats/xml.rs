//! Texts in XML.

/// A text as the value of an attribute in double quotes.
pub(super) fn attribute(text: &str) -> String {
    escaped(text, |sign| match sign {
        '<' => Some("&lt;"),
        '&' => Some("&amp;"),
        '"' => Some("&quot;"),
        _ => None,
    })
}

/// A text between tags.
pub(super) fn text(text: &str) -> String {
    escaped(text, |sign| match sign {
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '&' => Some("&amp;"),
        _ => None,
    })
}

/// XML 1.0 has no way to write most control characters.
fn escaped(text: &str, escape: impl Fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match escape(sign) {
            Some(name) => out.push_str(name),
            None if sign < ' ' && !matches!(sign, '\t' | '\n' | '\r') => {
                out.push(char::REPLACEMENT_CHARACTER);
            }
            None => out.push(sign),
        }
    }
    out
}
