//! What fixes would change, as a unified diff.

use crate::terminal::clean;
use crate::terminal::style::Style;
use similar::TextDiff;

/// The difference of two texts, with git's names for the sides; nothing if there is none.
pub(super) fn unified(name: &str, before: &str, after: &str, style: Style) -> String {
    let sided = |side: &str| match name.starts_with('/') {
        true => name.to_owned(),
        false => format!("{side}/{name}"),
    };
    let diff = TextDiff::from_lines(before, after);
    let text = diff
        .unified_diff()
        .header(&sided("a"), &sided("b"))
        .to_string();
    match style.is_coloured() {
        true => text
            .lines()
            .map(|line| painted(line, style) + "\n")
            .collect(),
        false => text,
    }
}

fn painted(line: &str, style: Style) -> String {
    let shown = clean::line(line.as_bytes());
    match line.as_bytes().first() {
        Some(b'+') => style.green(&shown),
        Some(b'-') => style.red(&shown),
        Some(b'@') => style.cyan(&shown),
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::unified;
    use crate::terminal::style::Style;

    #[test]
    fn differences_are_shown() {
        let shown = unified("x/Dockerfile", "a\nb\nc", "a\nB\nc", Style::plain());
        let want = "--- a/x/Dockerfile\n+++ b/x/Dockerfile\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n\\ No newline at end of file\n";
        assert_eq!(shown, want);
        assert_eq!(unified("x", "a\n", "a\n", Style::plain()), "");
    }
}
