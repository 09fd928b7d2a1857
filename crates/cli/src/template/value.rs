//! What templates work with: Go's values, made of JSON.
//!
//! Docker fills templates in with Go structs. What a struct is and what a map cannot be seen in JSON, and matters: a key that a
//! map lacks is no error, and they print differently. So it goes by the members' names.

use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Members that are maps in Docker's structs: their keys are data.
const MAPS: [&str; 9] = [
    "Labels",
    "ExposedPorts",
    "Volumes",
    "Annotations",
    "annotations",
    "Ports",
    "PortBindings",
    "Data",
    "Options",
];

/// Members that are lists in Docker's structs, also where JSON has `null`.
const LISTS: [&str; 8] = [
    "Cmd",
    "Entrypoint",
    "Env",
    "OnBuild",
    "Shell",
    "RepoTags",
    "RepoDigests",
    "Args",
];

/// Members whose own members Docker leaves out of JSON where they are empty.
const SPARSE: [&str; 1] = ["Config"];

/// A value. Cloning is cheap.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// What a map does not have.
    Missing,
    /// Nothing, of a kind.
    Nil(Nil),
    Bool(bool),
    /// A number that the template has or computes: Go's `int`.
    Int(i64),
    /// A number of the data: Go's `int64`.
    Int64(i64),
    Float(f64),
    Text(Rc<str>),
    List(Rc<[Value]>),
    Map(Rc<BTreeMap<String, Value>>),
    Struct(Rc<Struct>),
}

/// What a `null` would hold if it held anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nil {
    List,
    Map,
    Pointer,
}

/// Members with names, in their order.
#[derive(Debug)]
pub(super) struct Struct {
    pub(super) members: Vec<(String, Value)>,
    /// Whether empty members are left out of its JSON.
    pub(super) sparse: bool,
}

impl Struct {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let found = self.members.iter().find(|(member, _)| member == name);
        found.map(|(_, value)| value)
    }
}

impl Value {
    /// The data that a template is filled in with.
    pub(super) fn of_data(json: &Json) -> Value {
        Value::of_member(json, "")
    }

    fn of_member(json: &Json, name: &str) -> Value {
        match json {
            Json::Null if LISTS.contains(&name) => Value::Nil(Nil::List),
            Json::Null if MAPS.contains(&name) => Value::Nil(Nil::Map),
            Json::Null => Value::Nil(Nil::Pointer),
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => match number.as_i64() {
                Some(number) => Value::Int64(number),
                None => Value::Float(number.as_f64().unwrap_or_default()),
            },
            Json::String(text) => Value::text(text),
            Json::Array(list) => Value::List(list.iter().map(Value::of_data).collect()),
            Json::Object(map) if MAPS.contains(&name) => {
                let pairs = map.iter();
                let pairs = pairs.map(|(key, value)| (key.clone(), Value::of_data(value)));
                Value::Map(Rc::new(pairs.collect()))
            }
            Json::Object(map) => {
                let members = map.iter();
                let members =
                    members.map(|(key, value)| (key.clone(), Value::of_member(value, key)));
                Value::Struct(Rc::new(Struct {
                    members: members.collect(),
                    sparse: SPARSE.contains(&name),
                }))
            }
        }
    }

    pub(super) fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    /// Go's truth: the empty value of each type is false.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Value::Missing | Value::Nil(_) => false,
            Value::Bool(value) => *value,
            Value::Int(number) | Value::Int64(number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::List(list) => !list.is_empty(),
            Value::Map(map) => !map.is_empty(),
            Value::Struct(_) => true,
        }
    }

    pub(super) fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(number) | Value::Int64(number) => Some(*number),
            _ => None,
        }
    }

    /// Go's name of the type.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Value::Missing | Value::Nil(Nil::Pointer) => "<nil>",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Int64(_) => "int64",
            Value::Float(_) => "float64",
            Value::Text(_) => "string",
            Value::List(_) | Value::Nil(Nil::List) => "[]string",
            Value::Map(_) | Value::Nil(Nil::Map) => "map[string]string",
            Value::Struct(_) => "struct",
        }
    }
}
