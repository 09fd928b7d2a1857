//! Reserved words (POSIX.1-2024 XCU 2.4): they are such only where a command can begin, and unquoted.

use super::Parser;
use super::cursor::is_meta;

/// The reserved words that end a list of commands.
const CLOSING: [&str; 8] = ["then", "else", "elif", "fi", "do", "done", "esac", "}"];

impl Parser<'_> {
    /// The next characters up to a blank or operator, if they are few and plain.
    pub(super) fn plain_word(&self) -> &str {
        let start = self.behind_continuations(self.at);
        let rest = &self.bytes()[start..];
        let is_end = |at: usize| is_meta(rest[at]) || rest[at..].starts_with(b"\\\n");
        let most = rest.len().min(12);
        let length = (0..most).find(|at| is_end(*at)).unwrap_or(most);
        let behind = self.behind_continuations(start + length);
        match self.bytes().get(behind) {
            Some(byte) if !is_meta(*byte) => "",
            _ => self.text().get(start..start + length).unwrap_or(""),
        }
    }

    /// Whether this word comes next, and comes to an end there.
    pub(super) fn is_at_word(&self, word: &str) -> bool {
        self.plain_word() == word
    }

    /// Takes this word, if it comes next.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_at_word(word);
        if found {
            self.at = self.start() + word.len();
        }
        found
    }

    /// Whether a reserved word that ends a list comes next.
    pub(super) fn is_at_closing_word(&self) -> bool {
        CLOSING.contains(&self.plain_word())
    }

    /// Takes a reserved word that has to be here.
    pub(super) fn expect_word(&mut self, word: &'static str) -> bool {
        self.linebreak();
        let found = self.eat_word(word);
        if !found {
            self.expected(word);
        }
        found
    }

    /// Takes an operator that has to be here, behind blanks.
    pub(super) fn expect(&mut self, signs: &'static str) -> bool {
        self.skip_blanks();
        let found = self.eat(signs);
        if !found {
            self.expected(signs);
        }
        found
    }
}
