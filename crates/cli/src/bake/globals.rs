//! What every expression may name: variables, functions, and attributes of targets. Each is evaluated when it is needed first.

use super::evaluate::Scope;
use super::file::{Block, File};
use super::functions;
use super::problem::{Problem, Result};
use super::types::Type;
use super::value::as_bool;
use dockerfile::Source;
use hcl_edit::expr::Expression;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Expressions in expressions, over all names and calls. What is deeper does not end, or was written to exhaust the stack.
const DEPTH: usize = 1000;
/// Values that may come about in all, long texts counting as several. A short file can make a value that no memory holds.
const EFFORT: usize = 10_000_000;

/// Global names.
#[derive(Debug)]
pub(super) struct Globals {
    variables: BTreeMap<String, Block>,
    attributes: BTreeMap<String, (Expression, Arc<Source>)>,
    functions: BTreeMap<String, Block>,
    /// By kind and name.
    blocks: BTreeMap<(&'static str, String), Vec<Block>>,
    built_in: BTreeMap<String, Value>,
    /// What the environment or `--var` says.
    given: BTreeMap<String, String>,
    /// Values that were needed; `None` while one is being found.
    known: RefCell<BTreeMap<String, Option<Value>>>,
    depth: Cell<usize>,
    effort: Cell<usize>,
}

/// A variable, for `--list variables`.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) value: Value,
    pub(crate) description: String,
}

impl Globals {
    /// The names of a file. `lookup` asks the environment.
    pub(super) fn new(
        file: &File,
        built_in: BTreeMap<String, Value>,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let mut variables: BTreeMap<String, Block> = BTreeMap::new();
        for block in &file.variables {
            block.check("variable", &["default", "description", "sensitive", "type"])?;
            match variables.get_mut(&block.name) {
                // A later one says more of the same.
                Some(known) => {
                    known.attributes.extend(block.attributes.iter().cloned());
                    known.inner.extend(block.inner.iter().cloned());
                }
                None => {
                    variables.insert(block.name.clone(), block.clone());
                }
            }
        }
        let mut functions = BTreeMap::new();
        for block in &file.functions {
            block.check("function", &["params", "result", "variadic_params"])?;
            functions.insert(block.name.clone(), block.clone());
        }
        let mut given = BTreeMap::new();
        for name in variables.keys() {
            for name in [name.clone(), format!("{name}_JSON")] {
                given.extend(lookup(&name).map(|value| (name, value)));
            }
        }
        let mut blocks: BTreeMap<_, Vec<Block>> = BTreeMap::new();
        for (kind, all) in [("target", &file.targets), ("group", &file.groups)] {
            for block in all {
                let key = (kind, block.name.clone());
                blocks.entry(key).or_default().push(block.clone());
            }
        }
        let attributes = file.attributes.iter().map(|(attribute, source)| {
            let value = (attribute.value.clone(), Arc::clone(source));
            (attribute.name.clone(), value)
        });
        Ok(Self {
            variables,
            attributes: attributes.collect(),
            functions,
            blocks,
            built_in,
            given,
            known: RefCell::default(),
            depth: Cell::default(),
            effort: Cell::default(),
        })
    }

    /// Holds all variables against their validations.
    pub(super) fn validate(&self) -> Result<()> {
        for block in self.variables.values() {
            self.variable(&block.name)?;
            for rule in block
                .inner
                .iter()
                .filter(|inner| inner.name == "validation")
            {
                let scope = Scope::new(self, &rule.source);
                let Some(condition) = rule.get("condition") else {
                    continue;
                };
                if !as_bool(&scope.evaluate(condition)?)? {
                    let said = rule.get("error_message").map(|text| scope.evaluate(text));
                    let said = said.transpose()?;
                    let said = said.as_ref().and_then(Value::as_str);
                    let said = said.unwrap_or("the value is not valid");
                    let problem = Problem::new(format!("variable {}: {said}", block.name));
                    let span = hcl_edit::Span::span(condition);
                    return Err(problem.at(&rule.source, span));
                }
            }
        }
        Ok(())
    }

    /// A variable's value.
    pub(super) fn variable(&self, name: &str) -> Result<Value> {
        let find = || {
            if let Some(block) = self.variables.get(name) {
                return Some(self.declared(block).map(|(value, _)| value));
            }
            if let Some((expression, source)) = self.attributes.get(name) {
                return Some(Scope::new(self, source).evaluate(expression));
            }
            self.built_in.get(name).cloned().map(Ok)
        };
        self.once(name, find).unwrap_or_else(|| {
            let known = self.variables.keys().chain(self.attributes.keys());
            let near = dockerfile::suggest(name, known.map(String::as_str));
            let problem = Problem::new(format!("there is no variable `{name}`"));
            Err(match near {
                Some(near) => problem.help(format!("did you mean {near}?")),
                None => problem,
            })
        })
    }

    /// The attribute of a target or a group, if there is such a block.
    pub(super) fn attribute_of(
        &self,
        kind: &str,
        name: &str,
        attribute: &str,
    ) -> Option<Result<Value>> {
        let kind = ["target", "group"]
            .into_iter()
            .find(|known| *known == kind)?;
        let blocks = self.blocks.get(&(kind, name.to_owned()))?;
        let with = |block: &&Block| block.get(attribute).is_some();
        let Some(block) = blocks.iter().rev().find(with) else {
            let message = format!("{kind} {name} has no `{attribute}`");
            return Some(Err(Problem::new(message)));
        };
        self.once(&format!("{kind}.{name}.{attribute}"), || {
            let expression = block.get(attribute)?;
            Some(Scope::new(self, &block.source).evaluate(expression))
        })
    }

    /// Finds a value once, and notices when it needs itself.
    fn once(
        &self,
        name: &str,
        find: impl FnOnce() -> Option<Result<Value>>,
    ) -> Option<Result<Value>> {
        match self.known.borrow().get(name) {
            Some(Some(value)) => return Some(Ok(value.clone())),
            Some(None) => return Some(Err(Problem::new(format!("`{name}` needs its own value")))),
            None => {}
        }
        self.known.borrow_mut().insert(name.to_owned(), None);
        let found = find();
        let mut known = self.known.borrow_mut();
        match &found {
            Some(Ok(value)) => known.insert(name.to_owned(), Some(value.clone())),
            _ => known.remove(name),
        };
        found
    }

    /// The value of a variable block, and its type.
    fn declared(&self, block: &Block) -> Result<(Value, Option<Type>)> {
        let scope = Scope::new(self, &block.source);
        let kind = block.get("type").map(|kind| {
            Type::read(kind, &scope)
                .map_err(|problem| problem.at(&block.source, hcl_edit::Span::span(kind)))
        });
        let kind = kind.transpose()?;
        let given = |read: &dyn Fn(&Type, &str) -> Result<Value>, name: &str, kind: &Type| {
            self.given.get(name).map(|text| {
                read(kind, text).map_err(|problem| {
                    let message = format!("the variable {name} is `{text}`, but not a {kind}");
                    let problem = problem.help_of(message);
                    problem.at(&block.source, block.span.clone())
                })
            })
        };
        let json = format!("{}_JSON", block.name);
        if let Some(kind) = &kind {
            let found = given(&Type::parse, &block.name, kind)
                .or_else(|| given(&Type::parse_json, &json, kind));
            if let Some(value) = found {
                return Ok((value?, Some(kind.clone())));
            }
        } else if self.given.contains_key(&block.name) {
            // The default's type is the variable's.
            let default = self.default(block, &scope)?.unwrap_or(Value::Null);
            let of_default = Type::of(&default).ok_or_else(|| {
                let message = format!(
                    "the variable {} comes from the environment, but has no type",
                    block.name
                );
                Problem::new(message).at(&block.source, block.span.clone())
            })?;
            if let Some(value) = given(&Type::parse, &block.name, &of_default) {
                return Ok((value?, None));
            }
        }
        let value = match (self.default(block, &scope)?, &kind) {
            (Some(value), Some(kind)) => kind
                .convert(value)
                .map_err(|problem| problem.at(&block.source, block.span.clone()))?,
            (Some(value), None) => value,
            (None, Some(_)) => Value::Null,
            (None, None) => Value::from(""),
        };
        Ok((value, kind))
    }

    fn default(&self, block: &Block, scope: &Scope<'_>) -> Result<Option<Value>> {
        let default = block.get("default");
        default.map(|default| scope.evaluate(default)).transpose()
    }

    /// Calls a function of the files or of the language.
    pub(super) fn call(&self, name: &str, arguments: Vec<Value>) -> Result<Value> {
        let Some(function) = self.functions.get(name) else {
            return functions::call(name, &arguments);
        };
        let mut scope = Scope::new(self, &function.source);
        let names = match function.get("params") {
            Some(params) => names(params)?,
            None => Vec::new(),
        };
        let rest = function
            .get("variadic_params")
            .map(names_of_one)
            .transpose()?;
        let fits = match rest {
            Some(_) => arguments.len() >= names.len(),
            None => arguments.len() == names.len(),
        };
        if !fits {
            return Err(Problem::new(format!(
                "`{name}` takes {} arguments, not {}",
                names.len(),
                arguments.len()
            )));
        }
        let mut arguments = arguments.into_iter();
        scope
            .locals
            .extend(names.into_iter().zip(arguments.by_ref()));
        if let Some(rest) = rest {
            scope.locals.push((rest, arguments.collect()));
        }
        let Some(result) = function.get("result") else {
            return Err(Problem::new(format!("the function {name} has no result")));
        };
        scope.evaluate(result)
    }

    /// Goes one expression deeper.
    pub(super) fn deeper<T>(&self, evaluate: impl FnOnce() -> Result<T>) -> Result<T> {
        let depth = self.depth.get();
        if depth >= DEPTH {
            let message = "names and functions lead to each other without an end, or too deeply";
            return Err(Problem::new(message));
        }
        self.depth.set(depth + 1);
        let value = evaluate();
        self.depth.set(depth);
        value
    }

    /// Counts a value that came about.
    pub(super) fn counted(&self, value: Value) -> Result<Value> {
        let effort = self.effort.get().saturating_add(size(&value));
        self.effort.set(effort);
        match effort > EFFORT {
            true => Err(Problem::new("the values of the file are too large")),
            false => Ok(value),
        }
    }

    /// All variables with their values.
    pub(super) fn variables(&self) -> Result<Vec<Variable>> {
        let mut all = Vec::new();
        for block in self.variables.values() {
            let (value, kind) = self.declared(block)?;
            let scope = Scope::new(self, &block.source);
            let description = block.get("description").map(|text| scope.evaluate(text));
            let description = description.transpose()?;
            all.push(Variable {
                name: block.name.clone(),
                kind: kind.map(|kind| kind.to_string()).unwrap_or_default(),
                value,
                description: description
                    .as_ref()
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
            });
        }
        Ok(all)
    }
}

/// The names in `params = [a, b]`.
fn names(list: &Expression) -> Result<Vec<String>> {
    let Expression::Array(items) = list else {
        return Err(Problem::new("`params` is no list of names"));
    };
    items.iter().map(names_of_one).collect()
}

fn names_of_one(name: &Expression) -> Result<String> {
    match name {
        Expression::Variable(name) => Ok(name.to_string()),
        Expression::String(name) => Ok(name.to_string()),
        _ => Err(Problem::new("this is no name")),
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => 1 + text.len() / 16,
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(size).sum::<usize>(),
        _ => 1,
    }
}
