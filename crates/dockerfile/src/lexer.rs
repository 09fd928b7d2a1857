//! From lines to statements: directives, comments, continuations and heredoc bodies.
//!
//! A statement is the text of one instruction in one piece, with its heredocs. What the text says
//! is no matter here, but for one question: whether the instruction can have heredocs at all.

mod directives;
mod heredocs;
mod lines;

use crate::ast::{Directives, Word};
use crate::keyword::Keyword;
use crate::text::{Joined, Part};
use crate::{Diagnostic, Escape, Heredoc, Source, Span};
use lines::{Line, Lines};

/// The longest line, in bytes, that BuildKit reads.
const MAX_LINE: usize = 65535;

/// A file, cut into statements.
#[derive(Debug, Default)]
pub(crate) struct Lexed {
    /// The parser directives.
    pub(crate) directives: Directives,
    /// The instructions.
    pub(crate) statements: Vec<Statement>,
    /// The comment lines outside of heredocs.
    pub(crate) comments: Vec<Word>,
    /// The blank lines between continued ones.
    pub(crate) blank_continuations: Vec<Span>,
    /// What is wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// The text of one instruction, and its heredocs.
#[derive(Debug)]
pub(crate) struct Statement {
    /// The lines put together.
    pub(crate) joined: Joined,
    /// The heredocs whose words stand in it, in order.
    pub(crate) heredocs: Vec<Attached>,
    /// From the keyword to the last line, heredocs included.
    pub(crate) span: Span,
    /// Whether a heredoc has no end. Then there is a diagnostic about it already.
    pub(crate) unterminated: bool,
}

/// A heredoc, and where its word stands in the joined text.
#[derive(Clone, Debug)]
pub(crate) struct Attached {
    /// The heredoc.
    pub(crate) heredoc: Heredoc,
    /// `<<EOF` in the text of the statement.
    pub(crate) word: std::ops::Range<usize>,
}

/// Cuts a file into statements.
pub(crate) fn lex(source: &Source) -> Lexed {
    let mut lexer = Lexer {
        lines: Lines::new(source.text()),
        zone: directives::Zone::default(),
        lexed: Lexed::default(),
    };
    while let Some(line) = lexer.lines.next() {
        lexer.line(line);
    }
    lexer.lexed.diagnostics.extend(long_lines(source.text()));
    lexer.lexed
}

fn long_lines(text: &str) -> impl Iterator<Item = Diagnostic> {
    let long = Lines::new(text).filter(|line| line.text.len() > MAX_LINE);
    long.map(|line| {
        let message = format!(
            "this line has {} bytes; {MAX_LINE} are allowed",
            line.text.len()
        );
        let help = "put long texts into files, or break the line";
        Diagnostic::error("line-too-long", line.span(), message).with_help(help)
    })
}

struct Lexer<'a> {
    lines: Lines<'a>,
    zone: directives::Zone,
    lexed: Lexed,
}

impl Lexer<'_> {
    /// A line that does not continue another one.
    fn line(&mut self, line: Line<'_>) {
        let line = line.trim_start();
        if self.zone.read(line, &mut self.lexed) || self.comment(line) {
            return;
        }
        let (text, continued) = strip_continuation(line.text, self.escape());
        if text.is_empty() && !continued {
            return;
        }
        let mut joined = Joined::default();
        joined.push(line.start, text);
        if continued {
            self.continue_into(&mut joined);
        }
        let text = joined.part().trim();
        let start = if text.text().is_empty() {
            line.start
        } else {
            text.span().start
        };
        let span = Span::new(start, text.span().end);
        self.statement(joined, span);
    }

    fn escape(&self) -> Escape {
        self.lexed.directives.escape
    }

    /// Takes a comment line. It may stand between continued lines.
    fn comment(&mut self, line: Line<'_>) -> bool {
        let line = line.trim_start();
        let is_comment = line.text.starts_with('#');
        if is_comment {
            self.lexed.comments.push(Word {
                text: line.text.to_owned(),
                span: line.span(),
            });
        }
        is_comment
    }

    /// Puts the lines behind a continuation sign to the text. Their leading blanks stay.
    fn continue_into(&mut self, joined: &mut Joined) {
        while let Some(line) = self.lines.next() {
            if self.comment(line) {
                continue;
            }
            if line.trim_start().text.is_empty() {
                self.lexed.blank_continuations.push(line.span());
                continue;
            }
            let (text, continued) = strip_continuation(line.text, self.escape());
            joined.push(line.start, text);
            if !continued {
                return;
            }
        }
    }

    fn statement(&mut self, joined: Joined, mut span: Span) {
        let mut heredocs = Vec::new();
        let mut unterminated = false;
        for announced in heredocs::announced(joined.part()) {
            let Some((attached, end)) = announced.read(&mut self.lines) else {
                self.lexed.diagnostics.push(announced.unterminated());
                unterminated = true;
                break;
            };
            heredocs.push(attached);
            span.end = span.end.max(end);
        }
        self.lexed.statements.push(Statement {
            joined,
            heredocs,
            span,
            unterminated,
        });
    }
}

impl Lexed {
    /// Whether any statement is a `FROM`, be it a bad one.
    pub(crate) fn has_from(&self) -> bool {
        let keywords = self
            .statements
            .iter()
            .map(|statement| statement.text().split_first().0);
        keywords
            .map(|word| Keyword::parse(word.text()))
            .any(|found| found == Some(Keyword::From))
    }
}

impl Statement {
    /// Its text, without blanks on both sides.
    pub(crate) fn text(&self) -> Part<'_> {
        self.joined.part().trim()
    }
}

/// Takes off a continuation sign with the blanks behind it. Two signs in a row continue nothing.
fn strip_continuation(line: &str, escape: Escape) -> (&str, bool) {
    let sign = escape.sign();
    match line.trim_end_matches([' ', '\t']).strip_suffix(sign) {
        Some(text) if !text.ends_with(sign) => (text, true),
        _ => (line, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(text: &str) -> Vec<String> {
        let lexed = lex(&Source::new("Dockerfile", text));
        lexed
            .statements
            .iter()
            .map(|statement| statement.text().text().to_owned())
            .collect()
    }

    #[test]
    fn lines_are_joined() {
        for (text, joined) in [
            ("RUN a\\\nb", vec!["RUN ab"]),
            ("RUN a \\ \t\n   b\nRUN c", vec!["RUN a    b", "RUN c"]),
            ("RUN a\\\\\nRUN b", vec!["RUN a\\\\", "RUN b"]),
            ("RUN a \\\n# note\n\n  # note\\\n b", vec!["RUN a  b"]),
            ("RUN a \\\n\\\n  \\\n  b", vec!["RUN a     b"]),
            ("RUN a \\", vec!["RUN a"]),
            ("  RUN a\r\n\r\nRUN b \\\r\nc\r\n", vec!["RUN a", "RUN b c"]),
            ("\\\nRUN a", vec!["RUN a"]),
            (
                "# escape=`\nRUN a `\n b\\\nRUN c",
                vec!["RUN a  b\\", "RUN c"],
            ),
        ] {
            assert_eq!(statements(text), joined, "{text:?}");
        }
    }

    #[test]
    fn comments_and_blank_continuations_are_kept() {
        let text = "# syntax=x\n# one\nRUN a \\\n\n  # two\n b\n# three";
        let lexed = lex(&Source::new("Dockerfile", text));
        let comments: Vec<_> = lexed
            .comments
            .iter()
            .map(|word| word.text.as_str())
            .collect();
        assert_eq!(comments, ["# one", "# two", "# three"]);
        assert_eq!(lexed.blank_continuations.len(), 1);
    }

    #[test]
    fn a_long_line_is_an_error() {
        let text = format!(
            "RUN {}\nRUN {}",
            "x".repeat(MAX_LINE - 4),
            "x".repeat(MAX_LINE)
        );
        let lexed = lex(&Source::new("Dockerfile", text));
        assert_eq!(lexed.diagnostics.len(), 1);
        assert_eq!(lexed.diagnostics[0].code, "line-too-long");
    }
}
