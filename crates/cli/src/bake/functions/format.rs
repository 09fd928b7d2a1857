//! `format` and `formatlist`: the verbs of C and Go that HCL has.

use super::super::problem::{Problem, Result};
use super::super::value::{as_bool, as_list, as_number, as_text};
use super::LIMIT;
use serde_json::Value;

/// `%-08.3d`: the part of a verb before its letter.
#[derive(Default)]
struct Shape {
    left: bool,
    zeros: bool,
    plus: bool,
    width: usize,
    precision: Option<usize>,
}

pub(super) fn format(arguments: &[Value]) -> Result<String> {
    let missing = || Problem::new("an argument is missing");
    let (text, rest) = arguments.split_first().ok_or_else(missing)?;
    let text = as_text(text)?;
    let mut rest = rest.iter();
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut shape = Shape::default();
        while let Some(flag) = chars.next_if(|c| matches!(c, '-' | '0' | '+' | ' ' | '#')) {
            shape.left |= flag == '-';
            shape.zeros |= flag == '0';
            shape.plus |= flag == '+';
        }
        shape.width = digits(&mut chars).unwrap_or(0);
        if chars.next_if_eq(&'.').is_some() {
            shape.precision = Some(digits(&mut chars).unwrap_or(0));
        }
        let verb = chars.next();
        if verb == Some('%') {
            out.push('%');
            continue;
        }
        let value = rest.next().ok_or_else(missing)?;
        out.push_str(&shape.pad(&shape.show(verb, value)?));
        if out.len() > LIMIT {
            return Err(Problem::new("the text is too long"));
        }
    }
    match rest.next() {
        None => Ok(out),
        Some(_) => Err(Problem::new("there are more arguments than verbs")),
    }
}

/// Once for each element of the arguments that are lists.
pub(super) fn format_list(arguments: &[Value]) -> Result<Value> {
    let lists = arguments.iter().filter_map(Value::as_array);
    let Some(length) = lists.clone().map(Vec::len).max() else {
        return Ok(Value::Array(vec![format(arguments)?.into()]));
    };
    if lists.clone().any(|list| list.len() != length) {
        return Err(Problem::new("the lists are not of one length"));
    }
    let line = |at: usize| {
        let values = arguments.iter().map(|argument| match as_list(argument) {
            Ok(list) => list[at].clone(),
            Err(_) => argument.clone(),
        });
        Ok(Value::from(format(&values.collect::<Vec<_>>())?))
    };
    (0..length)
        .map(line)
        .collect::<Result<_>>()
        .map(Value::Array)
}

fn digits(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<usize> {
    let mut number = None;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        chars.next();
        let more = number.unwrap_or(0usize).saturating_mul(10) + digit as usize;
        // Wider than any line.
        number = Some(more.min(1000));
    }
    number
}

impl Shape {
    fn show(&self, verb: Option<char>, value: &Value) -> Result<String> {
        let signed = |text: String| match self.plus && !text.starts_with('-') {
            true => format!("+{text}"),
            false => text,
        };
        #[allow(
            clippy::cast_possible_truncation,
            reason = "that is what the verb does"
        )]
        let whole = || as_number(value).map(|number| number as i64);
        Ok(match verb {
            Some('s') => as_text(value)?,
            Some('v') => match value {
                Value::Array(_) | Value::Object(_) | Value::Null => value.to_string(),
                simple => as_text(simple)?,
            },
            Some('q') => Value::from(as_text(value)?).to_string(),
            Some('t') => as_bool(value)?.to_string(),
            Some('d') => signed(whole()?.to_string()),
            Some('x') => format!("{:x}", whole()?),
            Some('X') => format!("{:X}", whole()?),
            Some('o') => format!("{:o}", whole()?),
            Some('b') => format!("{:b}", whole()?),
            Some('f') => {
                let precision = self.precision.unwrap_or(6);
                signed(format!("{:.precision$}", as_number(value)?))
            }
            Some('e') => format!("{:e}", as_number(value)?),
            Some('g') => as_number(value)?.to_string(),
            Some(other) => return Err(Problem::new(format!("there is no verb `%{other}`"))),
            None => return Err(Problem::new("the text ends in `%`")),
        })
    }

    fn pad(&self, text: &str) -> String {
        let blanks = self.width.saturating_sub(text.chars().count());
        match (self.left, self.zeros) {
            (true, _) => format!("{text}{}", " ".repeat(blanks)),
            (false, true) => {
                let (sign, digits) = match text.strip_prefix(['-', '+']) {
                    Some(digits) => text.split_at(text.len() - digits.len()),
                    None => ("", text),
                };
                format!("{sign}{}{digits}", "0".repeat(blanks))
            }
            (false, false) => format!("{}{text}", " ".repeat(blanks)),
        }
    }
}
