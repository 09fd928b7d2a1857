//! Text of others, made safe to show: a program's output may hold sequences that move the cursor, rename
//! the window or worse.

/// Takes escape sequences and control characters out of one line, and widens tabs. Of a line that was overwritten with carriage
/// returns (a progress bar) the last state stays.
pub(crate) fn line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(['\r', '\n']);
    let last = text
        .rsplit('\r')
        .find(|part| !part.is_empty())
        .unwrap_or("");
    let mut out = String::with_capacity(last.len());
    let mut chars = last.chars();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => skip_sequence(&mut chars),
            '\t' => {
                let column = out.chars().count();
                out.push_str(&" ".repeat(8 - column % 8));
            }
            c if is_harmful(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// The same for a text of several lines.
pub(crate) fn lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|part| line(part.as_bytes())).collect();
    lines.join("\n")
}

/// Control characters, and the marks that turn the direction of the text around.
fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Skips the rest of an escape sequence (ECMA-48): CSI up to its final byte, a string up to its end,
/// any other one its second character.
fn skip_sequence(chars: &mut std::str::Chars<'_>) {
    match chars.next() {
        Some('[') => {
            chars.by_ref().find(|c| ('\x40'..='\x7e').contains(c));
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            let mut escaped = false;
            for c in chars.by_ref() {
                if c == '\x07' || (escaped && c == '\\') {
                    break;
                }
                escaped = c == '\x1b';
            }
        }
        Some('(' | ')' | '*' | '+' | '#' | '%') => {
            chars.next();
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{line, lines};

    #[test]
    fn sequences_do_not_get_through() {
        assert_eq!(
            line(b"\x1b[31mred\x1b[0m and \x1b[2J\x1b[1;1Htop"),
            "red and top"
        );
        assert_eq!(line(b"\x1b]0;title\x07text\x1b]8;;u\x1b\\link"), "textlink");
        assert_eq!(line(b"\x1b(Bok\x1bMup\x07\x08\x00"), "okup");
        assert_eq!(line("a\u{202e}b\u{9b}c".as_bytes()), "abc");
        assert_eq!(line(b"\x1b["), "");
    }

    #[test]
    fn line_ends_stay() {
        assert_eq!(lines("a\x1b[2J\n\nb\x07\n"), "a\n\nb\n");
    }

    #[test]
    fn progress_bars_and_tabs() {
        assert_eq!(line(b"10%\r20%\r\n"), "20%");
        assert_eq!(line(b"10%\r20%\r\r\n"), "20%");
        assert_eq!(line(b"a\tb"), "a       b");
        assert_eq!(line(b"\xff\xfe"), "\u{fffd}\u{fffd}");
    }
}
