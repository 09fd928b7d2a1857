//! bash's `[[ … ]]` (Bash Reference Manual 3.2.5.2).

use dockerfile::Span;

use super::Parser;
use super::word::Context;
use crate::shell::ast::{CommandKind, Condition, ConditionKind, Part, PartKind, Word};
use crate::shell::extension::ExtensionKind;

/// The operators between two words, but `<` and `>`.
const BINARY: [&str; 13] = [
    "=", "==", "!=", "=~", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef",
];

impl Parser<'_> {
    /// `[[ … ]]`.
    pub(super) fn conditional_command(&mut self) -> CommandKind {
        let start = self.start();
        self.eat_word("[[");
        let condition = self.either();
        self.linebreak();
        if !self.eat_word("]]") {
            self.expected("]]");
            self.skip_condition();
        }
        self.extension(ExtensionKind::Conditional, self.since(start));
        CommandKind::Conditional(condition.map(Box::new))
    }

    /// Goes behind the `]]` of a condition that could not be read, or to the end of the line.
    fn skip_condition(&mut self) {
        let rest = &self.text()[self.at..];
        let line = rest.find('\n').unwrap_or(rest.len());
        let end = rest[..line].find(" ]]").map_or(line, |end| end + 3);
        self.at += end;
    }

    /// Conditions joined by `||`.
    fn either(&mut self) -> Option<Condition> {
        self.nested(|parser| {
            let mut left = parser.both()?;
            parser.linebreak();
            while parser.eat("||") {
                let Some(right) = parser.both() else { break };
                left = joined(left, right, ConditionKind::Or);
                parser.linebreak();
            }
            Some(left)
        })
    }

    /// Conditions joined by `&&`.
    fn both(&mut self) -> Option<Condition> {
        let mut left = self.one()?;
        self.linebreak();
        while self.eat("&&") {
            let Some(right) = self.one() else { break };
            left = joined(left, right, ConditionKind::And);
            self.linebreak();
        }
        Some(left)
    }

    /// A condition that is not joined.
    fn one(&mut self) -> Option<Condition> {
        self.linebreak();
        let start = self.start();
        if self.eat_word("!") {
            let inner = self.nested(Self::one)?;
            let span = self.place(start..start + 1).to(inner.span);
            return Some(Condition {
                kind: ConditionKind::Not(Box::new(inner)),
                span,
            });
        }
        if self.eat("(") {
            let inner = self.either()?;
            self.linebreak();
            self.close(")", "group", start);
            let span = self.since(start);
            return Some(Condition {
                kind: ConditionKind::Group(Box::new(inner)),
                span,
            });
        }
        self.test()
    }

    /// `word`, `-f word` or `word == word`.
    fn test(&mut self) -> Option<Condition> {
        if self.is_at_word("]]") {
            self.expected("a condition");
            return None;
        }
        let first = self.word();
        if first.is_none() {
            self.expected("a condition");
        }
        let first = first?;
        self.skip_blanks();
        if is_unary(&first)
            && !self.is_at_word("]]")
            && self.plain_binary().is_none()
            && let Some(word) = self.word()
        {
            let span = first.span.to(word.span);
            return Some(Condition {
                kind: ConditionKind::Unary(first, word),
                span,
            });
        }
        let Some(operator) = self.binary_operator() else {
            let span = first.span;
            return Some(Condition {
                kind: ConditionKind::Word(first),
                span,
            });
        };
        self.linebreak();
        let Some(right) = self.pattern() else {
            self.expected("a word");
            return None;
        };
        let span = first.span.to(right.span);
        Some(Condition {
            kind: ConditionKind::Binary(first, operator, right),
            span,
        })
    }

    fn plain_binary(&mut self) -> Option<&'static str> {
        let word = self.plain_word();
        BINARY.into_iter().find(|operator| *operator == word)
    }

    fn binary_operator(&mut self) -> Option<Word> {
        let start = self.start();
        let text = match self.peek()? {
            b'<' => "<",
            b'>' => ">",
            _ => self.plain_binary()?,
        };
        self.at += text.len();
        let span = self.since(start);
        let part = Part {
            kind: PartKind::Literal(text.to_owned()),
            span,
        };
        Some(Word {
            parts: vec![part],
            span,
        })
    }

    /// The right side of an operator: a pattern, or a regular expression.
    fn pattern(&mut self) -> Option<Word> {
        if self.is_at_word("]]") {
            return None;
        }
        let start = self.start();
        let parts = self.parts(Context::Pattern);
        let span: Option<Span> = (!parts.is_empty()).then(|| self.since(start));
        span.map(|span| Word { parts, span })
    }
}

fn is_unary(word: &Word) -> bool {
    match word.parts.as_slice() {
        [
            Part {
                kind: PartKind::Literal(text),
                ..
            },
        ] => text.len() == 2 && text.starts_with('-') && text.as_bytes()[1].is_ascii_alphabetic(),
        _ => false,
    }
}

fn joined(
    left: Condition,
    right: Condition,
    kind: fn(Box<Condition>, Box<Condition>) -> ConditionKind,
) -> Condition {
    let span = left.span.to(right.span);
    Condition {
        kind: kind(Box::new(left), Box::new(right)),
        span,
    }
}
