//! Commands that set variables: `export`, `read` and their like.

use dockerfile::Span;

use super::ast::{Part, PartKind, SimpleCommand, Word};
use super::flow::Value;

/// A variable that a command sets, or at least names.
#[derive(Clone, Debug)]
pub(crate) struct Declared<'a> {
    /// Its name.
    pub(crate) name: String,
    /// Where the name stands.
    pub(crate) place: Span,
    /// What happens to it.
    pub(crate) how: How<'a>,
}

/// What a command does to a variable.
#[derive(Clone, Copy, Debug)]
pub(crate) enum How<'a> {
    /// `export x=…`: the text behind the `=`, the parts behind that, and whether it is a `+=`.
    Set(&'a str, &'a [Part], bool),
    /// `export x`.
    Named,
    /// `let x=1`, `declare -i x`: a number.
    Number,
    /// `read x`: something from elsewhere.
    Read,
    /// `unset x`.
    Unset,
}

/// The variables that a command sets. `builtin` before it changes nothing.
pub(crate) fn declared(simple: &SimpleCommand) -> Vec<Declared<'_>> {
    let mut words = simple.words.as_slice();
    if is(words.first(), "builtin") {
        words = &words[1..];
    }
    let Some((command, arguments)) = words.split_first() else {
        return Vec::new();
    };
    let named = |words: &[Word], how: How<'static>| -> Vec<Declared<'static>> {
        words.iter().filter_map(|word| one(word, how)).collect()
    };
    match command.literal().as_deref() {
        Some("export" | "readonly") => assignments(arguments, false),
        Some("declare" | "typeset" | "local") => {
            let is_number = arguments.iter().any(|word| has_flag(word, 'i'));
            assignments(arguments, is_number)
        }
        Some("unset") => named(arguments, How::Unset),
        Some("read") => named(&without_flags(arguments, "adinNptu"), How::Read),
        Some("mapfile" | "readarray") => named(&without_flags(arguments, "dnOsuCc"), How::Read),
        Some("getopts") => named(arguments.get(1..2).unwrap_or_default(), How::Read),
        Some("printf") => named(&behind(arguments, "-v"), How::Read),
        Some("wait") => named(&behind(arguments, "-p"), How::Read),
        Some("let") => arguments.iter().flat_map(arithmetic).collect(),
        _ => Vec::new(),
    }
}

/// Whether a word is this text.
fn is(word: Option<&Word>, text: &str) -> bool {
    word.is_some_and(|word| word.literal().as_deref() == Some(text))
}

fn has_flag(word: &Word, flag: char) -> bool {
    let text = word.literal().unwrap_or_default();
    { text.strip_prefix('-') }.is_some_and(|flags| flags.contains(flag))
}

/// Whether a text can be a variable's name.
pub(crate) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let is_first = |byte: u8| byte == b'_' || byte.is_ascii_alphabetic();
    bytes.next().is_some_and(is_first)
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

/// A word that is a name.
fn one<'a>(word: &Word, how: How<'a>) -> Option<Declared<'a>> {
    let name = word.literal().filter(|text| is_name(text))?;
    Some(Declared {
        name,
        place: word.span,
        how,
    })
}

/// The words that are neither flags nor the values of flags; `with_value` are the flags that have one. `-a` of `read` has
/// a name, which is as good as the others.
fn without_flags(words: &[Word], with_value: &str) -> Vec<Word> {
    let mut left = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.literal().unwrap_or_default();
        let Some(flags) = text.strip_prefix('-') else {
            left.push(word.clone());
            continue;
        };
        let last = flags.chars().last();
        if last.is_some_and(|flag| flag != 'a' && with_value.contains(flag)) {
            words.next();
        }
    }
    left
}

/// The word behind a flag.
fn behind(words: &[Word], flag: &str) -> Vec<Word> {
    let at = words.iter().position(|word| is(Some(word), flag));
    let word = at.and_then(|at| words.get(at + 1));
    word.into_iter().cloned().collect()
}

/// `x=…` and `x` of `export` and its like.
fn assignments(words: &[Word], is_number: bool) -> Vec<Declared<'_>> {
    words
        .iter()
        .filter_map(|word| assignment(word, is_number))
        .collect()
}

fn assignment(word: &Word, is_number: bool) -> Option<Declared<'_>> {
    let PartKind::Literal(text) = &word.parts.first()?.kind else {
        return None;
    };
    let Some((name, rest)) = text.split_once('=') else {
        return one(word, if is_number { How::Number } else { How::Named });
    };
    let (name, appends) = match name.strip_suffix('+') {
        Some(name) => (name, true),
        None => (name, false),
    };
    if !is_name(name) {
        return None;
    }
    let set = How::Set(rest, &word.parts[1..], appends);
    let length = u32::try_from(name.len()).unwrap_or(0);
    Some(Declared {
        name: name.to_owned(),
        place: Span::new(word.span.start, word.span.start.saturating_add(length)),
        how: if is_number { How::Number } else { set },
    })
}

/// What an argument of `let` assigns.
fn arithmetic(word: &Word) -> Vec<Declared<'_>> {
    let text = word.parts.iter().map(|part| match &part.kind {
        PartKind::Literal(text) | PartKind::SingleQuoted(text) => text.as_str(),
        _ => "0",
    });
    let text: String = text.collect();
    let names = super::flow::assigned(&text).map(str::to_owned);
    names
        .map(|name| Declared {
            name,
            place: word.span,
            how: How::Number,
        })
        .collect()
}

impl How<'_> {
    /// The value that it gives, where `old` was before; `variable` says what others hold.
    pub(crate) fn value(self, old: Value, variable: &dyn Fn(&str) -> Value) -> Value {
        match self {
            Self::Set(text, parts, appends) => {
                let start = if appends { old } else { Value::Empty };
                let text = Value::of_text(text);
                start.and(text).and(Value::of_parts(parts, variable))
            }
            Self::Named => old,
            Self::Number => Value::Plain,
            Self::Read | Self::Unset => Value::Unknown,
        }
    }
}
