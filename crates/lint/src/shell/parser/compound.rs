//! Compound commands but `case` and `[[` (POSIX.1-2024 XCU 2.9.4; Bash Reference Manual 3.2.5).

use super::Parser;
use super::function::is_name;
use super::word::Context;
use crate::shell::ast::{Arithmetic, CommandKind, IfBranch, List, Word};
use crate::shell::error::SyntaxErrorKind;
use crate::shell::extension::ExtensionKind;

impl Parser<'_> {
    /// `( … )`, or bash's `((…))`.
    pub(super) fn parentheses(&mut self, start: usize) -> CommandKind {
        if self.is_at("((") && self.is_arithmetic(start + 2) {
            let arithmetic = self.double_parentheses(start);
            self.extension(ExtensionKind::ArithmeticCommand, self.since(start));
            return CommandKind::Arithmetic(arithmetic);
        }
        self.eat("(");
        let list = self.compound_list();
        self.close(")", "subshell", start);
        CommandKind::Subshell(list)
    }

    /// The expression of `((…))`.
    fn double_parentheses(&mut self, start: usize) -> Arithmetic {
        self.eat("((");
        let parts = self.parts(Context::Arithmetic);
        self.close("))", "arithmetic expression", start);
        Arithmetic { parts }
    }

    /// Takes what closes something that began at `start`.
    pub(super) fn close(&mut self, signs: &'static str, what: &'static str, start: usize) {
        if self.eat(signs) {
            return;
        }
        if self.peek().is_none() {
            self.unterminated(what, start);
        } else {
            self.expected(signs);
        }
    }

    /// `{ …; }`.
    pub(super) fn brace_group(&mut self) -> CommandKind {
        self.eat_word("{");
        let list = self.compound_list();
        self.expect_word("}");
        CommandKind::BraceGroup(list)
    }

    /// `if … fi`.
    pub(super) fn if_command(&mut self) -> CommandKind {
        let mut branches = vec![self.if_branch("if")];
        while self.is_at_word("elif") {
            branches.push(self.if_branch("elif"));
        }
        let otherwise = self.eat_word("else").then(|| self.compound_list());
        self.expect_word("fi");
        CommandKind::If {
            branches,
            otherwise,
        }
    }

    fn if_branch(&mut self, keyword: &str) -> IfBranch {
        let start = self.start();
        self.eat_word(keyword);
        let condition = self.compound_list();
        self.expect_word("then");
        let body = self.compound_list();
        let span = self.place(start..start + keyword.len()).to(condition.span);
        let span = span.to(body.span);
        IfBranch {
            condition,
            body,
            span,
        }
    }

    /// `while … do … done`.
    pub(super) fn while_command(&mut self) -> CommandKind {
        self.eat_word("while");
        let condition = self.compound_list();
        let body = self.do_group();
        CommandKind::While { condition, body }
    }

    /// `until … do … done`.
    pub(super) fn until_command(&mut self) -> CommandKind {
        self.eat_word("until");
        let condition = self.compound_list();
        let body = self.do_group();
        CommandKind::Until { condition, body }
    }

    /// `do … done`.
    fn do_group(&mut self) -> List {
        self.expect_word("do");
        let body = self.compound_list();
        self.expect_word("done");
        body
    }

    /// `do … done`, for which bash takes `{ … }` too behind `for` and `select`.
    fn loop_body(&mut self) -> List {
        self.linebreak();
        if !self.is_at_word("{") {
            return self.do_group();
        }
        let start = self.start();
        self.eat_word("{");
        self.extension(ExtensionKind::BracedLoop, self.since(start));
        let body = self.compound_list();
        self.expect_word("}");
        body
    }

    /// `for name [in word …] do … done`, or bash's `for ((…))`.
    pub(super) fn for_command(&mut self) -> CommandKind {
        self.eat_word("for");
        self.skip_blanks();
        let start = self.start();
        if self.is_at("((") {
            let header = self.double_parentheses(start);
            self.extension(ExtensionKind::ArithmeticFor, self.since(start));
            self.skip_blanks();
            self.eat(";");
            let body = self.loop_body();
            return CommandKind::ArithmeticFor { header, body };
        }
        let (name, words) = self.loop_header();
        let body = self.loop_body();
        CommandKind::For { name, words, body }
    }

    /// bash's `select name [in word …] do … done`.
    pub(super) fn select_command(&mut self) -> CommandKind {
        let start = self.start();
        self.eat_word("select");
        self.extension(ExtensionKind::Select, self.since(start));
        let (name, words) = self.loop_header();
        let body = self.loop_body();
        CommandKind::Select { name, words, body }
    }

    /// `name [in word …];`.
    fn loop_header(&mut self) -> (Word, Option<Vec<Word>>) {
        self.skip_blanks();
        let start = self.start();
        let name = self.required_word("a name");
        let is_right = name.literal().is_some_and(|text| is_name(&text));
        // bash finds out when it runs.
        if !is_right && !name.parts.is_empty() && !self.is_bash() {
            let text = self.text()[start..self.at].to_owned();
            self.error(SyntaxErrorKind::InvalidName(text), name.span);
        }
        self.skip_blanks();
        if self.eat(";") {
            return (name, None);
        }
        self.linebreak();
        if !self.eat_word("in") {
            return (name, None);
        }
        let mut words = Vec::new();
        self.skip_blanks();
        while let Some(word) = self.word() {
            words.push(word);
            self.skip_blanks();
        }
        if !self.eat(";") && !self.newline() {
            self.expected("; or a newline");
        }
        (name, Some(words))
    }

    /// A word that has to be here; an empty one stands in for it.
    pub(super) fn required_word(&mut self, what: &'static str) -> Word {
        self.skip_blanks();
        let start = self.start();
        self.word().unwrap_or_else(|| {
            self.expected(what);
            Word {
                parts: Vec::new(),
                span: self.since(start),
            }
        })
    }
}
