//! Commands: which one it is, and its redirections (POSIX.1-2024 XCU 2.9).

use super::Parser;
use crate::shell::Dialect;
use crate::shell::ast::{Command, CommandKind, Redirection};

impl Parser<'_> {
    /// A command, if one begins here. A reserved word that closes something is left to what is open.
    pub(super) fn command(&mut self) -> Option<Command> {
        if self.is_at_closing_word() {
            return None;
        }
        self.nested(|parser| {
            let start = parser.start();
            match parser.compound_command(start) {
                Some(kind) => Some(parser.redirected(start, kind)),
                None => parser.simple_command(start),
            }
        })
    }

    /// A command that is no simple one, without the redirections behind it.
    fn compound_command(&mut self, start: usize) -> Option<CommandKind> {
        if self.peek() == Some(b'(') {
            return Some(self.parentheses(start));
        }
        if let Some(name) = self.function_head() {
            return Some(self.function(name));
        }
        let kind = match self.plain_word() {
            "{" => self.brace_group(),
            "if" => self.if_command(),
            "for" => self.for_command(),
            "while" => self.while_command(),
            "until" => self.until_command(),
            "case" => self.case_command(),
            "select" => self.select_command(),
            "function" => self.function_keyword(),
            "[[" => self.conditional_command(),
            "coproc" if self.dialect == Dialect::Bash => self.coprocess(),
            _ => return None,
        };
        Some(kind)
    }

    /// A compound command with the redirections behind it.
    fn redirected(&mut self, start: usize, kind: CommandKind) -> Command {
        let mut end = self.at;
        let mut redirections: Vec<Redirection> = Vec::new();
        // Those behind a function belong to what it does.
        let takes = !matches!(
            kind,
            CommandKind::Function { .. } | CommandKind::Coprocess { .. }
        );
        while takes && let Some(redirection) = self.redirection() {
            redirections.push(redirection);
            end = self.at;
        }
        Command {
            kind,
            redirections,
            span: self.place(start..end),
        }
    }
}
