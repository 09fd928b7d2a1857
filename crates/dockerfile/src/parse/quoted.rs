//! Words between blanks, where quotes and the escape character protect blanks: `ENV`, `LABEL` and
//! `ARG`. Quotes and escapes stay in the words: they are taken off when a word is expanded.

use crate::ast::Escape;
use crate::text::Part;

/// Splits at blanks that are neither quoted nor escaped. Nothing can be escaped between single
/// quotes. An escape character at the very end is dropped; a quote that is not closed runs to the
/// end.
pub(super) fn words(part: Part<'_>, escape: Escape) -> Vec<Part<'_>> {
    let text = part.text();
    let mut words = Vec::new();
    let mut start = None;
    let mut end = text.len();
    let mut quote = None;
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        if quote.is_none() && sign.is_whitespace() {
            words.extend(start.take().map(|start| part.slice(start..at)));
            continue;
        }
        start.get_or_insert(at);
        if quote == Some(sign) {
            quote = None;
        } else if sign == escape.sign() && quote != Some('\'') {
            if signs.next().is_none() {
                end = at;
            }
        } else if quote.is_none() && (sign == '\'' || sign == '"') {
            quote = Some(sign);
        }
    }
    words.extend(
        start
            .filter(|start| *start < end)
            .map(|start| part.slice(start..end)),
    );
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Joined;

    fn split(text: &str, escape: Escape) -> Vec<String> {
        let mut joined = Joined::default();
        joined.push(0, text);
        words(joined.part(), escape)
            .iter()
            .map(|word| word.text().to_owned())
            .collect()
    }

    #[test]
    fn quotes_and_escapes_protect_blanks() {
        for (text, expected) in [
            ("a=1  b=2\t c", vec!["a=1", "b=2", "c"]),
            (
                r#"a="x y" b='p q'r c=1\ 2"#,
                vec![r#"a="x y""#, "b='p q'r", r"c=1\ 2"],
            ),
            (
                r#"a="x\" y" b='p\' c"#,
                vec![r#"a="x\" y""#, r"b='p\'", "c"],
            ),
            (r#"a="it's" b"#, vec![r#"a="it's""#, "b"]),
            (r#"a="open b c"#, vec![r#"a="open b c"#]),
            (r"a\", vec!["a"]),
            (r"\", vec![]),
            (r"a\\ b", vec![r"a\\", "b"]),
            (r#""" x"#, vec![r#""""#, "x"]),
        ] {
            assert_eq!(split(text, Escape::Backslash), expected, "{text}");
        }
        assert_eq!(
            split(r"a=C:\ b=1` 2", Escape::Backtick),
            [r"a=C:\", "b=1` 2"]
        );
    }
}
