//! Redirections (POSIX.1-2024 XCU 2.7; Bash Reference Manual 3.6).

use super::Parser;
use super::cursor::is_in_name;
use crate::shell::ast::{Redirection, RedirectionOperator, Word};
use crate::shell::extension::ExtensionKind;

/// The operators, the longer ones first.
const OPERATORS: [(&str, RedirectionOperator); 12] = [
    ("<<<", RedirectionOperator::HereString),
    ("<<-", RedirectionOperator::HeredocWithoutTabs),
    ("&>>", RedirectionOperator::AppendBoth),
    ("<<", RedirectionOperator::Heredoc),
    ("<&", RedirectionOperator::DuplicateInput),
    ("<>", RedirectionOperator::ReadWrite),
    (">>", RedirectionOperator::Append),
    (">&", RedirectionOperator::DuplicateOutput),
    (">|", RedirectionOperator::Clobber),
    ("&>", RedirectionOperator::Both),
    ("<", RedirectionOperator::Input),
    (">", RedirectionOperator::Output),
];

impl Parser<'_> {
    /// A redirection, if one comes next.
    pub(super) fn redirection(&mut self) -> Option<Redirection> {
        self.skip_blanks();
        let start = self.start();
        let length = self.descriptor_length();
        let descriptor = (length > 0).then(|| self.text()[start..start + length].to_owned());
        self.at += length;
        let Some(operator) = self.redirection_operator(descriptor.is_some()) else {
            self.at = start;
            return None;
        };
        let mut redirection = Redirection {
            descriptor,
            operator,
            target: None,
            heredoc: None,
            span: self.since(start),
        };
        self.skip_blanks();
        let word = self.start();
        // Digits before another operator are its descriptor, and no word.
        let is_word = self.descriptor_length() == 0;
        redirection.target = if is_word { self.word() } else { None };
        match &redirection.target {
            Some(target) => {
                redirection.span = self.since(start);
                redirection.heredoc = self.heredoc_of(operator, target, word);
            }
            None => self.expected("a word"),
        }
        self.mark_redirection(&redirection);
        Some(redirection)
    }

    /// The here-document of a redirection whose target began at `start`, if it is one.
    fn heredoc_of(
        &mut self,
        operator: RedirectionOperator,
        target: &Word,
        start: usize,
    ) -> Option<usize> {
        let strips_tabs = match operator {
            RedirectionOperator::Heredoc => false,
            RedirectionOperator::HeredocWithoutTabs => true,
            _ => return None,
        };
        Some(self.announce_heredoc(target, start, strips_tabs))
    }

    /// The length of the digits, or of bash's `{name}`, directly before a `<` or `>`.
    fn descriptor_length(&self) -> usize {
        let rest = &self.bytes()[self.at..];
        let count = |bytes: &[u8], is_such: fn(u8) -> bool| {
            bytes.iter().take_while(|byte| is_such(**byte)).count()
        };
        let length = match rest.first() {
            Some(b'{') => {
                let name = count(&rest[1..], is_in_name);
                let is_closed = name > 0 && rest.get(name + 1) == Some(&b'}');
                if is_closed { name + 2 } else { 0 }
            }
            _ => count(rest, |byte| byte.is_ascii_digit()),
        };
        let is_before = matches!(rest.get(length), Some(b'<' | b'>'));
        if is_before { length } else { 0 }
    }

    fn redirection_operator(&mut self, has_descriptor: bool) -> Option<RedirectionOperator> {
        let first = self.peek()?;
        let is_process = matches!(first, b'<' | b'>') && self.peek_second() == Some(b'(');
        if !matches!(first, b'<' | b'>' | b'&') || is_process || (first == b'&' && has_descriptor) {
            return None;
        }
        OPERATORS
            .into_iter()
            .find(|(signs, _)| self.eat(signs))
            .map(|(_, operator)| operator)
    }

    /// Marks what only bash understands.
    fn mark_redirection(&mut self, redirection: &Redirection) {
        let span = redirection.span;
        let descriptor = redirection.descriptor.as_deref();
        if descriptor.is_some_and(|text| text.starts_with('{')) {
            self.extension(ExtensionKind::NamedDescriptor, span);
        }
        match redirection.operator {
            RedirectionOperator::HereString => self.extension(ExtensionKind::HereString, span),
            RedirectionOperator::Both | RedirectionOperator::AppendBoth => {
                self.extension(ExtensionKind::RedirectBoth, span);
            }
            RedirectionOperator::DuplicateOutput if descriptor.is_none() => {
                let target = redirection.target.as_ref().and_then(Word::literal);
                if target.is_some_and(|text| !is_descriptor(&text)) {
                    self.extension(ExtensionKind::DuplicateToFile, span);
                }
            }
            _ => {}
        }
    }
}

/// Whether it is what can stand behind `>&`: digits, a `-`, or both.
fn is_descriptor(text: &str) -> bool {
    let digits = text.strip_suffix('-').unwrap_or(text);
    digits.bytes().all(|byte| byte.is_ascii_digit())
}
