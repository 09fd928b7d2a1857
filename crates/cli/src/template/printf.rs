//! `printf`: the verbs `%s %d %v %q %%`, with a width, `-` and `.most`.

use super::functions::show;
use serde_json::Value;

/// Widths beyond this are cut: the format comes from outside.
const WIDTH_LIMIT: usize = 1024;

/// Fills in a format. As in Go, a verb without an argument shows `%!v(MISSING)`.
pub(super) fn printf(format: &str, arguments: &[Value]) -> String {
    let mut out = String::new();
    let mut arguments = arguments.iter();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let left = chars.next_if_eq(&'-').is_some();
        let width = number(&mut chars);
        let mut most = usize::MAX;
        if chars.next_if_eq(&'.').is_some() {
            most = number(&mut chars);
        }
        let Some(verb) = chars.next() else {
            out.push_str("%!(NOVERB)");
            break;
        };
        let text = match verb {
            '%' => "%".to_owned(),
            _ => match arguments.next() {
                Some(value) => one(verb, value).chars().take(most).collect(),
                None => format!("%!{verb}(MISSING)"),
            },
        };
        out.push_str(&if left {
            format!("{text:<width$}")
        } else {
            format!("{text:>width$}")
        });
    }
    out
}

fn number(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> usize {
    let mut number = 0;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        number = (number * 10 + digit as usize).min(WIDTH_LIMIT);
        chars.next();
    }
    number
}

fn one(verb: char, value: &Value) -> String {
    match verb {
        's' | 'd' | 'v' => show(value),
        'q' => Value::from(show(value)).to_string(),
        other => format!("%!{other}({})", show(value)),
    }
}
