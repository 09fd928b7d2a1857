//! The characters: line continuations, blanks, comments, newlines (POSIX.1-2024 XCU 2.2.1 and 2.3).

use std::ops::Range;

use super::Parser;

/// What ends an unquoted word: blanks, newlines, and the characters of operators.
pub(super) fn is_meta(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')'
    )
}

/// What a name can start with.
pub(super) fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// What a name can go on with.
pub(super) fn is_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl Parser<'_> {
    /// The text up to where to stop.
    pub(super) fn text(&self) -> &str {
        &self.script.text()[..self.end]
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.text().as_bytes()
    }

    /// Where the next character is: behind line continuations.
    pub(super) fn behind_continuations(&self, mut at: usize) -> usize {
        while self.bytes()[at.min(self.end)..].starts_with(b"\\\n") {
            at += 2;
        }
        at
    }

    /// Goes behind line continuations, and tells where that is.
    pub(super) fn start(&mut self) -> usize {
        self.at = self.behind_continuations(self.at);
        self.at
    }

    /// The next byte.
    pub(super) fn peek(&self) -> Option<u8> {
        let at = self.behind_continuations(self.at);
        self.bytes().get(at).copied()
    }

    /// The byte behind the next one.
    pub(super) fn peek_second(&self) -> Option<u8> {
        let at = self.behind_continuations(self.at);
        let at = self.behind_continuations(at + 1);
        self.bytes().get(at).copied()
    }

    /// Behind `signs`, if they come next.
    fn behind(&self, signs: &str) -> Option<usize> {
        let mut at = self.at;
        for sign in signs.bytes() {
            at = self.behind_continuations(at);
            if self.bytes().get(at) != Some(&sign) {
                return None;
            }
            at += 1;
        }
        Some(at)
    }

    /// Whether `signs` come next.
    pub(super) fn is_at(&self, signs: &str) -> bool {
        self.behind(signs).is_some()
    }

    /// Takes `signs`, if they come next.
    pub(super) fn eat(&mut self, signs: &str) -> bool {
        let behind = self.behind(signs);
        self.at = behind.unwrap_or(self.at);
        behind.is_some()
    }

    /// Takes the next character, line continuations not among them.
    pub(super) fn take_char(&mut self) -> Option<char> {
        let sign = self.text()[self.at..].chars().next()?;
        self.at += sign.len_utf8();
        Some(sign)
    }

    /// Takes bytes as long as they are such, and gives them.
    pub(super) fn take_while(&mut self, is_such: impl Fn(u8) -> bool) -> String {
        let mut taken = String::new();
        while let Some(byte) = self.peek().filter(|byte| byte.is_ascii() && is_such(*byte)) {
            self.at = self.start() + 1;
            taken.push(char::from(byte));
        }
        taken
    }

    /// Goes behind blanks and a comment.
    pub(super) fn skip_blanks(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' => self.at = self.start() + 1,
                b'#' => self.comment(),
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        let start = self.start();
        let length = self.text()[start..].find('\n');
        self.at = length.map_or(self.end, |length| start + length);
        self.comments.push(self.since(start));
    }

    /// Takes a newline, and the here-documents that begin behind it.
    pub(super) fn newline(&mut self) -> bool {
        let found = self.eat("\n");
        if found {
            self.read_heredocs();
        }
        found
    }

    /// Goes behind blanks, comments and newlines: `linebreak` of the grammar.
    pub(super) fn linebreak(&mut self) {
        self.skip_blanks();
        while self.newline() {
            self.skip_blanks();
        }
    }

    /// Where the next token is, as far as that can be told without reading it: an operator, or what has no blank.
    pub(super) fn next_token(&self) -> Range<usize> {
        let start = self.behind_continuations(self.at);
        let rest = &self.bytes()[start.min(self.end)..];
        let operators: [&[u8]; 6] = [b"&&", b"||", b";;", b"<<", b">>", b"|&"];
        let length = match rest.first() {
            None => 0,
            Some(byte) if is_meta(*byte) => {
                1 + usize::from(operators.iter().any(|operator| rest.starts_with(operator)))
            }
            Some(_) => { rest.iter().take(80) }
                .position(|byte| is_meta(*byte))
                .unwrap_or(rest.len().min(80)),
        };
        start..self.text().ceil_char_boundary(start + length)
    }
}
