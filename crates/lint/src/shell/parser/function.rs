//! Functions (POSIX.1-2024 XCU 2.9.5) and bash's coprocesses (Bash Reference Manual 3.3 and 3.2.6).

use super::Parser;
use super::cursor::{is_in_name, is_meta, starts_name};
use crate::shell::Dialect;
use crate::shell::ast::{Command, CommandKind, Word};
use crate::shell::error::SyntaxErrorKind;
use crate::shell::extension::ExtensionKind;

impl Parser<'_> {
    /// The `name()` of a function, if that is what comes next.
    pub(super) fn function_head(&mut self) -> Option<Word> {
        let start = self.start();
        let rest = &self.bytes()[start..];
        let is_end = |byte: u8| is_meta(byte) || matches!(byte, b'$' | b'\'' | b'"' | b'`' | b'\\');
        let length = rest.iter().position(|byte| is_end(*byte))?;
        let behind = without_blanks(&rest[length..]).strip_prefix(b"(")?;
        let is_head = length > 0 && without_blanks(behind).starts_with(b")");
        let name = &self.text()[start..start + length];
        if !is_head || name.contains('=') || self.is_at_reserved_word() {
            return None;
        }
        self.word()
    }

    fn is_at_reserved_word(&mut self) -> bool {
        let opening = ["if", "for", "while", "until", "case", "{", "!"];
        self.is_at_closing_word() || opening.contains(&self.plain_word())
    }

    /// What stands behind the `name` of `name()`.
    pub(super) fn function(&mut self, name: Word) -> CommandKind {
        self.expect("(");
        self.expect(")");
        self.check_function_name(&name);
        let body = self.function_body();
        if self.dialect == Dialect::Bash {
            self.check_body(body.as_ref(), &name);
        }
        function(name, body)
    }

    /// `function name [()] …`.
    pub(super) fn function_keyword(&mut self) -> CommandKind {
        let start = self.start();
        self.eat_word("function");
        self.extension(ExtensionKind::FunctionKeyword, self.since(start));
        let name = self.required_word("a name");
        self.skip_blanks();
        if self.eat("(") {
            self.expect(")");
        }
        let body = self.function_body();
        self.check_body(body.as_ref(), &name);
        function(name, body)
    }

    fn function_body(&mut self) -> Option<Command> {
        self.linebreak();
        let body = self.command();
        if body.is_none() {
            self.expected("the body of a function");
        }
        body
    }

    /// The body of a function has to be a compound command, which dash does not insist on.
    fn check_body(&mut self, body: Option<&Command>, name: &Word) {
        if let Some(body) = body
            && matches!(body.kind, CommandKind::Simple(_))
        {
            let kind = SyntaxErrorKind::Expected("a compound command as the body of a function");
            self.error(kind, name.span.to(body.span));
        }
    }

    fn check_function_name(&mut self, name: &Word) {
        if !name.literal().is_some_and(|name| is_name(&name)) {
            self.extension(ExtensionKind::FunctionName, name.span);
        }
    }

    /// `coproc [name] command`. A name stands before compound commands only.
    pub(super) fn coprocess(&mut self) -> CommandKind {
        self.eat_word("coproc");
        self.skip_blanks();
        let name = if self.is_name_before_compound() {
            self.word()
        } else {
            None
        };
        self.skip_blanks();
        let body = self.command();
        if body.is_none() {
            self.expected("a command");
        }
        CommandKind::Coprocess {
            name,
            body: body.map(Box::new),
        }
    }

    fn is_name_before_compound(&mut self) -> bool {
        let start = self.start();
        let rest = &self.bytes()[start..];
        let length = rest.iter().take_while(|byte| is_in_name(**byte)).count();
        let behind = without_blanks(&rest[length..]);
        let openings: [&[u8]; 7] = [b"(", b"{ ", b"{\n", b"if ", b"while ", b"for ", b"[[ "];
        let is_opening = openings.iter().any(|opening| behind.starts_with(opening));
        length > 0 && behind.len() < rest.len() - length && is_opening
    }
}

fn function(name: Word, body: Option<Command>) -> CommandKind {
    CommandKind::Function {
        name,
        body: body.map(Box::new),
    }
}

/// What comes behind blanks.
fn without_blanks(bytes: &[u8]) -> &[u8] {
    let is_blank = |byte: &&u8| matches!(**byte, b' ' | b'\t');
    &bytes[bytes.iter().take_while(is_blank).count()..]
}

/// Whether it is a name (XBD 3.216).
pub(super) fn is_name(text: &str) -> bool {
    text.bytes().next().is_some_and(starts_name) && text.bytes().all(is_in_name)
}
