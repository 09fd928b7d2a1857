//! Types of variables: `string`, `list(number)`, `object({ a = string })`.

use super::evaluate::Scope;
use super::problem::{Problem, Result};
use super::value::{as_bool, as_list, as_map, as_number, as_text, number};
use crate::key_values;
use hcl_edit::expr::{Expression, ObjectKey};
use serde_json::{Map, Value};

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    Any,
    Text,
    Number,
    Bool,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>),
    Tuple(Vec<Type>),
    Object(Vec<Field>),
}

/// One key of an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    name: String,
    kind: Type,
    /// What an optional one is without a value.
    default: Option<Value>,
}

impl Type {
    /// Reads a type's expression.
    pub(super) fn read(expression: &Expression, scope: &Scope<'_>) -> Result<Self> {
        let unknown = || {
            let help = "there are string, number, bool, any, list(…), set(…), map(…), tuple([…]) and object({…})";
            Problem::new("this is no type").help(help)
        };
        let read = |inner: &Expression| Self::read(inner, scope);
        match expression {
            Expression::Parenthesis(inner) => read(inner.inner()),
            Expression::Variable(name) => match name.as_str() {
                "string" => Ok(Self::Text),
                "number" => Ok(Self::Number),
                "bool" => Ok(Self::Bool),
                "any" => Ok(Self::Any),
                _ => Err(unknown()),
            },
            Expression::FuncCall(call) => {
                let argument = call.args.get(0).ok_or_else(unknown)?;
                match call.name.name.as_str() {
                    "list" => Ok(Self::List(Box::new(read(argument)?))),
                    "set" => Ok(Self::Set(Box::new(read(argument)?))),
                    "map" => Ok(Self::Map(Box::new(read(argument)?))),
                    "tuple" => {
                        let array = argument.as_array().ok_or_else(unknown)?;
                        Ok(Self::Tuple(array.iter().map(read).collect::<Result<_>>()?))
                    }
                    "object" => {
                        let object = argument.as_object().ok_or_else(unknown)?;
                        let mut fields = Vec::new();
                        for (key, value) in object {
                            fields.push(field(key, value.expr(), scope)?.ok_or_else(unknown)?);
                        }
                        Ok(Self::Object(fields))
                    }
                    _ => Err(unknown()),
                }
            }
            _ => Err(unknown()),
        }
    }

    /// The type of an untyped variable's default; what the environment gives is read as that.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(_) => Some(Self::Bool),
            Value::Number(_) => Some(Self::Number),
            Value::String(_) | Value::Null => Some(Self::Text),
            Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Makes a value one of this type.
    pub(super) fn convert(&self, value: Value) -> Result<Value> {
        if value.is_null() {
            return Ok(value);
        }
        match self {
            Self::Any => Ok(value),
            Self::Text => Ok(Value::from(as_text(&value)?)),
            Self::Number => number(as_number(&value)?),
            Self::Bool => Ok(Value::Bool(as_bool(&value)?)),
            Self::List(inner) => {
                let items = as_list(&value)?.iter().cloned();
                Ok(Value::Array(
                    items
                        .map(|item| inner.convert(item))
                        .collect::<Result<_>>()?,
                ))
            }
            Self::Set(inner) => {
                let mut set: Vec<Value> = Vec::new();
                for item in as_list(&value)? {
                    let item = inner.convert(item.clone())?;
                    if !set.contains(&item) {
                        set.push(item);
                    }
                }
                Ok(Value::Array(set))
            }
            Self::Map(inner) => {
                let mut map = Map::new();
                for (key, value) in as_map(&value)? {
                    map.insert(key.clone(), inner.convert(value.clone())?);
                }
                Ok(Value::Object(map))
            }
            Self::Tuple(kinds) => {
                let items = as_list(&value)?;
                if items.len() != kinds.len() {
                    return Err(Problem::new(format!(
                        "a tuple of {} elements is needed, not of {}",
                        kinds.len(),
                        items.len()
                    )));
                }
                let pairs = kinds.iter().zip(items);
                let items = pairs.map(|(kind, item)| kind.convert(item.clone()));
                Ok(Value::Array(items.collect::<Result<_>>()?))
            }
            Self::Object(fields) => {
                let given = as_map(&value)?;
                let mut map = Map::new();
                for field in fields {
                    let value = match (given.get(&field.name), &field.default) {
                        (Some(value), _) => field.kind.convert(value.clone())?,
                        (None, Some(default)) => default.clone(),
                        (None, None) => {
                            return Err(Problem::new(format!("`{}` is missing", field.name)));
                        }
                    };
                    map.insert(field.name.clone(), value);
                }
                Ok(Value::Object(map))
            }
        }
    }

    /// Reads what the environment gives: lists as CSV.
    pub(super) fn parse(&self, text: &str) -> Result<Value> {
        match self {
            Self::Any => Ok(Value::from(text)),
            Self::List(_) | Self::Set(_) | Self::Tuple(_) => {
                let items = match text.is_empty() {
                    true => Vec::new(),
                    false => key_values::split(text).map_err(Problem::new)?,
                };
                self.convert(items.into())
            }
            Self::Map(_) | Self::Object(_) => {
                let value = serde_json::from_str(text)
                    .map_err(|error| Problem::new(format!("it is no JSON: {error}")))?;
                self.convert(value)
            }
            Self::Text | Self::Number | Self::Bool => self.convert(Value::from(text)),
        }
    }

    /// The same from JSON (`NAME_JSON`).
    pub(super) fn parse_json(&self, text: &str) -> Result<Value> {
        let value = serde_json::from_str(text)
            .map_err(|error| Problem::new(format!("it is no JSON: {error}")))?;
        self.convert(value)
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Text => f.write_str("string"),
            Self::Number => f.write_str("number"),
            Self::Bool => f.write_str("bool"),
            Self::List(inner) => write!(f, "list of {inner}"),
            Self::Set(inner) => write!(f, "set of {inner}"),
            Self::Map(inner) => write!(f, "map of {inner}"),
            Self::Tuple(_) => f.write_str("tuple"),
            Self::Object(_) => f.write_str("object"),
        }
    }
}

fn field(key: &ObjectKey, value: &Expression, scope: &Scope<'_>) -> Result<Option<Field>> {
    let name = match key {
        ObjectKey::Ident(name) => name.to_string(),
        ObjectKey::Expression(Expression::Variable(name)) => name.to_string(),
        ObjectKey::Expression(Expression::String(name)) => name.to_string(),
        ObjectKey::Expression(_) => return Ok(None),
    };
    if let Expression::FuncCall(call) = value
        && call.name.name.as_str() == "optional"
        && let Some(kind) = call.args.get(0)
    {
        let kind = Type::read(kind, scope)?;
        let default = match call.args.get(1) {
            Some(default) => kind.convert(scope.evaluate(default)?)?,
            None => Value::Null,
        };
        return Ok(Some(Field {
            name,
            kind,
            default: Some(default),
        }));
    }
    Ok(Some(Field {
        name,
        kind: Type::read(value, scope)?,
        default: None,
    }))
}
