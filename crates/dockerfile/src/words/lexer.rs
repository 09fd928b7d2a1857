//! The lexer for words: one walk over the text, with what to do about quotes, escapes and unset
//! variables as its mode.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::pattern::Pattern;
use super::{ExpandError, Expansion, Lookup, Unexpandable};

/// How deep substitutions may nest.
const MAX_DEPTH: usize = 100;

/// How long a result may be. Values that double from line to line shall not fill the memory.
const MAX_LENGTH: usize = 16 << 20;

/// What quote signs mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// They quote, and are taken off.
    Strip,
    /// They quote, and stay.
    Keep,
    /// They are signs like any other.
    Literal,
}

/// How a text is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode {
    /// The escape character.
    pub(crate) escape: char,
    /// What quote signs mean.
    pub(crate) quotes: Quotes,
    /// Whether escape characters stay in the result.
    pub(crate) keep_escapes: bool,
    /// Whether unset variables stay as they are written.
    pub(crate) keep_unset: bool,
}

impl Mode {
    /// As an ordinary word is read.
    pub(crate) const WORD: Self = Self {
        escape: '\\',
        quotes: Quotes::Strip,
        keep_escapes: false,
        keep_unset: false,
    };
}

/// What [`lex`] gives.
#[derive(Debug, Default)]
pub(crate) struct Lexed {
    /// The text in one piece.
    pub(crate) expansion: Expansion,
    /// The words that it has.
    pub(crate) words: Vec<Found>,
}

/// A word and the part of the given text that it came from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The word.
    pub(crate) text: String,
    /// Its place in the text.
    pub(crate) range: Range<usize>,
}

/// Reads a text: replaces variables, treats quotes and escapes, splits into words.
pub(crate) fn lex(text: &str, mode: Mode, lookup: Lookup<'_>) -> Result<Lexed, ExpandError> {
    let lexer = Lexer {
        text,
        at: 0,
        depth: 0,
        mode,
        lookup,
        undefined: Vec::new(),
        noted: HashSet::new(),
        words: Words::default(),
    };
    lexer.run().map_err(|reason| ExpandError {
        text: text.to_owned(),
        reason,
    })
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    mode: Mode,
    lookup: Lookup<'a>,
    undefined: Vec<String>,
    noted: HashSet<&'a str>,
    words: Words,
}

impl<'a> Lexer<'a> {
    fn run(mut self) -> Result<Lexed, Unexpandable> {
        let (text, _) = self.until(None)?;
        self.words.end_word(self.text.len());
        Ok(Lexed {
            expansion: Expansion {
                text,
                undefined: self.undefined,
            },
            words: self.words.found,
        })
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// The text from `start` to here, for errors and for variables that stay.
    fn since(&self, start: usize) -> String {
        self.text[start..self.at].to_owned()
    }

    /// Reads up to the sign `stop`, which is taken too, or to the end. Tells whether the sign was
    /// there.
    fn until(&mut self, stop: Option<char>) -> Result<(String, bool), Unexpandable> {
        let mut out = String::new();
        while let Some(sign) = self.peek() {
            let start = self.at;
            if Some(sign) == stop {
                self.next();
                return Ok((out, true));
            }
            let (piece, split) = match sign {
                '$' => (Cow::Owned(self.dollar()?), Split::Value),
                '\'' if self.mode.quotes != Quotes::Literal => {
                    (Cow::Borrowed(self.single_quoted()?), Split::Not)
                }
                '"' if self.mode.quotes != Quotes::Literal => {
                    (Cow::Owned(self.double_quoted()?), Split::Not)
                }
                '<' => (Cow::Borrowed(self.heredoc_sign()), Split::Not),
                _ if sign == self.mode.escape => (Cow::Owned(self.escaped()), Split::Not),
                _ => (Cow::Borrowed(self.plain(stop)), Split::Verbatim),
            };
            if self.depth == 0 {
                self.words.push(&piece, split, start..self.at);
            }
            grow(&mut out, &piece)?;
        }
        Ok((out, false))
    }

    /// Signs that stand for themselves: at least the next one.
    fn plain(&mut self, stop: Option<char>) -> &'a str {
        let start = self.at;
        self.next();
        let special = |sign: char| {
            matches!(sign, '$' | '\'' | '"' | '<') || sign == self.mode.escape || Some(sign) == stop
        };
        let rest = &self.text[self.at..];
        self.at += rest.find(special).unwrap_or(rest.len());
        &self.text[start..self.at]
    }

    /// An escape character and the sign behind it; at the very end it is dropped.
    fn escaped(&mut self) -> String {
        let mut out = String::new();
        let escape = self.next();
        out.extend(escape.filter(|_| self.mode.keep_escapes));
        out.extend(self.next());
        out
    }

    /// `<`, or `<<` with the blanks behind it: they belong to a heredoc's word.
    fn heredoc_sign(&mut self) -> &'a str {
        let start = self.at;
        self.next();
        if self.peek() == Some('<') {
            self.next();
            while self.peek().is_some_and(char::is_whitespace) {
                self.next();
            }
        }
        &self.text[start..self.at]
    }

    fn single_quoted(&mut self) -> Result<&'a str, Unexpandable> {
        let start = self.at;
        self.next();
        let inner = self.at;
        while let Some(sign) = self.next() {
            if sign == '\'' {
                let keep = self.mode.quotes == Quotes::Keep;
                let range = if keep {
                    start..self.at
                } else {
                    inner..self.at - 1
                };
                return Ok(&self.text[range]);
            }
        }
        Err(Unexpandable::UnclosedQuote('\''))
    }

    fn double_quoted(&mut self) -> Result<String, Unexpandable> {
        let mut out = String::new();
        let keep = self.mode.quotes == Quotes::Keep;
        out.extend(self.next().filter(|_| keep));
        while let Some(sign) = self.peek() {
            match sign {
                '"' => {
                    out.extend(self.next().filter(|_| keep));
                    return Ok(out);
                }
                '$' => grow(&mut out, &self.dollar()?)?,
                _ if sign == self.mode.escape => self.escaped_in_quotes(&mut out),
                _ => out.extend(self.next()),
            }
        }
        Err(Unexpandable::UnclosedQuote('"'))
    }

    /// Between double quotes only the quote, the dollar and the escape character can be escaped.
    fn escaped_in_quotes(&mut self, out: &mut String) {
        self.next();
        let Some(sign) = self.peek() else { return };
        if self.mode.keep_escapes {
            out.push(self.mode.escape);
        }
        if sign == '"' || sign == '$' || sign == self.mode.escape {
            out.extend(self.next());
        } else {
            // In a pattern there are two of them now: a plain backslash, and then the sign.
            out.push(self.mode.escape);
        }
    }

    /// `$name`, `${…}`, or a dollar that stands for itself.
    fn dollar(&mut self) -> Result<String, Unexpandable> {
        let start = self.at;
        self.next();
        if self.peek() == Some('{') {
            self.next();
            if self.depth == MAX_DEPTH {
                return Err(Unexpandable::TooDeep(MAX_DEPTH));
            }
            self.depth += 1;
            let value = self.braces(start);
            self.depth -= 1;
            return value;
        }
        let name = self.name();
        if name.is_empty() {
            return Ok("$".to_owned());
        }
        Ok(self.value(name, start).unwrap_or_else(|written| written))
    }

    /// A name: letters, digits and underscores; or digits only; or one special parameter.
    fn name(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let first = rest.chars().next();
        let end = match first {
            Some(digit) if digit.is_numeric() => rest.find(|c: char| !c.is_numeric()),
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => Some(1),
            _ => rest.find(|c: char| !(c.is_alphanumeric() || c == '_')),
        };
        let name = &rest[..end.unwrap_or(rest.len())];
        self.at += name.len();
        name
    }

    /// The value of a variable that has no default: if it is not set, nothing, which is noted. The
    /// `Err` is what is written, when that shall stay.
    fn value(&mut self, name: &'a str, start: usize) -> Result<String, String> {
        if let Some(value) = (self.lookup)(name) {
            return Ok(value);
        }
        if self.mode.keep_unset {
            return Err(self.since(start));
        }
        let is_variable = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
        if is_variable && self.noted.insert(name) {
            self.undefined.push(name.to_owned());
        }
        Ok(String::new())
    }

    /// What follows `${`. `start` is where the dollar stands.
    fn braces(&mut self, start: usize) -> Result<String, Unexpandable> {
        match self.peek() {
            None => return Err(self.unclosed(start)),
            Some('{' | '}' | ':') => {
                self.next();
                return Err(Unexpandable::BadSubstitution(self.since(start)));
            }
            Some(_) => {}
        }
        let name = self.name();
        match self.next() {
            None => Err(self.unclosed(start)),
            Some('}') => Ok(self.value(name, start).unwrap_or_else(|written| written)),
            Some(':') => {
                let sign = self.next().ok_or_else(|| self.unclosed(start))?;
                self.modified(&Form {
                    name,
                    start,
                    sign,
                    null_is_unset: true,
                })
            }
            Some(sign @ ('+' | '-' | '?' | '#' | '%')) => self.modified(&Form {
                name,
                start,
                sign,
                null_is_unset: false,
            }),
            Some('/') => self.replaced(name, start),
            Some(other) => Err(Unexpandable::UnsupportedModifier {
                name: name.to_owned(),
                modifier: other.to_string(),
            }),
        }
    }

    fn unclosed(&self, start: usize) -> Unexpandable {
        Unexpandable::UnclosedBrace(self.since(start))
    }

    /// The word of a form, up to `stop`; nothing if that is missing. Escapes stay in patterns,
    /// where they mean something.
    fn inner(&mut self, stop: char, keep_escapes: bool) -> Result<Option<String>, Unexpandable> {
        let outer = std::mem::replace(&mut self.mode.keep_escapes, keep_escapes);
        let word = self.until(Some(stop));
        self.mode.keep_escapes = outer;
        word.map(|(word, closed)| closed.then_some(word))
    }

    /// `${name:-word}` and its kin.
    fn modified(&mut self, form: &Form<'a>) -> Result<String, Unexpandable> {
        let strips = matches!(form.sign, '#' | '%') && !form.null_is_unset;
        let word = self
            .inner('}', strips)?
            .ok_or_else(|| self.unclosed(form.start))?;
        if strips {
            return match self.value(form.name, form.start) {
                Ok(value) => form.stripped(&value, &word),
                Err(written) => Ok(written),
            };
        }
        let value = (self.lookup)(form.name);
        let is_set = value.is_some();
        if !is_set && self.mode.keep_unset {
            return Ok(self.since(form.start));
        }
        let usable = value.filter(|value| !(form.null_is_unset && value.is_empty()));
        match form.sign {
            '-' => Ok(usable.unwrap_or(word)),
            '+' => Ok(usable.map_or_else(String::new, |_| word)),
            '?' => usable.ok_or_else(|| form.required(&word, is_set)),
            _ => Err(form.unsupported()),
        }
    }

    /// `${name/pattern/replacement}`, or with `//` for every match.
    fn replaced(&mut self, name: &'a str, start: usize) -> Result<String, Unexpandable> {
        let every = self.peek() == Some('/');
        if every {
            self.next();
        }
        let missing = |lexer: &Self| Unexpandable::MissingReplacement(lexer.since(start));
        let pattern = self.inner('/', true)?.ok_or_else(|| missing(self))?;
        let replacement = self.inner('}', true)?.ok_or_else(|| self.unclosed(start))?;
        let value = match self.value(name, start) {
            Ok(value) => value,
            Err(written) => return Ok(written),
        };
        let replaced = Pattern::new(&pattern)?.replace(&value, &replacement, every, MAX_LENGTH);
        replaced.ok_or(Unexpandable::TooLong(MAX_LENGTH))
    }
}

/// A `${name` with a modifier behind it.
struct Form<'a> {
    name: &'a str,
    start: usize,
    sign: char,
    null_is_unset: bool,
}

impl Form<'_> {
    /// `#` and `%`: the value without the start or end that matches; twice the sign, the longest.
    fn stripped(&self, value: &str, word: &str) -> Result<String, Unexpandable> {
        let (longest, pattern) = match word.strip_prefix(self.sign) {
            Some(pattern) => (true, pattern),
            None => (false, word),
        };
        let pattern = Pattern::new(pattern)?;
        Ok(match self.sign {
            '#' => pattern.strip_start(value, longest),
            _ => pattern.strip_end(value, longest),
        })
    }

    fn required(&self, word: &str, is_set: bool) -> Unexpandable {
        let message = match word.is_empty() {
            false => word.to_owned(),
            true if is_set => "is not allowed to be empty".to_owned(),
            true => "is not allowed to be unset".to_owned(),
        };
        Unexpandable::Required {
            name: self.name.to_owned(),
            message,
        }
    }

    fn unsupported(&self) -> Unexpandable {
        let colon = if self.null_is_unset { ":" } else { "" };
        let modifier = format!("{colon}{}", self.sign);
        Unexpandable::UnsupportedModifier {
            name: self.name.to_owned(),
            modifier,
        }
    }
}

fn grow(out: &mut String, piece: &str) -> Result<(), Unexpandable> {
    if out.len() + piece.len() > MAX_LENGTH {
        return Err(Unexpandable::TooLong(MAX_LENGTH));
    }
    out.push_str(piece);
    Ok(())
}

/// What blanks in a piece do to the words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Split {
    /// The piece is the text itself: blanks end a word where they stand.
    Verbatim,
    /// The piece is the value of a variable: blanks end a word.
    Value,
    /// The piece is quoted or escaped: blanks belong to the word.
    Not,
}

/// Collects the words of the text.
#[derive(Default)]
struct Words {
    found: Vec<Found>,
    word: String,
    start: Option<usize>,
}

impl Words {
    /// Takes a piece that came from `range` of the text.
    fn push(&mut self, piece: &str, split: Split, range: Range<usize>) {
        if split == Split::Not {
            self.start.get_or_insert(range.start);
            self.word.push_str(piece);
            return;
        }
        for (index, sign) in piece.char_indices() {
            let at = if split == Split::Verbatim {
                range.start + index
            } else {
                range.start
            };
            if sign.is_whitespace() {
                self.end_word(at);
            } else {
                self.start.get_or_insert(at);
                self.word.push(sign);
            }
        }
    }

    /// A word without any sign in it (`""`) is none, as in BuildKit.
    fn end_word(&mut self, end: usize) {
        let start = self.start.take().unwrap_or(end);
        if !self.word.is_empty() {
            let text = std::mem::take(&mut self.word);
            self.found.push(Found {
                text,
                range: start..end.max(start),
            });
        }
    }
}
