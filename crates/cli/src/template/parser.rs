//! Tokens to a tree, as Go's `text/template/parse/parse.go` does it, with its messages.

use super::TemplateError;
use super::functions;
use super::lexer::{Escapes, Literal, Token, TokenKind, lex};
use super::text::{quote, shortened};
use super::tree::{Branch, Command, Invocation, Kind, Node, Operand, Pipe, Tree};
use super::value::Value;
use std::collections::BTreeMap;

/// Blocks and parentheses may nest this deep; the text comes from outside.
const DEPTH_LIMIT: usize = 64;

/// Reads a template.
pub(super) fn parse(source: &str, escapes: Escapes) -> Result<Tree, TemplateError> {
    let mut parser = Parser {
        source,
        tokens: lex(source, escapes),
        next: 0,
        variables: vec!["$".to_owned()],
        loops: 0,
        depth: 0,
        named: BTreeMap::new(),
    };
    let (nodes, end) = parser.list()?;
    match end {
        End::Text => Ok(Tree {
            source: source.to_owned(),
            nodes,
            named: parser.named,
        }),
        End::Block => Err(parser.error("unexpected {{end}}")),
        End::Else => Err(parser.error("unexpected {{else}}")),
    }
}

/// What ended a list of nodes.
#[derive(PartialEq, Eq)]
enum End {
    Text,
    Block,
    /// `{{else`, with what follows still to be read.
    Else,
}

struct Parser<'s> {
    source: &'s str,
    tokens: Vec<Token>,
    next: usize,
    /// Those in force.
    variables: Vec<String>,
    /// How many `range` this is in.
    loops: usize,
    depth: usize,
    named: BTreeMap<String, Vec<Node>>,
}

impl Parser<'_> {
    fn error(&self, message: impl AsRef<str>) -> TemplateError {
        let at = self.tokens[self.next.saturating_sub(1)].at;
        let line = 1 + self.source[..at].matches('\n').count();
        TemplateError::new(format!("{line}: {}", message.as_ref()))
    }

    fn peek(&self) -> &Token {
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next = (self.next + 1).min(self.tokens.len());
        token
    }

    fn skip_space(&mut self) {
        while self.peek().kind == TokenKind::Space {
            self.next += 1;
        }
    }

    fn take_word(&mut self) -> Token {
        self.skip_space();
        self.take()
    }

    fn unexpected(&self, token: &Token, context: &str) -> TemplateError {
        let shown = match &token.kind {
            TokenKind::Error(message) => return self.error(message),
            TokenKind::Eof => "EOF".to_owned(),
            TokenKind::Keyword => format!("<{}>", token.text),
            _ => shortened(&token.text, 10),
        };
        self.error(format!("unexpected {shown} in {context}"))
    }

    fn deeper(&mut self) -> Result<(), TemplateError> {
        self.depth += 1;
        match self.depth > DEPTH_LIMIT {
            true => Err(self.error("the template nests too deep")),
            false => Ok(()),
        }
    }

    /// Nodes up to the end of the text or of the block.
    fn list(&mut self) -> Result<(Vec<Node>, End), TemplateError> {
        self.deeper()?;
        let mut nodes = Vec::new();
        let end = loop {
            let token = self.take();
            match token.kind {
                TokenKind::Text => nodes.push(Node::Text(token.text)),
                TokenKind::LeftDelim => {
                    self.skip_space();
                    match self.keyword() {
                        Some("end") => {
                            self.expect_right_delim("end")?;
                            break End::Block;
                        }
                        Some("else") => break End::Else,
                        Some("define") => self.define()?,
                        Some(_) => {
                            let word = self.tokens[self.next - 1].clone();
                            nodes.push(self.control(&word)?);
                        }
                        None => nodes.push(self.action()?),
                    }
                }
                TokenKind::Eof => break End::Text,
                _ => return Err(self.unexpected(&token, "input")),
            }
        };
        self.depth -= 1;
        Ok((nodes, end))
    }

    /// Takes a keyword, if one is next.
    fn keyword(&mut self) -> Option<&str> {
        if self.peek().kind != TokenKind::Keyword {
            return None;
        }
        self.next += 1;
        Some(&self.tokens[self.next - 1].text)
    }

    fn expect_right_delim(&mut self, context: &str) -> Result<(), TemplateError> {
        let token = self.take_word();
        match token.kind {
            TokenKind::RightDelim => Ok(()),
            _ => Err(self.unexpected(&token, context)),
        }
    }

    fn action(&mut self) -> Result<Node, TemplateError> {
        let pipe = self.pipeline("command", &TokenKind::RightDelim)?;
        Ok(Node::Action(pipe))
    }

    fn control(&mut self, word: &Token) -> Result<Node, TemplateError> {
        match word.text.as_str() {
            "if" => Ok(Node::If(self.branch("if")?)),
            "with" => Ok(Node::With(self.branch("with")?)),
            "range" => Ok(Node::Range(self.branch("range")?)),
            "template" => self.template(),
            "block" => self.block(),
            text => {
                self.expect_right_delim(&format!("{{{{{text}}}}}"))?;
                match (self.loops, text) {
                    (0, text) => Err(self.error(format!("{{{{{text}}}}} outside {{{{range}}}}"))),
                    (_, "break") => Ok(Node::Break),
                    _ => Ok(Node::Continue),
                }
            }
        }
    }

    fn branch(&mut self, word: &str) -> Result<Branch, TemplateError> {
        let outer = self.variables.len();
        let pipe = self.pipeline(word, &TokenKind::RightDelim)?;
        self.loops += usize::from(word == "range");
        let (then, end) = self.list()?;
        self.loops -= usize::from(word == "range");
        let otherwise = match end {
            End::Text => return Err(self.error("unexpected EOF")),
            End::Block => Vec::new(),
            End::Else => self.otherwise(word)?,
        };
        self.variables.truncate(outer);
        Ok(Branch {
            pipe,
            then,
            otherwise,
        })
    }

    /// What follows `{{else`: the rest, or another block that ends with this one.
    fn otherwise(&mut self, word: &str) -> Result<Vec<Node>, TemplateError> {
        self.skip_space();
        if word != "range" && self.peek().kind == TokenKind::Keyword && self.peek().text == word {
            self.next += 1;
            self.deeper()?;
            let chained = self.branch(word)?;
            self.depth -= 1;
            let node = match word {
                "if" => Node::If(chained),
                _ => Node::With(chained),
            };
            return Ok(vec![node]);
        }
        self.expect_right_delim("else")?;
        match self.list()? {
            (nodes, End::Block) => Ok(nodes),
            (_, End::Text) => Err(self.error("unexpected EOF")),
            (_, End::Else) => Err(self.error("expected end; found {{else}}")),
        }
    }

    fn template(&mut self) -> Result<Node, TemplateError> {
        let (at, name) = self.template_name("template clause")?;
        self.skip_space();
        let pipe = match self.peek().kind {
            TokenKind::RightDelim => {
                self.next += 1;
                None
            }
            _ => Some(self.pipeline("template clause", &TokenKind::RightDelim)?),
        };
        Ok(Node::Template(Invocation { at, name, pipe }))
    }

    fn template_name(&mut self, context: &str) -> Result<(usize, String), TemplateError> {
        let token = self.take_word();
        match &token.kind {
            TokenKind::Literal(Literal(Value::Text(name))) => Ok((token.at, name.to_string())),
            _ => Err(self.unexpected(&token, context)),
        }
    }

    fn define(&mut self) -> Result<(), TemplateError> {
        if self.depth > 1 {
            return Err(self.error("unexpected <define> in command"));
        }
        let (_, name) = self.template_name("define clause")?;
        self.expect_right_delim("define clause")?;
        self.body(&name, "define clause")
    }

    fn block(&mut self) -> Result<Node, TemplateError> {
        let (at, name) = self.template_name("block clause")?;
        let pipe = Some(self.pipeline("block clause", &TokenKind::RightDelim)?);
        self.body(&name, "block clause")?;
        Ok(Node::Template(Invocation { at, name, pipe }))
    }

    /// What a name stands for: variables and loops outside are not seen there.
    fn body(&mut self, name: &str, context: &str) -> Result<(), TemplateError> {
        let variables = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let loops = std::mem::take(&mut self.loops);
        let (nodes, end) = self.list()?;
        match end {
            End::Block => {}
            End::Text => return Err(self.error("unexpected EOF")),
            End::Else => return Err(self.error(format!("unexpected {{{{else}}}} in {context}"))),
        }
        (self.variables, self.loops) = (variables, loops);
        if self.named.insert(name.to_owned(), nodes).is_some() {
            let name = quote(name);
            return Err(self.error(format!("multiple definition of template {name}")));
        }
        Ok(())
    }

    fn pipeline(&mut self, context: &str, end: &TokenKind) -> Result<Pipe, TemplateError> {
        self.skip_space();
        let at = self.peek().at;
        let (variables, assigns) = self.declarations(context)?;
        let mut commands: Vec<Command> = Vec::new();
        loop {
            let token = self.take_word();
            match &token.kind {
                kind if kind == end => break,
                TokenKind::Literal(_)
                | TokenKind::Dot
                | TokenKind::Field
                | TokenKind::Identifier
                | TokenKind::Nil
                | TokenKind::Variable
                | TokenKind::Open => {
                    self.next -= 1;
                    commands.push(self.command()?);
                }
                _ => return Err(self.unexpected(&token, context)),
            }
        }
        if commands.is_empty() {
            return Err(self.error(format!("missing value for {context}")));
        }
        let fixed = |command: &Command| {
            matches!(
                command.words[0].kind,
                Kind::Dot | Kind::Nil | Kind::Literal(..)
            )
        };
        if let Some(stage) = commands.iter().skip(1).position(fixed) {
            let stage = stage + 2;
            return Err(self.error(format!("non executable command in pipeline stage {stage}")));
        }
        Ok(Pipe {
            at,
            variables,
            assigns,
            commands,
        })
    }

    /// `$x :=`, `$x =`, or `$k, $v :=` of a `range`.
    fn declarations(&mut self, context: &str) -> Result<(Vec<String>, bool), TemplateError> {
        let start = self.next;
        let mut names = Vec::new();
        loop {
            self.skip_space();
            if self.peek().kind != TokenKind::Variable {
                break;
            }
            names.push(self.take().text);
            let sign = self.take_word();
            match sign.kind {
                TokenKind::Assign => return Ok((names, true)),
                TokenKind::Declare => {
                    self.variables.extend(names.iter().cloned());
                    return Ok((names, false));
                }
                TokenKind::Char if sign.text == "," && context == "range" && names.len() < 2 => {}
                TokenKind::Char if sign.text == "," => {
                    return Err(self.error(format!("too many declarations in {context}")));
                }
                _ => break,
            }
        }
        if names.len() > 1 {
            return Err(self.error("range can only initialize variables"));
        }
        self.next = start;
        Ok((Vec::new(), false))
    }

    fn command(&mut self) -> Result<Command, TemplateError> {
        self.skip_space();
        let at = self.peek().at;
        let mut words = Vec::new();
        loop {
            self.skip_space();
            words.extend(self.operand()?);
            let token = self.take();
            match token.kind {
                TokenKind::Space => {}
                TokenKind::RightDelim | TokenKind::Close => {
                    self.next -= 1;
                    break;
                }
                TokenKind::Pipe => break,
                _ => return Err(self.unexpected(&token, "operand")),
            }
        }
        match words.is_empty() {
            true => Err(self.error("empty command")),
            false => Ok(Command { at, words }),
        }
    }

    fn operand(&mut self) -> Result<Option<Operand>, TemplateError> {
        let Some(term) = self.term()? else {
            return Ok(None);
        };
        if self.peek().kind != TokenKind::Field {
            return Ok(Some(term));
        }
        // Go puts a chain where its second part begins.
        let at = self.peek().at;
        let mut names = Vec::new();
        while self.peek().kind == TokenKind::Field {
            names.push(self.take().text[1..].to_owned());
        }
        let kind = match term.kind {
            Kind::Field(first) => Kind::Field(first.into_iter().chain(names).collect()),
            Kind::Variable(name, _) => Kind::Variable(name, names),
            Kind::Dot | Kind::Nil | Kind::Literal(..) => {
                let term = quote(&term.to_string());
                return Err(self.error(format!("unexpected . after term {term}")));
            }
            _ => Kind::Chain(Box::new(term), names),
        };
        Ok(Some(Operand { at, kind }))
    }

    fn term(&mut self) -> Result<Option<Operand>, TemplateError> {
        let token = self.peek().clone();
        let kind = match token.kind {
            TokenKind::Identifier => {
                self.next += 1;
                if !functions::is_known(&token.text) {
                    let name = quote(&token.text);
                    let error = self.error(format!("function {name} not defined"));
                    return Err(error.with_hint(functions::near(&token.text)));
                }
                Kind::Function(token.text)
            }
            TokenKind::Dot => Kind::Dot,
            TokenKind::Nil => Kind::Nil,
            TokenKind::Variable => {
                if !self.variables.contains(&token.text) {
                    self.next += 1;
                    let name = quote(&token.text);
                    return Err(self.error(format!("undefined variable {name}")));
                }
                Kind::Variable(token.text, Vec::new())
            }
            TokenKind::Field => Kind::Field(vec![token.text[1..].to_owned()]),
            TokenKind::Literal(Literal(value)) => Kind::Literal(token.text, value),
            TokenKind::Open => {
                self.next += 1;
                self.deeper()?;
                let pipe = self.pipeline("parenthesized pipeline", &TokenKind::Close)?;
                self.depth -= 1;
                let (at, kind) = (token.at, Kind::Parenthesis(pipe));
                return Ok(Some(Operand { at, kind }));
            }
            _ => return Ok(None),
        };
        if !matches!(kind, Kind::Function(_)) {
            self.next += 1;
        }
        Ok(Some(Operand { at: token.at, kind }))
    }
}
