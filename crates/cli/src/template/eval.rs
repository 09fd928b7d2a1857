//! Fills a template in, as Go's `text/template/exec.go` does it, with its messages.

use super::TemplateError;
use super::functions::{self, Parameter, Signature};
use super::text::show;
use super::tree::{Branch, Command, Invocation, Kind, Node, Operand, Pipe, Tree};
use super::value::Value;
use std::fmt::Display;

/// Templates may call each other this deep.
const DEPTH_LIMIT: usize = 100;

/// More turns of loops than any listing needs.
const TURN_LIMIT: usize = 1_000_000;

/// More than anyone reads.
const OUTPUT_LIMIT: usize = 16 << 20;

/// Fills a template in.
pub(super) fn render(tree: &Tree, data: &Value) -> Result<String, TemplateError> {
    let mut run = Run {
        tree,
        name: String::new(),
        at: Place::Start,
        variables: vec![("$".to_owned(), data.clone())],
        out: String::new(),
        turns: 0,
        depth: 0,
    };
    run.nodes(&tree.nodes, data)?;
    Ok(run.out)
}

/// The part of the template that an error is about.
#[derive(Clone, Copy)]
enum Place<'t> {
    Start,
    Pipe(&'t Pipe),
    Command(&'t Command),
    Operand(&'t Operand),
    Template(&'t Invocation),
}

/// What becomes of the loop around.
#[derive(PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

struct Run<'t> {
    tree: &'t Tree,
    /// The template that is being filled in: empty for the outermost.
    name: String,
    at: Place<'t>,
    /// Innermost last.
    variables: Vec<(String, Value)>,
    out: String,
    turns: usize,
    depth: usize,
}

impl<'t> Run<'t> {
    fn error(&self, message: impl Display) -> TemplateError {
        let (at, context) = match self.at {
            Place::Start => (0, String::new()),
            Place::Pipe(pipe) => (pipe.at, pipe.to_string()),
            Place::Command(command) => (command.at, command.to_string()),
            Place::Operand(operand) => (operand.at, operand.to_string()),
            Place::Template(node) => (node.at, node.to_string()),
        };
        let before = &self.tree.source[..at];
        let line = 1 + before.matches('\n').count();
        let column = at - before.rfind('\n').map_or(0, |newline| newline + 1);
        let name = &self.name;
        TemplateError::new(format!(
            "{line}:{column}: executing {name:?} at <{context}>: {message}"
        ))
    }

    fn nodes(&mut self, nodes: &'t [Node], dot: &Value) -> Result<Flow, TemplateError> {
        for node in nodes {
            let flow = self.node(node, dot)?;
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn node(&mut self, node: &'t Node, dot: &Value) -> Result<Flow, TemplateError> {
        match node {
            Node::Text(text) => self.write(text)?,
            Node::Action(pipe) => {
                let value = self.pipe(pipe, dot)?;
                if pipe.variables.is_empty() {
                    self.write(&show(&value))?;
                }
            }
            Node::If(branch) => return self.choice(branch, dot, false),
            Node::With(branch) => return self.choice(branch, dot, true),
            Node::Range(branch) => return self.range(branch, dot),
            Node::Template(invocation) => self.template(invocation, dot)?,
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn write(&mut self, text: &str) -> Result<(), TemplateError> {
        if self.out.len() + text.len() > OUTPUT_LIMIT {
            return Err(self.error("it writes more than 16 MiB"));
        }
        self.out.push_str(text);
        Ok(())
    }

    /// `if`, and `with`, whose value becomes the dot.
    fn choice(
        &mut self,
        branch: &'t Branch,
        dot: &Value,
        changes_dot: bool,
    ) -> Result<Flow, TemplateError> {
        let outer = self.variables.len();
        let value = self.pipe(&branch.pipe, dot)?;
        let flow = match value.is_true() {
            true if changes_dot => self.nodes(&branch.then, &value),
            true => self.nodes(&branch.then, dot),
            false => self.nodes(&branch.otherwise, dot),
        };
        self.variables.truncate(outer);
        flow
    }

    fn range(&mut self, branch: &'t Branch, dot: &Value) -> Result<Flow, TemplateError> {
        let outer = self.variables.len();
        let over = self.pipe(&branch.pipe, dot)?;
        let inner = self.variables.len();
        let items = self.items(&over)?;
        let mut turned = false;
        for (key, value) in items {
            turned = true;
            self.turns += 1;
            if self.turns > TURN_LIMIT {
                return Err(self.error("its loops take too many turns"));
            }
            // Of one variable it is the value; of a number the only one.
            match branch.pipe.variables.as_slice() {
                [name] => self.set(name, value.clone()),
                [first, second] => {
                    self.set(first, key);
                    self.set(second, value.clone());
                }
                _ => {}
            }
            let flow = self.nodes(&branch.then, &value);
            self.variables.truncate(inner);
            if flow? == Flow::Break {
                break;
            }
        }
        self.variables.truncate(outer);
        match turned {
            true => Ok(Flow::On),
            false => self.nodes(&branch.otherwise, dot),
        }
    }

    /// Keys and values in order: indices of a list, sorted keys of a map, the numbers below a number.
    fn items(
        &self,
        over: &Value,
    ) -> Result<Box<dyn Iterator<Item = (Value, Value)>>, TemplateError> {
        match over {
            Value::Missing | Value::Nil(_) => Ok(Box::new(std::iter::empty())),
            Value::Int(most) | Value::Int64(most) => {
                Ok(Box::new((0..*most).map(|n| (Value::Int(n), Value::Int(n)))))
            }
            Value::List(list) => {
                let list = list.clone();
                let indices = (0_i64..).zip(0..list.len());
                Ok(Box::new(
                    indices.map(move |(n, at)| (Value::Int(n), list[at].clone())),
                ))
            }
            Value::Map(map) => {
                let pairs = map
                    .iter()
                    .map(|(key, value)| (Value::text(key), value.clone()));
                Ok(Box::new(pairs.collect::<Vec<_>>().into_iter()))
            }
            other => Err(self.error(format!("range can't iterate over {}", show(other)))),
        }
    }

    /// Sets the innermost variable of a name, which a `range` has just declared.
    fn set(&mut self, name: &str, value: Value) {
        if let Some((_, held)) = self.variables.iter_mut().rev().find(|(n, _)| n == name) {
            *held = value;
        }
    }

    fn template(&mut self, node: &'t Invocation, dot: &Value) -> Result<(), TemplateError> {
        self.at = Place::Template(node);
        let Some(nodes) = self.tree.named.get(&node.name) else {
            return Err(self.error(format!("template {:?} not defined", node.name)));
        };
        if self.depth == DEPTH_LIMIT {
            return Err(self.error(format!("exceeded maximum template depth ({DEPTH_LIMIT})")));
        }
        let dot = match &node.pipe {
            Some(pipe) => self.pipe(pipe, dot)?,
            None => Value::Missing,
        };
        let inside = vec![("$".to_owned(), dot.clone())];
        let outside = std::mem::replace(&mut self.variables, inside);
        let name = std::mem::replace(&mut self.name, node.name.clone());
        self.depth += 1;
        self.nodes(nodes, &dot)?;
        self.depth -= 1;
        (self.variables, self.name) = (outside, name);
        Ok(())
    }

    fn pipe(&mut self, pipe: &'t Pipe, dot: &Value) -> Result<Value, TemplateError> {
        self.at = Place::Pipe(pipe);
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(command, value, dot)?);
        }
        let value = value.unwrap_or(Value::Missing);
        for name in &pipe.variables {
            if !pipe.assigns {
                self.variables.push((name.clone(), value.clone()));
            } else if self.variables.iter().any(|(known, _)| known == name) {
                self.set(name, value.clone());
            } else {
                return Err(self.error(format!("undefined variable: {name}")));
            }
        }
        Ok(value)
    }

    fn command(
        &mut self,
        command: &'t Command,
        piped: Option<Value>,
        dot: &Value,
    ) -> Result<Value, TemplateError> {
        let first = &command.words[0];
        let has_arguments = command.words.len() > 1 || piped.is_some();
        match &first.kind {
            Kind::Function(name) => {
                self.at = Place::Operand(first);
                self.call(name, command, piped, dot)
            }
            Kind::Field(names) | Kind::Variable(_, names) | Kind::Chain(_, names)
                if has_arguments && !names.is_empty() =>
            {
                self.at = Place::Operand(first);
                let last = &names[names.len() - 1];
                Err(self.error(format!("{last} is not a method but has arguments")))
            }
            _ if has_arguments => {
                self.at = Place::Operand(first);
                Err(self.error(format!("can't give argument to non-function {first}")))
            }
            Kind::Nil => {
                self.at = Place::Operand(first);
                Err(self.error("nil is not a command"))
            }
            _ => self.operand(first, dot),
        }
    }

    fn operand(&mut self, operand: &'t Operand, dot: &Value) -> Result<Value, TemplateError> {
        self.at = Place::Operand(operand);
        match &operand.kind {
            Kind::Dot => Ok(dot.clone()),
            Kind::Nil => Ok(Value::Missing),
            Kind::Literal(_, value) => Ok(value.clone()),
            Kind::Field(names) => self.fields(dot.clone(), names),
            Kind::Variable(name, names) => {
                let known = self.variables.iter().rev().find(|(n, _)| n == name);
                let value = known.map_or(Value::Missing, |(_, value)| value.clone());
                self.fields(value, names)
            }
            Kind::Parenthesis(pipe) => self.pipe(pipe, dot),
            Kind::Chain(of, names) => {
                let value = self.operand(of, dot)?;
                self.at = Place::Operand(operand);
                self.fields(value, names)
            }
            Kind::Function(name) => {
                let none = Signature::of(name).takes_nothing();
                if !none {
                    return Err(self.error(format!(
                        "wrong number of args for {name}: want {} got 0",
                        Signature::of(name).wanted()
                    )));
                }
                functions::call(name, &[]).map_err(|e| self.calling(name, &e))
            }
        }
    }

    fn fields(&self, mut value: Value, names: &[String]) -> Result<Value, TemplateError> {
        for (at, name) in names.iter().enumerate() {
            value = match &value {
                Value::Map(map) => map.get(name).cloned().unwrap_or(Value::Missing),
                Value::Struct(members) => match members.get(name) {
                    Some(value) => value.clone(),
                    None => {
                        let known = members.members.iter().map(|(name, _)| name.as_str());
                        let hint = dockerfile::suggest(name, known)
                            .map(|near| format!("did you mean `.{near}`?"));
                        let error = self.error(format!("map has no entry for key {name:?}"));
                        return Err(error.with_hint(hint));
                    }
                },
                // Docker's own structs have a pointer there; what it says comes of looking a second time, at the JSON.
                Value::Nil(_) => {
                    let holder = at.checked_sub(1).map_or("", |before| &names[before]);
                    return Err(self.error(format!("map has no entry for key {holder:?}")));
                }
                Value::Missing => {
                    let message = format!("nil data; no entry for key {name:?}");
                    return Err(self.error(message));
                }
                other => {
                    let of = match self.at {
                        Place::Operand(Operand {
                            kind: Kind::Field(_),
                            ..
                        }) => "interface {}",
                        _ => other.type_name(),
                    };
                    return Err(self.error(format!("can't evaluate field {name} in type {of}")));
                }
            };
        }
        Ok(value)
    }

    fn call(
        &mut self,
        name: &str,
        command: &'t Command,
        piped: Option<Value>,
        dot: &Value,
    ) -> Result<Value, TemplateError> {
        let words = &command.words[1..];
        let signature = Signature::of(name);
        let count = words.len() + usize::from(piped.is_some());
        if !signature.takes(count) {
            let wanted = signature.wanted();
            let message = format!("wrong number of args for {name}: want {wanted} got {count}");
            return Err(self.error(message));
        }
        if name == "and" || name == "or" {
            return self.short_circuit(name == "and", words, piped, dot);
        }
        let mut arguments = Vec::with_capacity(count);
        for (at, word) in words.iter().enumerate() {
            arguments.push(self.argument(word, signature.parameter(at), dot)?);
        }
        if let Some(value) = piped {
            arguments.push(self.check(value, signature.parameter(words.len()))?);
        }
        self.at = Place::Command(command);
        functions::call(name, &arguments).map_err(|message| self.calling(name, &message))
    }

    fn calling(&self, name: &str, message: &str) -> TemplateError {
        self.error(format!("error calling {name}: {message}"))
    }

    /// `and` and `or` give the argument that decides, and do not look at those behind it.
    fn short_circuit(
        &mut self,
        and: bool,
        words: &'t [Operand],
        piped: Option<Value>,
        dot: &Value,
    ) -> Result<Value, TemplateError> {
        let mut last = Value::Missing;
        for word in words {
            last = self.operand(word, dot)?;
            if last.is_true() != and {
                return Ok(last);
            }
        }
        Ok(piped.unwrap_or(last))
    }

    fn argument(
        &mut self,
        word: &'t Operand,
        parameter: Parameter,
        dot: &Value,
    ) -> Result<Value, TemplateError> {
        if let Kind::Literal(text, value) = &word.kind
            && !parameter.accepts(value)
        {
            self.at = Place::Operand(word);
            let wanted = parameter.type_name();
            return Err(match parameter {
                Parameter::List => {
                    self.error(format!("can't handle {text} for arg of type {wanted}"))
                }
                _ => self.error(format!("expected {}; found {text}", parameter.noun())),
            });
        }
        let value = self.operand(word, dot)?;
        self.check(value, parameter)
    }

    fn check(&self, value: Value, parameter: Parameter) -> Result<Value, TemplateError> {
        if parameter.accepts(&value) {
            return Ok(value);
        }
        let (wanted, got) = (parameter.type_name(), value.type_name());
        Err(self.error(format!(
            "wrong type for value; expected {wanted}; got {got}"
        )))
    }
}
