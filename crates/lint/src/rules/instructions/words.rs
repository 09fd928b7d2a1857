//! Words as they stand in the text.

use dockerfile::Escape;

/// A word without its quotes and escapes; variables stay as they are.
pub(super) fn unquoted(text: &str, escape: Escape) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        match sign {
            _ if quote == Some(sign) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(sign),
            _ if sign == escape.sign() && quote != Some('\'') => {
                let next = signs.next();
                // Between double quotes it is a sign like others before most others.
                let is_plain = quote.is_some()
                    && next.is_some_and(|next| next != '"' && next != '$' && next != sign);
                out.extend(is_plain.then_some(sign));
                out.extend(next);
            }
            _ => out.push(sign),
        }
    }
    out
}

/// A word without the quotes around it, of both kinds: how hadolint reads paths.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

/// Whether a path is one of Windows from its drive on: `c:\app`, `c:`.
pub(super) fn has_drive(path: &str) -> bool {
    let mut signs = path.chars();
    signs.next().is_some_and(char::is_alphabetic) && signs.next() == Some(':')
}

/// Whether a path does not depend on a working directory, or cannot be told: it begins with a variable.
pub(super) fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '$']) || has_drive(path)
}

/// The last part of a path, whatever system it is for.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::unquoted;
    use dockerfile::Escape;

    #[test]
    fn quotes_are_taken_off() {
        for (text, expected) in [
            ("a", "a"),
            (r#""a b""#, "a b"),
            (r#"'a"b'c"#, "a\"bc"),
            (r#""a\"b\c""#, "a\"b\\c"),
            (r"a\ b\", "a b"),
            ("\"$A", "$A"),
        ] {
            assert_eq!(unquoted(text, Escape::Backslash), expected, "{text}");
        }
    }
}
