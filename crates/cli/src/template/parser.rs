//! Tokens to a tree.

use super::TemplateError;
use super::lexer::{Piece, Token, lex};
use serde_json::Value;

/// Blocks and parentheses may nest this deep; the text comes from outside.
const DEPTH_LIMIT: usize = 64;

/// A part of the template.
#[derive(Debug)]
pub(super) enum Node {
    Text(String),
    /// A pipeline whose value is printed.
    Print(Pipeline),
    /// `$x := pipeline`.
    Assign(String, Pipeline),
    If {
        condition: Pipeline,
        then: Vec<Node>,
        otherwise: Vec<Node>,
    },
    With {
        value: Pipeline,
        then: Vec<Node>,
        otherwise: Vec<Node>,
    },
    Range {
        variables: Vec<String>,
        over: Pipeline,
        body: Vec<Node>,
        otherwise: Vec<Node>,
    },
}

/// Commands joined by `|`; the value of one is the last argument of the next.
#[derive(Debug)]
pub(super) struct Pipeline(pub(super) Vec<Command>);

/// A function or operand with arguments.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) first: Operand,
    pub(super) arguments: Vec<Operand>,
}

/// What stands in an argument's place.
#[derive(Debug)]
pub(super) struct Operand {
    pub(super) head: Head,
    /// `.A.B` behind the head.
    pub(super) fields: Vec<String>,
}

/// Where an operand's value comes from, before its fields are taken.
#[derive(Debug)]
pub(super) enum Head {
    Dot,
    Variable(String),
    Literal(Value),
    Parenthesis(Pipeline),
    Function(String),
}

pub(super) fn parse(text: &str) -> Result<Vec<Node>, TemplateError> {
    let mut parser = Parser {
        pieces: lex(text)?.into_iter(),
        depth: 0,
    };
    match parser.block()? {
        (nodes, End::Text) => Ok(nodes),
        (_, End::Else(_)) => Err(TemplateError::new("`{{else}}` without `{{if}}`")),
        (_, End::Block) => Err(TemplateError::new("`{{end}}` without a block")),
    }
}

/// What ended a block.
enum End {
    Text,
    Block,
    /// `{{else}}`, with the tokens behind it (`if …`).
    Else(Vec<Token>),
}

struct Parser {
    pieces: std::vec::IntoIter<Piece>,
    depth: usize,
}

impl Parser {
    fn block(&mut self) -> Result<(Vec<Node>, End), TemplateError> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err(TemplateError::new("blocks are nested too deep"));
        }
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            match piece {
                Piece::Text(text) => nodes.push(Node::Text(text)),
                Piece::Action(tokens) => match tokens.first() {
                    Some(Token::Name(word)) if word == "end" => {
                        self.depth -= 1;
                        return Ok((nodes, End::Block));
                    }
                    Some(Token::Name(word)) if word == "else" => {
                        self.depth -= 1;
                        return Ok((nodes, End::Else(tokens[1..].to_vec())));
                    }
                    _ => nodes.push(self.action(&tokens)?),
                },
            }
        }
        self.depth -= 1;
        Ok((nodes, End::Text))
    }

    fn action(&mut self, tokens: &[Token]) -> Result<Node, TemplateError> {
        match tokens {
            [Token::Name(word), rest @ ..] if word == "if" => {
                let condition = pipeline(rest)?;
                let (then, otherwise) = self.branches(word)?;
                Ok(Node::If {
                    condition,
                    then,
                    otherwise,
                })
            }
            [Token::Name(word), rest @ ..] if word == "with" => {
                let value = pipeline(rest)?;
                let (then, otherwise) = self.branches(word)?;
                Ok(Node::With {
                    value,
                    then,
                    otherwise,
                })
            }
            [Token::Name(word), rest @ ..] if word == "range" => {
                let (variables, rest) = range_variables(rest);
                let over = pipeline(rest)?;
                let (body, otherwise) = self.branches(word)?;
                Ok(Node::Range {
                    variables,
                    over,
                    body,
                    otherwise,
                })
            }
            [Token::Variable(name), Token::Assign, rest @ ..] => {
                Ok(Node::Assign(name.clone(), pipeline(rest)?))
            }
            _ => Ok(Node::Print(pipeline(tokens)?)),
        }
    }

    /// The body of a block and its `else` part, up to `{{end}}`.
    fn branches(&mut self, word: &str) -> Result<(Vec<Node>, Vec<Node>), TemplateError> {
        let unended = || TemplateError::new(format!("`{{{{{word}}}}}` without `{{{{end}}}}`"));
        let (then, end) = self.block()?;
        match end {
            End::Text => Err(unended()),
            End::Block => Ok((then, Vec::new())),
            End::Else(tokens) if tokens.is_empty() => match self.block()? {
                (otherwise, End::Block) => Ok((then, otherwise)),
                (_, End::Text) => Err(unended()),
                (_, End::Else(_)) => Err(TemplateError::new("a second `{{else}}` in a block")),
            },
            End::Else(tokens) => {
                self.depth += 1;
                if self.depth > DEPTH_LIMIT {
                    return Err(TemplateError::new("blocks are nested too deep"));
                }
                let chained = self.action(&tokens)?;
                self.depth -= 1;
                Ok((then, vec![chained]))
            }
        }
    }
}

/// `$v :=` or `$k, $v :=` in front of what is ranged over.
fn range_variables(tokens: &[Token]) -> (Vec<String>, &[Token]) {
    match tokens {
        [Token::Variable(v), Token::Assign, rest @ ..] => (vec![v.clone()], rest),
        [
            Token::Variable(k),
            Token::Comma,
            Token::Variable(v),
            Token::Assign,
            rest @ ..,
        ] => (vec![k.clone(), v.clone()], rest),
        _ => (Vec::new(), tokens),
    }
}

fn pipeline(tokens: &[Token]) -> Result<Pipeline, TemplateError> {
    let mut cursor = Cursor {
        tokens,
        at: 0,
        depth: 0,
    };
    let pipeline = cursor.pipeline()?;
    match cursor.peek() {
        None => Ok(pipeline),
        Some(Token::Close) => Err(TemplateError::new("`)` without `(`")),
        Some(other) => Err(TemplateError::new(format!("unexpected {other:?}"))),
    }
}

struct Cursor<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn pipeline(&mut self) -> Result<Pipeline, TemplateError> {
        let mut commands = vec![self.command()?];
        while self.peek() == Some(&Token::Pipe) {
            self.at += 1;
            commands.push(self.command()?);
        }
        Ok(Pipeline(commands))
    }

    fn command(&mut self) -> Result<Command, TemplateError> {
        let first = self
            .operand()?
            .ok_or_else(|| TemplateError::new("an empty command"))?;
        let mut arguments = Vec::new();
        while let Some(operand) = self.operand()? {
            arguments.push(operand);
        }
        Ok(Command { first, arguments })
    }

    fn operand(&mut self) -> Result<Option<Operand>, TemplateError> {
        let mut fields = Vec::new();
        let head = match self.peek() {
            Some(Token::Dot) => Head::Dot,
            Some(Token::Field { name, .. }) => {
                fields.push(name.clone());
                Head::Dot
            }
            Some(Token::Variable(name)) => Head::Variable(name.clone()),
            Some(Token::Text(text)) => Head::Literal(Value::from(text.as_str())),
            Some(Token::Number(number)) => Head::Literal(Value::from(*number)),
            Some(Token::Name(name)) => named(name),
            Some(Token::Open) => self.parenthesis()?,
            _ => return Ok(None),
        };
        self.at += 1;
        while let Some(Token::Field { name, glued: true }) = self.peek() {
            fields.push(name.clone());
            self.at += 1;
        }
        Ok(Some(Operand { head, fields }))
    }

    /// Leaves the cursor on the closing sign.
    fn parenthesis(&mut self) -> Result<Head, TemplateError> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err(TemplateError::new("parentheses are nested too deep"));
        }
        self.at += 1;
        let inner = self.pipeline()?;
        if self.peek() != Some(&Token::Close) {
            return Err(TemplateError::new("`(` without `)`"));
        }
        self.depth -= 1;
        Ok(Head::Parenthesis(inner))
    }
}

fn named(name: &str) -> Head {
    match name {
        "true" => Head::Literal(Value::Bool(true)),
        "false" => Head::Literal(Value::Bool(false)),
        "nil" => Head::Literal(Value::Null),
        _ => Head::Function(name.to_owned()),
    }
}
