//! Programs, lists, and-or lists and pipelines (POSIX.1-2024 XCU 2.9.2 and 2.9.3).

use dockerfile::Span;

use super::Parser;
use crate::shell::Dialect;
use crate::shell::ast::{AndOr, AndOrOperator, Command, Item, List, Pipeline, Separator};
use crate::shell::error::SyntaxErrorKind;
use crate::shell::extension::ExtensionKind;

impl Parser<'_> {
    /// All commands. What closes something that is not open is an error, and left out.
    pub(super) fn program(&mut self) -> List {
        let start = self.at;
        let mut all = self.list();
        while self.peek().is_some() {
            self.unexpected();
            self.skip_blanks();
            self.separator();
            let more = self.list();
            all.items.extend(more.items);
        }
        if !self.pending.is_empty() {
            self.read_heredocs();
        }
        self.spanning(start, all.items)
    }

    /// The commands up to what closes a compound command; there has to be one.
    pub(super) fn compound_list(&mut self) -> List {
        let list = self.list();
        if list.items.is_empty() {
            self.expected("a command");
        }
        list
    }

    /// The commands up to the end of the text, or to what closes a compound command.
    pub(super) fn list(&mut self) -> List {
        let start = self.at;
        let mut items = Vec::new();
        self.linebreak();
        while !self.is_at_list_end() {
            if let Some(and_or) = self.and_or() {
                self.skip_blanks();
                let separator = self.separator();
                if separator.is_none() && !self.is_at_list_end() {
                    self.unexpected_word();
                }
                items.push(Item { and_or, separator });
            } else {
                self.unexpected();
            }
            self.linebreak();
        }
        self.spanning(start, items)
    }

    /// A list of these; without any, one that is empty and at `start`.
    fn spanning(&self, start: usize, items: Vec<Item>) -> List {
        let spans = items.iter().map(|item| item.and_or.span);
        let empty = self.place(start..start);
        let span = spans.reduce(Span::to).unwrap_or(empty);
        List { items, span }
    }

    fn is_at_list_end(&mut self) -> bool {
        match self.peek() {
            None | Some(b')') => true,
            Some(b';') => matches!(self.peek_second(), Some(b';' | b'&')),
            Some(_) => self.is_at_closing_word(),
        }
    }

    /// `;`, `&` or a newline.
    fn separator(&mut self) -> Option<Separator> {
        if self.newline() {
            return Some(Separator::Newline);
        }
        if self.is_at(";;") || self.is_at(";&") || self.is_at("&&") {
            return None;
        }
        if self.eat(";") {
            return Some(Separator::Semicolon);
        }
        self.eat("&").then_some(Separator::Ampersand)
    }

    /// An error about a token that cannot stand here, which is taken.
    fn unexpected(&mut self) {
        self.unexpected_word();
        self.at = self.next_token().end;
    }

    /// An error about a token that cannot stand here, but may begin a command.
    fn unexpected_word(&mut self) {
        let token = self.text()[self.next_token()].to_owned();
        self.error_here(SyntaxErrorKind::Unexpected(token));
    }

    /// Pipelines joined by `&&` and `||`.
    fn and_or(&mut self) -> Option<AndOr> {
        let first = self.pipeline()?;
        let mut span = first.span;
        let mut rest = Vec::new();
        while let Some(operator) = self.and_or_operator() {
            self.linebreak();
            let Some(pipeline) = self.pipeline() else {
                self.expected("a command");
                break;
            };
            span = span.to(pipeline.span);
            rest.push((operator, pipeline));
        }
        Some(AndOr { first, rest, span })
    }

    fn and_or_operator(&mut self) -> Option<AndOrOperator> {
        self.skip_blanks();
        let start = self.start();
        if self.eat("&&") {
            return Some(AndOrOperator::And(self.since(start)));
        }
        self.eat("||").then(|| AndOrOperator::Or(self.since(start)))
    }

    /// Commands joined by `|`.
    fn pipeline(&mut self) -> Option<Pipeline> {
        let start = self.start();
        let mut pipeline = Pipeline {
            bang: None,
            time: None,
            commands: Vec::new(),
            pipes: Vec::new(),
            span: Span::default(),
        };
        self.prefixes(&mut pipeline);
        let mut end = self.at;
        let has_prefix = pipeline.bang.is_some() || pipeline.time.is_some();
        self.skip_blanks();
        match self.piped_command() {
            Some(command) => {
                pipeline.commands.push(command);
                end = self.rest_of_pipeline(&mut pipeline);
            }
            None if !has_prefix => return None,
            // bash takes a `!` or `time` without anything behind it.
            None if self.is_bash() && matches!(self.peek(), None | Some(b';' | b'\n')) => {}
            None => self.expected("a command"),
        }
        pipeline.span = self.place(start..end);
        Some(pipeline)
    }

    /// `!` and `time`, which bash takes in any order and number.
    fn prefixes(&mut self, pipeline: &mut Pipeline) {
        let is_bash = self.dialect == Dialect::Bash;
        loop {
            self.skip_blanks();
            let start = self.start();
            if (is_bash || pipeline.bang.is_none()) && self.eat_word("!") {
                pipeline.bang = Some(self.since(start));
            } else if is_bash && self.eat_word("time") {
                pipeline.time = Some(self.since(start));
                self.skip_blanks();
                self.eat_word("-p");
            } else {
                return;
            }
        }
    }

    /// The commands behind the first one. Gives the end of the last.
    fn rest_of_pipeline(&mut self, pipeline: &mut Pipeline) -> usize {
        loop {
            let end = self.at;
            self.skip_blanks();
            let start = self.start();
            if self.is_at("||") || !self.eat("|") {
                return end;
            }
            if self.eat("&") {
                self.extension(ExtensionKind::PipeBoth, self.since(start));
            }
            let pipe = self.since(start);
            self.linebreak();
            let Some(command) = self.piped_command() else {
                self.expected("a command");
                return end;
            };
            pipeline.pipes.push(pipe);
            pipeline.commands.push(command);
        }
    }

    /// A command behind `|` or what stands before a pipeline, where other reserved words than those of commands cannot
    /// stand.
    fn piped_command(&mut self) -> Option<Command> {
        let is_end = self.is_bash() && self.is_at_word("]]");
        if is_end || self.is_at_word("!") || self.is_at_word("in") {
            self.unexpected();
            self.skip_blanks();
        }
        self.command()
    }
}
