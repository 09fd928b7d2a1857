//! Fills a template in.

use super::TemplateError;
use super::functions;
use super::parser::{Command, Head, Node, Operand, Pipeline};
use serde_json::Value;

/// The variables in force, innermost last, and the dot.
struct Scope<'a> {
    dot: &'a Value,
    variables: Vec<(String, Value)>,
}

pub(super) fn render(nodes: &[Node], data: &Value) -> Result<String, TemplateError> {
    let mut out = String::new();
    let variables = vec![(String::new(), data.clone())];
    block(
        nodes,
        &mut Scope {
            dot: data,
            variables,
        },
        &mut out,
    )?;
    Ok(out)
}

/// Variables set in a block end with it.
fn block(nodes: &[Node], scope: &mut Scope<'_>, out: &mut String) -> Result<(), TemplateError> {
    let outer = scope.variables.len();
    for node in nodes {
        self::node(node, scope, out)?;
    }
    scope.variables.truncate(outer);
    Ok(())
}

fn node(node: &Node, scope: &mut Scope<'_>, out: &mut String) -> Result<(), TemplateError> {
    match node {
        Node::Text(text) => out.push_str(text),
        Node::Print(of) => out.push_str(&functions::show(&pipeline(of, scope)?)),
        Node::Assign(name, of) => {
            let value = pipeline(of, scope)?;
            scope.variables.push((name.clone(), value));
        }
        Node::If {
            condition,
            then,
            otherwise,
        } => {
            let holds = functions::is_true(&pipeline(condition, scope)?);
            block(if holds { then } else { otherwise }, scope, out)?;
        }
        Node::With {
            value,
            then,
            otherwise,
        } => {
            let value = pipeline(value, scope)?;
            if functions::is_true(&value) {
                with_dot(&value, &[], then, scope, out)?;
            } else {
                block(otherwise, scope, out)?;
            }
        }
        Node::Range {
            variables,
            over,
            body,
            otherwise,
        } => {
            let items = items(pipeline(over, scope)?)?;
            for (key, value) in &items {
                let bound: Vec<(String, Value)> = match variables.as_slice() {
                    [v] => vec![(v.clone(), value.clone())],
                    [k, v] => vec![(k.clone(), key.clone()), (v.clone(), value.clone())],
                    _ => Vec::new(),
                };
                with_dot(value, &bound, body, scope, out)?;
            }
            if items.is_empty() {
                block(otherwise, scope, out)?;
            }
        }
    }
    Ok(())
}

fn with_dot(
    dot: &Value,
    bound: &[(String, Value)],
    body: &[Node],
    scope: &Scope<'_>,
    out: &mut String,
) -> Result<(), TemplateError> {
    let mut variables = scope.variables.clone();
    variables.extend_from_slice(bound);
    block(body, &mut Scope { dot, variables }, out)
}

/// Keys and values in order: indices of a list, sorted keys of a map.
fn items(value: Value) -> Result<Vec<(Value, Value)>, TemplateError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) => Ok(list
            .into_iter()
            .enumerate()
            .map(|(i, v)| (Value::from(i), v))
            .collect()),
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.into_iter().collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            Ok(pairs
                .into_iter()
                .map(|(k, v)| (Value::from(k), v))
                .collect())
        }
        other => {
            let shown = functions::show(&other);
            Err(TemplateError::new(format!(
                "cannot range over `{shown}`: not a list or a map"
            )))
        }
    }
}

fn pipeline(pipeline: &Pipeline, scope: &Scope<'_>) -> Result<Value, TemplateError> {
    let mut piped = None;
    for command in &pipeline.0 {
        piped = Some(self::command(command, piped, scope)?);
    }
    Ok(piped.unwrap_or(Value::Null))
}

fn command(
    command: &Command,
    piped: Option<Value>,
    scope: &Scope<'_>,
) -> Result<Value, TemplateError> {
    let Head::Function(name) = &command.first.head else {
        if !command.arguments.is_empty() || piped.is_some() {
            return Err(TemplateError::new("only functions take arguments"));
        }
        return operand(&command.first, scope);
    };
    if name == "and" || name == "or" {
        return short_circuit(name == "and", &command.arguments, piped, scope);
    }
    let mut arguments = Vec::new();
    for argument in &command.arguments {
        arguments.push(operand(argument, scope)?);
    }
    arguments.extend(piped);
    functions::call(name, &arguments)
}

/// `and` and `or` give the argument that decides, and do not look at those behind it.
fn short_circuit(
    and: bool,
    arguments: &[Operand],
    piped: Option<Value>,
    scope: &Scope<'_>,
) -> Result<Value, TemplateError> {
    let mut last = Value::Null;
    for argument in arguments {
        last = operand(argument, scope)?;
        if functions::is_true(&last) != and {
            return Ok(last);
        }
    }
    Ok(piped.unwrap_or(last))
}

fn operand(operand: &Operand, scope: &Scope<'_>) -> Result<Value, TemplateError> {
    let owned;
    let mut value = match &operand.head {
        Head::Dot => scope.dot,
        Head::Variable(name) => variable(name, scope)?,
        Head::Literal(literal) => literal,
        Head::Parenthesis(inner) => {
            owned = pipeline(inner, scope)?;
            &owned
        }
        Head::Function(name) => {
            owned = functions::call(name, &[])?;
            &owned
        }
    };
    for field in &operand.fields {
        value = take(value, field)?;
    }
    Ok(value.clone())
}

fn variable<'s>(name: &str, scope: &'s Scope<'_>) -> Result<&'s Value, TemplateError> {
    let found = scope.variables.iter().rev().find(|(n, _)| n == name);
    found
        .map(|(_, value)| value)
        .ok_or_else(|| TemplateError::new(format!("there is no variable `${name}`")))
}

fn take<'v>(value: &'v Value, field: &str) -> Result<&'v Value, TemplateError> {
    match value {
        Value::Object(map) => map.get(field).ok_or_else(|| {
            let known: Vec<&str> = map.keys().map(String::as_str).collect();
            TemplateError::new(match dockerfile::suggest(field, known.iter().copied()) {
                Some(near) => format!("there is no field `.{field}` (did you mean `.{near}`?)"),
                None => format!(
                    "there is no field `.{field}`; there are {}",
                    known.join(", ")
                ),
            })
        }),
        other => {
            let shown = functions::show(other);
            Err(TemplateError::new(format!(
                "`{shown}` has no field `.{field}`"
            )))
        }
    }
}
