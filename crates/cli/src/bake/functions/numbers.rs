//! Functions of numbers, and of comparing.

use super::super::problem::{Problem, Result};
use super::super::value::{as_bool, as_number, as_text, equal, number};
use super::Call;
use serde_json::Value;

pub(super) const NAMES: &[&str] = &[
    "absolute",
    "add",
    "and",
    "ceil",
    "divide",
    "equal",
    "floor",
    "greaterthan",
    "greaterthanorequalto",
    "int",
    "lessthan",
    "lessthanorequalto",
    "log",
    "max",
    "min",
    "modulo",
    "multiply",
    "negate",
    "not",
    "notequal",
    "or",
    "parseint",
    "pow",
    "signum",
    "subtract",
];

pub(super) fn call(call: &Call<'_>) -> Option<Result<Value>> {
    let one = |f: fn(f64) -> f64| call.take::<1>().and_then(|[a]| number(f(as_number(a)?)));
    let two = |f: fn(f64, f64) -> f64| {
        call.take::<2>()
            .and_then(|[a, b]| number(f(as_number(a)?, as_number(b)?)))
    };
    let compare = |f: fn(f64, f64) -> bool| {
        call.take::<2>()
            .and_then(|[a, b]| Ok(Value::Bool(f(as_number(a)?, as_number(b)?))))
    };
    let logic = |f: fn(bool, bool) -> bool| {
        call.take::<2>()
            .and_then(|[a, b]| Ok(Value::Bool(f(as_bool(a)?, as_bool(b)?))))
    };
    let best = |f: fn(f64, f64) -> f64| {
        let (first, rest) = call.first()?;
        let mut found = as_number(first)?;
        for value in rest {
            found = f(found, as_number(value)?);
        }
        number(found)
    };
    Some(match call.name {
        "absolute" => one(f64::abs),
        "add" => two(|a, b| a + b),
        "and" => logic(|a, b| a && b),
        "ceil" => one(f64::ceil),
        "divide" | "modulo" if call.arguments.get(1).and_then(Value::as_f64) == Some(0.0) => {
            Err(Problem::new("division by zero"))
        }
        "divide" => two(|a, b| a / b),
        "equal" => call.take::<2>().map(|[a, b]| Value::Bool(equal(a, b))),
        "floor" => one(f64::floor),
        "greaterthan" => compare(|a, b| a > b),
        "greaterthanorequalto" => compare(|a, b| a >= b),
        "int" => one(f64::trunc),
        "lessthan" => compare(|a, b| a < b),
        "lessthanorequalto" => compare(|a, b| a <= b),
        "log" => two(f64::log),
        "max" => best(f64::max),
        "min" => best(f64::min),
        "modulo" => two(|a, b| a % b),
        "multiply" => two(|a, b| a * b),
        "negate" => one(|a| -a),
        "not" => call
            .take::<1>()
            .and_then(|[a]| Ok(Value::Bool(!as_bool(a)?))),
        "notequal" => call.take::<2>().map(|[a, b]| Value::Bool(!equal(a, b))),
        "or" => logic(|a, b| a || b),
        "parseint" => parse(call),
        "pow" => two(f64::powf),
        "signum" => one(|a| if a == 0.0 { 0.0 } else { a.signum() }),
        "subtract" => two(|a, b| a - b),
        _ => return None,
    })
}

fn parse(call: &Call<'_>) -> Result<Value> {
    let [text, base] = call.take::<2>()?;
    let base = as_number(base)?;
    if base.fract() != 0.0 || !(2.0..=36.0).contains(&base) {
        return Err(Problem::new(format!("`{base}` is no base from 2 to 36")));
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "just checked"
    )]
    let base = base as u32;
    let text = as_text(text)?;
    i64::from_str_radix(&text, base)
        .map(Value::from)
        .map_err(|_| Problem::new(format!("`{text}` is no number of base {base}")))
}
