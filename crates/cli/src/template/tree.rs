//! What a template is made of. Everything prints as Go prints it, since errors show it.

use super::value::Value;
use std::collections::BTreeMap;
use std::fmt;

/// A template that was read.
#[derive(Debug)]
pub(super) struct Tree {
    /// Its text, to tell lines and columns.
    pub(super) source: String,
    pub(super) nodes: Vec<Node>,
    /// What `define` and `block` gave names to.
    pub(super) named: BTreeMap<String, Vec<Node>>,
}

/// A part of the template.
#[derive(Debug)]
pub(super) enum Node {
    Text(String),
    /// A pipeline whose value is printed, unless it goes to a variable.
    Action(Pipe),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template(Invocation),
    Break,
    Continue,
}

/// `{{if …}}…{{else}}…{{end}}`, and those like it.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) pipe: Pipe,
    pub(super) then: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

/// `{{template "name" …}}`.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) at: usize,
    pub(super) name: String,
    pub(super) pipe: Option<Pipe>,
}

/// Commands joined by `|`; the value of one is the last argument of the next.
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) at: usize,
    /// The variables in front of `:=` or `=`.
    pub(super) variables: Vec<String>,
    /// Whether they are there already (`=`).
    pub(super) assigns: bool,
    pub(super) commands: Vec<Command>,
}

/// A function or operand, and its arguments behind it. Never empty.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) at: usize,
    pub(super) words: Vec<Operand>,
}

/// What stands in an argument's place.
#[derive(Debug)]
pub(super) struct Operand {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

/// Where an operand's value comes from.
#[derive(Debug)]
pub(super) enum Kind {
    Dot,
    Nil,
    /// As it is written, and what it is.
    Literal(String, Value),
    /// `.A.B`.
    Field(Vec<String>),
    /// `$x.A.B`: the name has its `$`.
    Variable(String, Vec<String>),
    Function(String),
    Parenthesis(Pipe),
    /// `(…).A.B`.
    Chain(Box<Operand>, Vec<String>),
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.variables.is_empty() {
            let sign = if self.assigns { "=" } else { ":=" };
            write!(f, "{} {sign} ", self.variables.join(", "))?;
        }
        join(f, &self.commands, " | ")
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        join(f, &self.words, " ")
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Dot => f.write_str("."),
            Kind::Nil => f.write_str("nil"),
            Kind::Literal(text, _) | Kind::Function(text) => f.write_str(text),
            Kind::Field(names) => write!(f, ".{}", names.join(".")),
            Kind::Variable(name, names) => {
                f.write_str(name)?;
                names.iter().try_for_each(|name| write!(f, ".{name}"))
            }
            Kind::Parenthesis(pipe) => write!(f, "({pipe})"),
            Kind::Chain(of, names) => {
                write!(f, "{of}")?;
                names.iter().try_for_each(|name| write!(f, ".{name}"))
            }
        }
    }
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{template {:?}", self.name)?;
        if let Some(pipe) = &self.pipe {
            write!(f, " {pipe}")?;
        }
        f.write_str("}}")
    }
}

fn join<T: fmt::Display>(f: &mut fmt::Formatter<'_>, parts: &[T], between: &str) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        write!(f, "{part}")?;
    }
    Ok(())
}
