//! Finding `<<EOF` in an instruction, and reading the lines up to `EOF`.
//!
//! The search is purely lexical, as in BuildKit: the text is split into words as a shell would, and
//! a word that starts with `<<` (or a number before it) is a heredoc. `$((x << 2))` is one too.

use std::ops::Range;

use super::Attached;
use super::lines::Lines;
use crate::flags;
use crate::forms::Arguments;
use crate::keyword::Keyword;
use crate::text::Part;
use crate::words::{Mode, Quotes, lex};
use crate::{Diagnostic, Heredoc, Span};

/// A heredoc's word; its lines come below the instruction.
#[derive(Debug)]
pub(super) struct Announced {
    name: String,
    expand: bool,
    strip_tabs: bool,
    fd: u32,
    word: Range<usize>,
    span: Span,
}

/// The heredocs that an instruction announces.
pub(super) fn announced(statement: Part<'_>) -> Vec<Announced> {
    if !statement.text().contains("<<") || !can_have_heredocs(statement) {
        return Vec::new();
    }
    let mode = Mode {
        quotes: Quotes::Keep,
        keep_escapes: true,
        keep_unset: true,
        ..Mode::WORD
    };
    // What a shell could not split has no heredocs; whoever reads the text tells what is wrong.
    let Ok(lexed) = lex(statement.text(), mode, &|_| None) else {
        return Vec::new();
    };
    let found = lexed.words.into_iter();
    found
        .filter_map(|found| Announced::from_word(&found.text, statement.slice(found.range)))
        .collect()
}

/// Whether it is a `RUN`, `COPY` or `ADD`, maybe behind an `ONBUILD`, and not in the exec form.
fn can_have_heredocs(statement: Part<'_>) -> bool {
    let (word, rest) = statement.trim().split_first();
    let (word, rest) = match Keyword::parse(word.text()) {
        Some(Keyword::Onbuild) => flags::split(rest).1.split_first(),
        _ => (word, rest),
    };
    let keyword = Keyword::parse(word.text());
    let arguments = flags::split(rest).1;
    matches!(keyword, Some(Keyword::Run | Keyword::Copy | Keyword::Add))
        && matches!(Arguments::read(arguments), Arguments::Plain)
}

impl Announced {
    fn from_word(text: &str, part: Part<'_>) -> Option<Self> {
        let (fd, rest) = text.split_once("<<")?;
        if !fd.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let (strip_tabs, rest) = match rest.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let quoted = rest.trim_start();
        if quoted.is_empty() || quoted.contains('<') {
            return None;
        }
        let name = unquoted(quoted, Quotes::Strip)?;
        // Any quote that quotes stops the expansion; one behind a backslash does not quote.
        let expand = quotes(&name) == quotes(&unquoted(quoted, Quotes::Keep)?);
        let fd = if fd.is_empty() {
            0
        } else {
            fd.parse().unwrap_or(u32::MAX)
        };
        Some(Self {
            name,
            expand,
            strip_tabs,
            fd,
            word: part.range(),
            span: part.span(),
        })
    }

    /// Reads the body. Also gives the end of the line that ends it; nothing if there is none.
    pub(super) fn read(&self, lines: &mut Lines<'_>) -> Option<(Attached, u32)> {
        let start = lines.offset();
        let (mut body, mut written) = (String::new(), String::new());
        for line in lines {
            let text = if self.strip_tabs {
                line.text.trim_start_matches('\t')
            } else {
                line.text
            };
            if text == self.name {
                let heredoc = Heredoc {
                    name: self.name.clone(),
                    body,
                    written,
                    expand: self.expand,
                    strip_tabs: self.strip_tabs,
                    fd: self.fd,
                    span: self.span,
                    body_span: Span::new(start, start.max(line.start)),
                };
                let attached = Attached {
                    heredoc,
                    word: self.word.clone(),
                };
                return Some((attached, line.span().end));
            }
            let whole = line.whole;
            body.push_str(if self.strip_tabs {
                whole.trim_start_matches('\t')
            } else {
                whole
            });
            written.push_str(whole);
        }
        None
    }

    /// The error when the file ends before the heredoc does.
    pub(super) fn unterminated(&self) -> Diagnostic {
        let message = format!(
            "unterminated heredoc: no line below is just `{}`",
            self.name
        );
        let help = "end it with its word alone on a line; a `<<` that is no heredoc must be quoted \
                    or written without blanks around it";
        Diagnostic::error("unterminated-heredoc", self.span, message).with_help(help)
    }
}

/// The word without quotes (or with them) and escapes, if it is one word.
fn unquoted(word: &str, quotes: Quotes) -> Option<String> {
    let mode = Mode {
        quotes,
        keep_unset: true,
        ..Mode::WORD
    };
    let mut words = lex(word, mode, &|_| None).ok()?.words;
    let first = words.pop()?;
    words.is_empty().then_some(first.text)
}

fn quotes(text: &str) -> usize {
    text.matches(['\'', '"']).count()
}

#[cfg(test)]
mod tests {
    use crate::lexer::{Lexed, lex};
    use crate::{Heredoc, Source};

    fn lexed(text: &str) -> Lexed {
        lex(&Source::new("Dockerfile", text))
    }

    fn heredocs(text: &str) -> Vec<Heredoc> {
        let statements = lexed(text).statements.into_iter();
        statements
            .flat_map(|statement| statement.heredocs)
            .map(|found| found.heredoc)
            .collect()
    }

    #[test]
    fn words_and_their_quotes() {
        for (word, name, expand) in [
            ("<<EOF", "EOF", true),
            ("<<'EOF'", "EOF", false),
            ("<<\"EOF\"", "EOF", false),
            ("<<E\"O\"F", "EOF", false),
            ("<<E\\'F", "E'F", true),
            ("<<'e'o\\'f", "eo'f", false),
            ("<<'one two'", "one two", false),
            ("<< EOF", "EOF", true),
            ("<<$EOF", "$EOF", true),
            ("3<<EOF", "EOF", true),
        ] {
            let found = heredocs(&format!("RUN cat {word}\nbody\n{name}\n"));
            assert_eq!(found.len(), 1, "{word}");
            assert_eq!(
                (found[0].name.as_str(), found[0].expand),
                (name, expand),
                "{word}"
            );
            assert_eq!(found[0].body, "body\n");
        }
    }

    #[test]
    fn what_is_no_heredoc() {
        for text in [
            "RUN echo \"<<EOF\"",
            "RUN echo '<<EOF'",
            "RUN echo $((1<<4))",
            "RUN cat <<<EOF",
            "RUN cat<<EOF",
            "RUN echo it's <<EOF",
            "RUN [\"cat\", \"<<EOF\"]",
            "RUN --mount=type=cache,target=/x [\"cat <<EOF\"]",
            "CMD cat <<EOF",
            "ENV A=<<EOF",
            "RUN cat <<",
        ] {
            assert_eq!(heredocs(text), [], "{text}");
            assert_eq!(lexed(text).diagnostics, [], "{text}");
        }
    }

    #[test]
    fn bodies_are_kept_as_written() {
        let found = heredocs("COPY <<A <<-B /x/\n# a\\\n A\nA\n\t\tb\n\t  b\n\tB\nRUN next\n");
        assert_eq!(found[0].body, "# a\\\n A\n");
        assert_eq!(found[1].body, "b\n  b\n");
        assert!(found[1].strip_tabs);
        let found = heredocs("COPY <<A /x\r\none\r\nA\r\n");
        assert_eq!(found[0].body, "one\r\n");
    }

    #[test]
    fn places_fit_the_source() {
        let source = Source::new("Dockerfile", "ONBUILD COPY \\\n  <<A /x\nbody\nA\nRUN b");
        let lexed = lex(&source);
        let statement = &lexed.statements[0];
        let heredoc = &statement.heredocs[0].heredoc;
        assert_eq!(source.slice(heredoc.span), "<<A");
        assert_eq!(source.slice(heredoc.body_span), "body\n");
        assert_eq!(source.lines_of(statement.span), (1, 4));
    }

    #[test]
    fn the_end_may_be_missing() {
        let lexed = lexed("RUN echo $((x << 2 ))\nRUN y");
        assert_eq!(lexed.diagnostics[0].code, "unterminated-heredoc");
        assert!(lexed.statements[0].unterminated);
    }
}
