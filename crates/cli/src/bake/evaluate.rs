//! Expressions to values.

use super::globals::Globals;
use super::problem::{Problem, Result};
use super::value::{as_bool, as_number, as_text, entries, equal, kind, number};
use dockerfile::Source;
use hcl_edit::Span;
use hcl_edit::expr::{
    BinaryOp, BinaryOperator, Expression, ForExpr, FuncCall, ObjectKey, Traversal,
    TraversalOperator, UnaryOperator,
};
use serde_json::{Map, Value};
use std::ops::Deref;
use std::sync::Arc;

/// A longer list than any that a person means.
const MOST_ITEMS: usize = 100_000;

/// `a.b[1].c`: more steps than any that a person means.
const MOST_OPERATORS: usize = 100;

/// Names that are known beside the global ones: of loops, functions and matrices. The last is the closest.
pub(super) type Locals = Vec<(String, Value)>;

/// Where an expression stands, and what it may name.
#[derive(Clone, Debug)]
pub(super) struct Scope<'a> {
    pub(super) globals: &'a Globals,
    pub(super) source: &'a Arc<Source>,
    pub(super) locals: Locals,
}

impl<'a> Scope<'a> {
    pub(super) fn new(globals: &'a Globals, source: &'a Arc<Source>) -> Self {
        Self {
            globals,
            source,
            locals: Vec::new(),
        }
    }

    /// The same with one more name.
    pub(super) fn with(&self, name: &str, value: Value) -> Self {
        let mut inner = self.clone();
        inner.locals.push((name.to_owned(), value));
        inner
    }

    /// The value of an expression; problems get its place.
    pub(super) fn evaluate(&self, expression: &Expression) -> Result<Value> {
        self.globals
            .deeper(|| self.value(expression))
            .map_err(|problem| problem.at(self.source, expression.span()))
    }

    fn value(&self, expression: &Expression) -> Result<Value> {
        match expression {
            Expression::Null(_) => Ok(Value::Null),
            Expression::Bool(value) => Ok(Value::Bool(*value.value())),
            Expression::Number(value) => literal(value.value()),
            Expression::String(text) => Ok(Value::from(text.as_str())),
            Expression::Array(array) => {
                let items: Result<Vec<_>> = array.iter().map(|item| self.evaluate(item)).collect();
                Ok(Value::Array(items?))
            }
            Expression::Object(object) => {
                let mut map = Map::new();
                for (key, value) in object {
                    let key = match key {
                        ObjectKey::Ident(name) => name.to_string(),
                        ObjectKey::Expression(Expression::Variable(name)) => name.to_string(),
                        ObjectKey::Expression(key) => as_text(&self.evaluate(key)?)?,
                    };
                    map.insert(key, self.evaluate(value.expr())?);
                }
                Ok(Value::Object(map))
            }
            Expression::StringTemplate(template) => self.template(template.iter()),
            Expression::HeredocTemplate(heredoc) => self.heredoc(heredoc),
            Expression::Parenthesis(inner) => self.evaluate(inner.inner()),
            Expression::Variable(name) => self.variable(name),
            Expression::Conditional(choice) => match as_bool(&self.evaluate(&choice.cond_expr)?)? {
                true => self.evaluate(&choice.true_expr),
                false => self.evaluate(&choice.false_expr),
            },
            Expression::FuncCall(call) => self.call(call),
            Expression::Traversal(traversal) => self.traverse(traversal),
            Expression::UnaryOp(operation) => {
                let value = self.evaluate(&operation.expr)?;
                match operation.operator.value() {
                    UnaryOperator::Neg => number(-as_number(&value)?),
                    UnaryOperator::Not => Ok(Value::Bool(!as_bool(&value)?)),
                }
            }
            Expression::BinaryOp(operation) => self.binary(operation),
            Expression::ForExpr(each) => self.each(each),
        }
    }

    fn variable(&self, name: &str) -> Result<Value> {
        let local = self.locals.iter().rev().find(|(local, _)| local == name);
        match local {
            Some((_, value)) => self.globals.counted(value.clone()),
            None => self.globals.counted(self.globals.variable(name)?),
        }
    }

    fn call(&self, call: &FuncCall) -> Result<Value> {
        let name = call.name.name.as_str();
        let known = !call.name.is_namespaced();
        let mut arguments = call.args.iter();
        match name {
            // These two look at arguments that fail.
            "try" if known => {
                let mut last = Problem::new("`try` needs an argument");
                for argument in arguments {
                    match self.evaluate(argument) {
                        Ok(value) => return Ok(value),
                        Err(problem) => last = problem,
                    }
                }
                return Err(last);
            }
            "can" if known => {
                let works = arguments.all(|argument| self.evaluate(argument).is_ok());
                return Ok(Value::Bool(works));
            }
            _ => {}
        }
        let mut values = Vec::new();
        for argument in arguments {
            values.push(self.evaluate(argument)?);
        }
        if call.args.expand_final() {
            match values.pop() {
                Some(Value::Array(rest)) => values.extend(rest),
                _ => return Err(Problem::new("`...` needs a list before it")),
            }
        }
        self.globals
            .call(name, values)
            .and_then(|value| self.globals.counted(value))
            .map_err(|problem| problem.at(self.source, call.name.name.span()))
    }

    fn traverse(&self, traversal: &Traversal) -> Result<Value> {
        let operators = &traversal.operators;
        if operators.len() > MOST_OPERATORS {
            return Err(Problem::new("there are too many steps"));
        }
        // target.NAME.ATTRIBUTE: a block is no value, its attributes are.
        if let Expression::Variable(kind) = &traversal.expr
            && !self.locals.iter().any(|(local, _)| local == kind.as_str())
            && let [first, second, rest @ ..] = operators.as_slice()
            && let TraversalOperator::GetAttr(name) = first.value()
            && let TraversalOperator::GetAttr(attribute) = second.value()
            && let Some(value) = self.globals.attribute_of(kind, name, attribute)
        {
            return self.follow(value?, rest);
        }
        self.follow(self.evaluate(&traversal.expr)?, operators)
    }

    fn follow<O: Deref<Target = TraversalOperator>>(
        &self,
        value: Value,
        operators: &[O],
    ) -> Result<Value> {
        let Some((operator, rest)) = operators.split_first() else {
            return Ok(value);
        };
        let next = match &**operator {
            TraversalOperator::GetAttr(name) => get(value, &Value::from(name.as_str()))?,
            TraversalOperator::Index(index) => get(value, &self.evaluate(index)?)?,
            TraversalOperator::LegacyIndex(index) => get(value, &Value::from(*index.value()))?,
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                let items = match value {
                    Value::Array(items) => items,
                    Value::Null => Vec::new(),
                    one => vec![one],
                };
                let each = items.into_iter().map(|item| self.follow(item, rest));
                return Ok(Value::Array(each.collect::<Result<_>>()?));
            }
        };
        self.follow(next, rest)
    }

    fn binary(&self, operation: &BinaryOp) -> Result<Value> {
        let left = self.evaluate(&operation.lhs_expr)?;
        let right = || self.evaluate(&operation.rhs_expr);
        let numbers = || -> Result<_> { Ok((as_number(&left)?, as_number(&right()?)?)) };
        let compare = |ok: fn(f64, f64) -> bool| -> Result<Value> {
            let (a, b) = numbers()?;
            Ok(Value::Bool(ok(a, b)))
        };
        let compute = |f: fn(f64, f64) -> f64| -> Result<Value> {
            let (a, b) = numbers()?;
            number(f(a, b))
        };
        match operation.operator.value() {
            BinaryOperator::Eq => Ok(Value::Bool(equal(&left, &right()?))),
            BinaryOperator::NotEq => Ok(Value::Bool(!equal(&left, &right()?))),
            BinaryOperator::LessEq => compare(|a, b| a <= b),
            BinaryOperator::GreaterEq => compare(|a, b| a >= b),
            BinaryOperator::Less => compare(|a, b| a < b),
            BinaryOperator::Greater => compare(|a, b| a > b),
            BinaryOperator::Plus => compute(|a, b| a + b),
            BinaryOperator::Minus => compute(|a, b| a - b),
            BinaryOperator::Mul => compute(|a, b| a * b),
            BinaryOperator::Div | BinaryOperator::Mod if as_number(&right()?)? == 0.0 => {
                Err(Problem::new("division by zero"))
            }
            BinaryOperator::Div => compute(|a, b| a / b),
            BinaryOperator::Mod => compute(|a, b| a % b),
            BinaryOperator::And => Ok(Value::Bool(as_bool(&left)? & as_bool(&right()?)?)),
            BinaryOperator::Or => Ok(Value::Bool(as_bool(&left)? | as_bool(&right()?)?)),
        }
    }

    fn each(&self, each: &ForExpr) -> Result<Value> {
        let collection = self.evaluate(&each.intro.collection_expr)?;
        let key_name = each.intro.key_var.as_ref().map(|name| name.as_str());
        let mut items = Vec::new();
        let mut map = Map::new();
        for (key, value) in pairs(&collection)? {
            self.globals.counted(Value::Null)?;
            let mut scope = self.with(each.intro.value_var.as_str(), value);
            if let Some(name) = key_name {
                scope.locals.push((name.to_owned(), key));
            }
            if let Some(condition) = &each.cond
                && !as_bool(&scope.evaluate(&condition.expr)?)?
            {
                continue;
            }
            let value = scope.evaluate(&each.value_expr)?;
            let Some(key) = &each.key_expr else {
                items.push(value);
                continue;
            };
            let key = as_text(&scope.evaluate(key)?)?;
            match map.get_mut(&key) {
                Some(Value::Array(group)) if each.grouping => group.push(value),
                None if each.grouping => {
                    map.insert(key, Value::Array(vec![value]));
                }
                Some(_) => return Err(Problem::new(format!("the key `{key}` comes twice"))),
                None => {
                    map.insert(key, value);
                }
            }
        }
        Ok(match each.key_expr {
            Some(_) => Value::Object(map),
            None => Value::Array(items),
        })
    }
}

fn literal(number: &hcl_edit::Number) -> Result<Value> {
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => Ok(Value::from(whole)),
        (None, Some(float)) => super::value::number(float),
        (None, None) => Err(Problem::new("the number is too large")),
    }
}

/// What a loop goes over: index or key, and value.
pub(super) fn pairs(collection: &Value) -> Result<Vec<(Value, Value)>> {
    match collection {
        Value::Array(items) if items.len() > MOST_ITEMS => {
            Err(Problem::new("the list is too long"))
        }
        Value::Array(items) => {
            let indexed = items.iter().enumerate();
            Ok(indexed.map(|(i, v)| (Value::from(i), v.clone())).collect())
        }
        Value::Object(map) => {
            let entries = entries(map).into_iter();
            Ok(entries
                .map(|(k, v)| (Value::from(k.as_str()), v.clone()))
                .collect())
        }
        other => Err(Problem::new(format!(
            "a list or a map is needed to go over, not {}",
            kind(other)
        ))),
    }
}

/// `value[index]`.
fn get(value: Value, index: &Value) -> Result<Value> {
    match value {
        Value::Array(mut items) => {
            let at = super::value::as_count(index)?;
            if at >= items.len() {
                return Err(Problem::new(format!(
                    "there is no element {at}: the list has {}",
                    items.len()
                )));
            }
            Ok(items.swap_remove(at))
        }
        Value::Object(mut map) => {
            let key = as_text(index)?;
            map.remove(&key)
                .ok_or_else(|| Problem::new(format!("there is no key `{key}`")))
        }
        other => Err(Problem::new(format!("{} has no elements", kind(&other)))),
    }
}
