//! One bake file in HCL or JSON, as blocks whose expressions are not evaluated yet.

use super::problem::{Problem, Result};
use dockerfile::Source;
use hcl_edit::expr::{Array, Expression, Object, ObjectKey};
use hcl_edit::structure::{Body, Structure};
use hcl_edit::template::{Element, StringTemplate};
use hcl_edit::{Span, parser};
use serde_json::{Map, Value};
use std::ops::Range;
use std::sync::Arc;

/// `name = value`.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) value: Expression,
    pub(super) span: Option<Range<usize>>,
}

/// `target "name" { … }` and the like.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) name: String,
    pub(super) attributes: Vec<Attribute>,
    /// Blocks inside: a variable's validations.
    pub(super) inner: Vec<Block>,
    pub(super) source: Arc<Source>,
    pub(super) span: Option<Range<usize>>,
}

/// All blocks of the files, in their order.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) variables: Vec<Block>,
    pub(super) functions: Vec<Block>,
    pub(super) groups: Vec<Block>,
    pub(super) targets: Vec<Block>,
    /// What stands outside blocks: names for values.
    pub(super) attributes: Vec<(Attribute, Arc<Source>)>,
}

impl Block {
    /// The expression of an attribute. Of two the last counts.
    pub(super) fn get(&self, name: &str) -> Option<&Expression> {
        let found = self.attributes.iter().rev();
        let mut found = found.filter(|attribute| attribute.name == name);
        found.next().map(|attribute| &attribute.value)
    }

    /// Refuses attributes that such a block does not have.
    pub(super) fn check(&self, what: &str, known: &[&str]) -> Result<()> {
        for attribute in &self.attributes {
            let name = attribute.name.as_str();
            if !known.contains(&name) {
                let message = format!("a {what} has no `{name}`");
                let problem = Problem::new(message);
                let problem = match dockerfile::suggest(name, known.iter().copied()) {
                    Some(near) => problem.help(format!("did you mean {near}?")),
                    None => problem.help(format!("it has {}", known.join(", "))),
                };
                return Err(problem.at(&self.source, attribute.span.clone()));
            }
        }
        Ok(())
    }
}

impl File {
    /// Adds the blocks of a file in HCL.
    pub(super) fn add_hcl(&mut self, source: Source) -> Result<()> {
        let source = Arc::new(source);
        let body = parser::parse_body(source.text()).map_err(|error| {
            let at = error.location().offset();
            Problem::new(error.message()).at(&source, Some(at..at + 1))
        })?;
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    let attribute = from_hcl(&attribute);
                    self.attributes.push((attribute, Arc::clone(&source)));
                }
                Structure::Block(block) => {
                    let kind = block.ident.as_str();
                    let span = block.ident.span();
                    let wrong = |message: String| Problem::new(message).at(&source, span.clone());
                    let label = match block.labels.as_slice() {
                        [label] => label.as_str().to_owned(),
                        _ => return Err(wrong(format!("a {kind} block has one name"))),
                    };
                    let to = self.blocks(kind).ok_or_else(|| {
                        wrong(format!("there are no `{kind}` blocks"))
                            .help("there are target, group, variable and function")
                    })?;
                    to.push(block_of(label, &block.body, &source, span));
                }
            }
        }
        Ok(())
    }

    /// Adds the blocks of a file in JSON.
    pub(super) fn add_json(&mut self, name: &str, content: Map<String, Value>) -> Result<()> {
        // There are no places to point at, only the file's name to tell.
        let source = Arc::new(Source::new(name, ""));
        for (kind, value) in content {
            let Some(blocks) = self.blocks(&kind) else {
                let value = expression(&value)?;
                let attribute = Attribute {
                    name: kind,
                    value,
                    span: None,
                };
                self.attributes.push((attribute, Arc::clone(&source)));
                continue;
            };
            let Value::Object(named) = value else {
                return Err(Problem::new(format!("{name}: `{kind}` is no object")));
            };
            for (label, value) in named {
                // A block may come several times.
                let several = match value {
                    Value::Array(several) => several,
                    one => vec![one],
                };
                for value in several {
                    let Value::Object(content) = value else {
                        return Err(Problem::new(format!("{name}: {kind} {label} is no object")));
                    };
                    blocks.push(json_block(&label, content, &source)?);
                }
            }
        }
        Ok(())
    }

    fn blocks(&mut self, kind: &str) -> Option<&mut Vec<Block>> {
        match kind {
            "target" => Some(&mut self.targets),
            "group" => Some(&mut self.groups),
            "variable" => Some(&mut self.variables),
            "function" => Some(&mut self.functions),
            _ => None,
        }
    }
}

fn from_hcl(attribute: &hcl_edit::structure::Attribute) -> Attribute {
    let mut value = attribute.value.clone();
    if let Expression::HeredocTemplate(heredoc) = &mut value {
        heredoc.dedent();
    }
    Attribute {
        name: attribute.key.to_string(),
        value,
        span: attribute.key.span(),
    }
}

fn block_of(name: String, body: &Body, source: &Arc<Source>, span: Option<Range<usize>>) -> Block {
    let inner = body.blocks().map(|block| {
        let name = block.ident.to_string();
        block_of(name, &block.body, source, block.ident.span())
    });
    Block {
        name,
        attributes: body.attributes().map(from_hcl).collect(),
        inner: inner.collect(),
        source: Arc::clone(source),
        span,
    }
}

fn json_block(name: &str, content: Map<String, Value>, source: &Arc<Source>) -> Result<Block> {
    let mut block = Block {
        name: name.to_owned(),
        attributes: Vec::new(),
        inner: Vec::new(),
        source: Arc::clone(source),
        span: None,
    };
    for (name, value) in content {
        match value {
            Value::Object(inner) if name == "validation" => {
                block.inner.push(json_block(&name, inner, source)?);
            }
            Value::Array(several) if name == "validation" => {
                for value in several {
                    if let Value::Object(inner) = value {
                        block.inner.push(json_block(&name, inner, source)?);
                    }
                }
            }
            // What stands in HCL as an expression stands in JSON as a text.
            Value::String(text) if matches!(name.as_str(), "type" | "result") => {
                let bare = text.trim().strip_prefix("${");
                let bare = bare
                    .and_then(|text| text.strip_suffix('}'))
                    .unwrap_or(&text);
                let value = parser::parse_expr(bare)
                    .map_err(|error| Problem::new(format!("{text}: {}", error.message())))?;
                block.attributes.push(Attribute {
                    name,
                    value,
                    span: None,
                });
            }
            value => {
                let value = expression(&value)?;
                block.attributes.push(Attribute {
                    name,
                    value,
                    span: None,
                });
            }
        }
    }
    Ok(block)
}

/// JSON as an expression: its strings are templates.
/// <https://github.com/hashicorp/hcl/blob/main/json/spec.md>
fn expression(value: &Value) -> Result<Expression> {
    Ok(match value {
        Value::Null => Expression::null(),
        Value::Bool(value) => Expression::from(*value),
        Value::Number(number) => {
            let whole = number.as_i64().map(hcl_edit::Number::from);
            let float = || hcl_edit::Number::from_f64(number.as_f64()?);
            let number = whole
                .or_else(float)
                .ok_or_else(|| Problem::new(format!("the number {number} is too large")))?;
            Expression::from(number)
        }
        Value::String(text) => template(text)?,
        Value::Array(items) => {
            let mut array = Array::new();
            for item in items {
                array.push(expression(item)?);
            }
            Expression::Array(array)
        }
        Value::Object(map) => {
            let mut object = Object::new();
            for (key, value) in map {
                object.insert(ObjectKey::Expression(template(key)?), expression(value)?);
            }
            Expression::Object(object)
        }
    })
}

fn template(text: &str) -> Result<Expression> {
    let template = parser::parse_template(text)
        .map_err(|error| Problem::new(format!("`{text}`: {}", error.message())))?;
    let mut out = StringTemplate::new();
    let mut plain = String::new();
    let mut is_plain = true;
    for element in template {
        match &element {
            Element::Literal(text) => plain.push_str(text),
            _ => is_plain = false,
        }
        out.push(element);
    }
    Ok(match is_plain {
        true => Expression::from(plain),
        false => Expression::StringTemplate(out),
    })
}
