//! `printf`: Go's `fmt.Sprintf`.

use super::text::{self, exponent, quote, show};
use super::value::{Nil, Value};
use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;

/// Widths beyond this are cut: the format comes from outside.
const WIDTH_LIMIT: usize = 1024;

/// What stands between `%` and the verb.
#[derive(Default)]
struct Directive {
    left: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// Fills in a format. As in Go, mistakes show in the text: `%!d(MISSING)`.
pub(super) fn printf(format: &str, arguments: &[Value]) -> String {
    let mut printer = Printer {
        arguments,
        next: 0,
        reordered: false,
    };
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '%' => printer.directive(&mut chars, &mut out),
            c => out.push(c),
        }
    }
    if !printer.reordered && printer.next < arguments.len() {
        let extra = arguments[printer.next..].iter();
        let extra: Vec<String> = extra.map(typed).collect();
        let _ = write!(out, "%!(EXTRA {})", extra.join(", "));
    }
    out
}

struct Printer<'a> {
    arguments: &'a [Value],
    next: usize,
    reordered: bool,
}

impl Printer<'_> {
    fn directive(&mut self, chars: &mut Peekable<Chars<'_>>, out: &mut String) {
        let mut directive = Directive::default();
        while let Some(flag) = chars.next_if(|c| "-+# 0".contains(*c)) {
            match flag {
                '-' => directive.left = true,
                '+' => directive.plus = true,
                '#' => directive.sharp = true,
                ' ' => directive.space = true,
                _ => directive.zero = true,
            }
        }
        self.index(chars);
        directive.width = self.number(chars);
        if chars.next_if_eq(&'.').is_some() {
            self.index(chars);
            directive.precision = Some(self.number(chars).unwrap_or(0));
        }
        self.index(chars);
        let Some(verb) = chars.next() else {
            out.push_str("%!(NOVERB)");
            return;
        };
        if verb == '%' {
            out.push('%');
            return;
        }
        match self.arguments.get(self.next) {
            Some(value) => format(out, verb, value, &directive),
            None => {
                let _ = write!(out, "%!{verb}(MISSING)");
            }
        }
        self.next += 1;
    }

    /// `[2]`: which argument is next.
    fn index(&mut self, chars: &mut Peekable<Chars<'_>>) {
        if chars.next_if_eq(&'[').is_none() {
            return;
        }
        let number = digits(chars).unwrap_or(0);
        chars.next_if_eq(&']');
        self.reordered = true;
        self.next = number.saturating_sub(1);
    }

    /// A width or precision: digits, or `*` for the next argument.
    fn number(&mut self, chars: &mut Peekable<Chars<'_>>) -> Option<usize> {
        if chars.next_if_eq(&'*').is_none() {
            return digits(chars);
        }
        let value = self.arguments.get(self.next)?.as_int()?;
        self.next += 1;
        usize::try_from(value)
            .ok()
            .map(|width| width.min(WIDTH_LIMIT))
    }
}

fn digits(chars: &mut Peekable<Chars<'_>>) -> Option<usize> {
    let mut number = None;
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        let digit = digit as usize - '0' as usize;
        number = Some((number.unwrap_or(0) * 10 + digit).min(WIDTH_LIMIT));
    }
    number
}

/// `int=2`, in messages about arguments.
fn typed(value: &Value) -> String {
    match value {
        Value::Missing | Value::Nil(Nil::Pointer) => "<nil>".to_owned(),
        value => format!("{}={}", value.type_name(), show(value)),
    }
}

fn format(out: &mut String, verb: char, value: &Value, directive: &Directive) {
    match verb {
        'T' => out.push_str(&pad(value.type_name().to_owned(), directive)),
        'v' if directive.plus && matches!(value, Value::Struct(_)) => named(out, value),
        _ => text::write(out, value, &mut |out, leaf| {
            out.push_str(&pad(of_leaf(verb, leaf, directive), directive));
        }),
    }
}

/// `%+v` of a struct: with its members' names.
fn named(out: &mut String, value: &Value) {
    let Value::Struct(members) = value else {
        out.push_str(&show(value));
        return;
    };
    out.push('{');
    for (at, (name, value)) in members.members.iter().enumerate() {
        let _ = write!(out, "{}{name}:", if at > 0 { " " } else { "" });
        named(out, value);
    }
    out.push('}');
}

/// A value that holds no others.
fn of_leaf(verb: char, value: &Value, directive: &Directive) -> String {
    let formatted = match (verb, value) {
        ('v', Value::Text(text)) if directive.sharp => Some(quote(text)),
        ('v' | 's', Value::Text(text)) => Some(cut(text, directive)),
        ('q', Value::Text(text)) => Some(quote(&cut(text, directive))),
        ('x' | 'X', Value::Text(text)) => Some(hex(text, verb)),
        ('v' | 't', Value::Bool(value)) => Some(value.to_string()),
        (_, Value::Int(number) | Value::Int64(number)) => of_int(verb, *number, directive),
        (_, Value::Float(number)) => of_float(verb, *number, directive),
        ('v', _) => Some("<nil>".to_owned()),
        _ => None,
    };
    formatted.unwrap_or_else(|| format!("%!{verb}({})", typed(value)))
}

fn cut(text: &str, directive: &Directive) -> String {
    let most = directive.precision.unwrap_or(usize::MAX);
    text.chars().take(most).collect()
}

fn hex(text: &str, verb: char) -> String {
    let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    match verb {
        'X' => digits.to_ascii_uppercase(),
        _ => digits,
    }
}

fn of_int(verb: char, number: i64, directive: &Directive) -> Option<String> {
    let size = number.unsigned_abs();
    let prefix = |prefix: &'static str| if directive.sharp { prefix } else { "" };
    let (prefix, digits) = match verb {
        'd' | 'v' => ("", size.to_string()),
        'b' => (prefix("0b"), format!("{size:b}")),
        'o' => (prefix("0"), format!("{size:o}")),
        'O' => ("0o", format!("{size:o}")),
        'x' => (prefix("0x"), format!("{size:x}")),
        'X' => (prefix("0X"), format!("{size:X}")),
        'U' => ("U+", format!("{size:04X}")),
        'c' | 'q' => {
            let c = u32::try_from(number).ok().and_then(char::from_u32);
            let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
            return Some(if verb == 'c' {
                c.to_string()
            } else {
                format!("'{c}'")
            });
        }
        _ => return None,
    };
    let least = directive.precision.unwrap_or(0);
    Some(format!(
        "{}{prefix}{digits:0>least$}",
        sign(number < 0, directive)
    ))
}

fn of_float(verb: char, number: f64, directive: &Directive) -> Option<String> {
    let size = number.abs();
    let precision = directive.precision.unwrap_or(6);
    let digits = match verb {
        'v' | 'g' => text::float(size),
        'f' | 'F' => format!("{size:.precision$}"),
        'e' | 'E' => exponent(&format!("{size:.precision$e}")),
        _ => return None,
    };
    Some(sign(number < 0.0, directive).to_owned() + &digits)
}

fn sign(negative: bool, directive: &Directive) -> &'static str {
    match () {
        () if negative => "-",
        () if directive.plus => "+",
        () if directive.space => " ",
        () => "",
    }
}

fn pad(text: String, directive: &Directive) -> String {
    let width = directive.width.unwrap_or(0);
    let missing = width.saturating_sub(text.chars().count());
    let is_number = text
        .trim_start_matches(['-', '+'])
        .starts_with(|c: char| c.is_ascii_digit());
    match () {
        () if missing == 0 => text,
        () if directive.left => text + &" ".repeat(missing),
        // Zeros stand behind the sign.
        () if directive.zero && is_number => {
            let at = usize::from(text.starts_with(['-', '+']));
            format!("{}{}{}", &text[..at], "0".repeat(missing), &text[at..])
        }
        () => " ".repeat(missing) + &text,
    }
}
