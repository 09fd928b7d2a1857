//! How many columns a text takes, and cutting it to fit.

/// Columns of a text that holds no control characters.
pub(crate) fn of(text: &str) -> usize {
    text.chars().map(of_char).sum()
}

/// The same for a text that this program painted (`ESC [ … m`).
pub(crate) fn of_styled(text: &str) -> usize {
    let mut parts = text.split('\x1b');
    let first = parts.next().map_or(0, of);
    first
        + parts
            .map(|part| part.split_once('m').map_or(0, |(_, rest)| of(rest)))
            .sum::<usize>()
}

/// The text, or as much of it as fits with `…` at the end.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if of(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut left = columns.saturating_sub(1);
    for c in text.chars() {
        let width = of_char(c);
        if width > left {
            break;
        }
        left -= width;
        out.push(c);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// Combining signs take no column, East Asian wide ones and emoji two (Unicode Annex 11, the blocks that
/// programs print in practice).
fn of_char(c: char) -> usize {
    match c as u32 {
        0x0300..=0x036F | 0x200B..=0x200F | 0x20D0..=0x20FF | 0xFE00..=0xFE0F => 0,
        0x1100..=0x115F
        | 0x2E80..=0x303E
        | 0x3041..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1F64F
        | 0x1F680..=0x1F6FF
        | 0x1F900..=0x1F9FF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{cut, of, of_styled};

    #[test]
    fn counts_columns_and_cuts() {
        assert_eq!((of("abc"), of("漢字"), of("e\u{301}")), (3, 4, 1));
        assert_eq!(of_styled("\x1b[1;31merror\x1b[0m: m"), 8);
        assert_eq!(cut("hello", 5), "hello");
        assert_eq!(cut("hello!", 5), "hell…");
        assert_eq!(cut("漢字漢字", 4), "漢…");
        assert_eq!(cut("abc", 0), "");
    }
}
