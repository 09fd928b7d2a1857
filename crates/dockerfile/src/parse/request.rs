//! An instruction before its arguments are read: keyword, flags, the rest.

use crate::ast::Escape;
use crate::flags::{self, Flag, Flags, Known};
use crate::keyword::Keyword;
use crate::lexer::{Attached, Statement};
use crate::text::Part;
use crate::{Diagnostic, Span, suggest};

/// The parts of an instruction.
pub(super) struct Request<'a> {
    /// What it is.
    pub(super) keyword: Keyword,
    /// The keyword as written.
    pub(super) word: Part<'a>,
    /// All of the text, keyword included, blanks behind it too.
    pub(super) text: Part<'a>,
    /// The flags.
    flags: Vec<Flag<'a>>,
    /// What follows the flags.
    pub(super) arguments: Part<'a>,
    /// The heredocs that its words announce.
    pub(super) heredocs: &'a [Attached],
    /// From the keyword to the last line, heredocs included.
    pub(super) span: Span,
    /// The escape character in force.
    pub(super) escape: Escape,
}

impl<'a> Request<'a> {
    /// Takes the text of a statement apart.
    pub(super) fn read(statement: &'a Statement, escape: Escape) -> Result<Self, Diagnostic> {
        let text = statement.joined.part();
        Self::split(text, &statement.heredocs, statement.span, escape)
    }

    /// The instruction behind an `ONBUILD`.
    pub(super) fn inner(&self) -> Result<Self, Diagnostic> {
        let start = self.arguments.range().start - self.text.range().start;
        let span = Span::new(self.arguments.span().start, self.span.end);
        Self::split(self.text.after(start), self.heredocs, span, self.escape)
    }

    fn split(
        text: Part<'a>,
        heredocs: &'a [Attached],
        span: Span,
        escape: Escape,
    ) -> Result<Self, Diagnostic> {
        let (word, rest) = text.trim().split_first();
        let keyword = Keyword::parse(word.text()).ok_or_else(|| unknown(word))?;
        let (flags, arguments) = flags::split(rest);
        Ok(Self {
            keyword,
            word,
            text,
            flags,
            arguments,
            heredocs,
            span,
            escape,
        })
    }

    /// Its name in capitals.
    pub(super) fn name(&self) -> &'static str {
        self.keyword.name()
    }

    /// The flags, checked against what this instruction knows.
    pub(super) fn flags(&self, known: &Known) -> Result<Flags, Diagnostic> {
        Flags::read(&self.flags, self.keyword, known)
    }

    /// For instructions that know no flag.
    pub(super) fn no_flags(&self) -> Result<(), Diagnostic> {
        self.flags(&[]).map(drop)
    }

    /// The error about missing arguments: `RUN requires …`.
    pub(super) fn requires(&self, what: &str) -> Diagnostic {
        let message = format!("{} requires {what}", self.name());
        Diagnostic::error("missing-argument", self.text.trim().span(), message)
    }
}

fn unknown(word: Part<'_>) -> Diagnostic {
    let message = format!("unknown instruction: {}", word.text());
    Diagnostic::error("unknown-instruction", word.span(), message)
        .suggesting(suggest(word.text(), Keyword::names()))
}
