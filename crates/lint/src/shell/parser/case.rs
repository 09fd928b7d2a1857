//! `case` (POSIX.1-2024 XCU 2.9.4.3).

use dockerfile::Span;

use super::Parser;
use crate::shell::ast::{CaseItem, CommandKind, Word};
use crate::shell::extension::ExtensionKind;

impl Parser<'_> {
    /// `case word in … esac`.
    pub(super) fn case_command(&mut self) -> CommandKind {
        self.eat_word("case");
        let word = self.required_word("a word");
        self.expect_word("in");
        let mut items = Vec::new();
        self.linebreak();
        while self.peek().is_some() && !self.is_at_word("esac") {
            let start = self.at;
            let item = self.case_item();
            let is_last = item.terminator.is_none();
            items.push(item);
            self.linebreak();
            if is_last || self.at == start {
                break;
            }
        }
        self.expect_word("esac");
        CommandKind::Case { word, items }
    }

    /// `[(] pattern [| pattern …]) … ;;`.
    fn case_item(&mut self) -> CaseItem {
        let start = self.start();
        self.eat("(");
        let patterns = self.patterns();
        self.expect(")");
        let mut end = self.at;
        let body = self.list();
        let terminator = self.case_terminator();
        if terminator.is_some() {
            end = self.at;
        }
        let span = self.place(start..end);
        let span = if body.items.is_empty() {
            span
        } else {
            span.to(body.span)
        };
        CaseItem {
            patterns,
            body,
            terminator,
            span,
        }
    }

    fn patterns(&mut self) -> Vec<Word> {
        let mut patterns = vec![self.required_word("a pattern")];
        self.skip_blanks();
        while self.eat("|") {
            patterns.push(self.required_word("a pattern"));
            self.skip_blanks();
        }
        patterns
    }

    fn case_terminator(&mut self) -> Option<Span> {
        let start = self.start();
        if self.eat(";;&") {
            self.extension(ExtensionKind::CaseGoOn, self.since(start));
        } else if self.eat(";&") {
            self.extension(ExtensionKind::CaseFallThrough, self.since(start));
        } else if !self.eat(";;") {
            return None;
        }
        Some(self.since(start))
    }
}
