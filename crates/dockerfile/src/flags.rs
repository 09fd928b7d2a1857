//! Flags of instructions: `--name` and `--name=value` between the keyword and the arguments.

use crate::Diagnostic;
use crate::ast::Word;
use crate::keyword::Keyword;
use crate::suggest;
use crate::text::Part;

/// A flag as it is written, quotes and backslashes taken off.
#[derive(Debug)]
pub(crate) struct Flag<'a> {
    /// The name, without the two dashes.
    name: String,
    /// The value, if there is a `=`.
    value: Option<String>,
    /// All of it.
    whole: Part<'a>,
    /// The part behind the `=`.
    value_part: Part<'a>,
}

/// What a flag may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing, `true` or `false`.
    Bool,
    /// A value.
    Value,
    /// A value, and it may stand several times.
    Values,
}

/// The flags that an instruction knows.
pub(crate) type Known = [(&'static str, Takes)];

/// Takes the flags off the front of what follows a keyword, and gives the arguments, trimmed.
///
/// Quotes around blanks and a backslash before a sign count and are taken off here. A `--` alone
/// ends the flags.
pub(crate) fn split(rest: Part<'_>) -> (Vec<Flag<'_>>, Part<'_>) {
    let mut flags = Vec::new();
    let mut rest = rest.trim();
    while rest.text().starts_with("--") {
        let (flag, length) = read(rest);
        rest = rest.after(length).trim();
        if flag.name.is_empty() && flag.value.is_none() {
            break;
        }
        flags.push(flag);
    }
    (flags, rest)
}

/// Reads one flag from the front. Also gives its length.
fn read(rest: Part<'_>) -> (Flag<'_>, usize) {
    let text = rest.text();
    let mut word = String::new();
    let mut quote = None;
    let mut value_start = None;
    let mut end = text.len();
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            _ if quote == Some(sign) => quote = None,
            '\\' => word.extend(signs.next().map(|(_, escaped)| escaped)),
            _ if quote.is_some() => word.push(sign),
            '\'' | '"' => quote = Some(sign),
            _ if sign.is_whitespace() => {
                end = at;
                break;
            }
            _ => word.push(sign),
        }
        if value_start.is_none() && word.ends_with('=') {
            value_start = Some(signs.offset());
        }
    }
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (word.as_str(), None),
    };
    let flag = Flag {
        name: name.strip_prefix("--").unwrap_or(name).to_owned(),
        value,
        whole: rest.slice(0..end),
        value_part: rest.slice(value_start.unwrap_or(end)..end),
    };
    (flag, end)
}

/// The flags of one instruction, checked against what it knows.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    given: Vec<(&'static str, Word)>,
}

impl Flags {
    /// Checks the flags: each is known, has the value it needs, and stands once unless it may
    /// repeat.
    pub(crate) fn read(
        flags: &[Flag<'_>],
        keyword: Keyword,
        known: &Known,
    ) -> Result<Self, Diagnostic> {
        let mut given: Vec<(&'static str, Word)> = Vec::new();
        for flag in flags {
            let Some((name, takes)) = known.iter().find(|(name, _)| *name == flag.name) else {
                return Err(flag.unknown(keyword, known));
            };
            if *takes != Takes::Values && given.iter().any(|(other, _)| other == name) {
                let message = format!("duplicate flag specified: --{name}");
                return Err(Diagnostic::error(
                    "duplicate-flag",
                    flag.whole.span(),
                    message,
                ));
            }
            given.push((name, flag.value(*takes)?));
        }
        Ok(Self { given })
    }

    /// The value of a flag that stands once; an empty one is none.
    pub(crate) fn word(&self, name: &str) -> Option<Word> {
        self.given(name).find(|word| !word.text.is_empty()).cloned()
    }

    /// The values of a flag that may repeat.
    pub(crate) fn words(&self, name: &str) -> Vec<Word> {
        self.given(name).cloned().collect()
    }

    /// The value of a flag that stands once, an empty one too.
    pub(crate) fn given(&self, name: &str) -> impl Iterator<Item = &Word> {
        self.given
            .iter()
            .filter(move |(other, _)| *other == name)
            .map(|(_, word)| word)
    }

    /// Whether a flag says yes or no, if it is there.
    pub(crate) fn truth(&self, name: &str) -> Option<bool> {
        self.given(name).next().map(|word| word.text == "true")
    }
}

impl Flag<'_> {
    fn value(&self, takes: Takes) -> Result<Word, Diagnostic> {
        let span = self.value_part.span();
        let (text, span) = match (takes, &self.value) {
            (Takes::Bool, None) => ("true".to_owned(), self.whole.span()),
            (Takes::Bool, Some(value)) if !value.is_empty() => (self.truth(value)?, span),
            (Takes::Value | Takes::Values, Some(value)) => (value.clone(), span),
            _ => {
                let message = format!("missing a value on flag: --{}", self.name);
                let help = format!("write --{}=VALUE", self.name);
                let error = Diagnostic::error("missing-flag-value", self.whole.span(), message);
                return Err(error.with_help(help));
            }
        };
        Ok(Word { text, span })
    }

    fn truth(&self, value: &str) -> Result<String, Diagnostic> {
        let lower = value.to_ascii_lowercase();
        if lower == "true" || lower == "false" {
            return Ok(lower);
        }
        let message = format!(
            "expecting boolean value for flag --{}, not: {value}",
            self.name
        );
        let error = Diagnostic::error("invalid-flag-value", self.value_part.span(), message);
        Err(error.with_help("write true or false"))
    }

    fn unknown(&self, keyword: Keyword, known: &Known) -> Diagnostic {
        let message = format!("unknown flag: --{} for {}", self.name, keyword.name());
        let near = suggest(&self.name, known.iter().map(|(name, _)| *name));
        let near = near.map(|name| format!("--{name}"));
        Diagnostic::error("unknown-flag", self.whole.span(), message).suggesting(near.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Joined;

    const KNOWN: &Known = &[
        ("chown", Takes::Value),
        ("link", Takes::Bool),
        ("exclude", Takes::Values),
    ];

    fn check(text: &str) -> (Result<Flags, Diagnostic>, String) {
        let mut joined = Joined::default();
        joined.push(0, text);
        let (flags, arguments) = split(joined.part());
        (
            Flags::read(&flags, Keyword::Copy, KNOWN),
            arguments.text().to_owned(),
        )
    }

    #[test]
    fn flags_are_taken_off() {
        let (flags, arguments) = check("--chown=1:2  --link --exclude=a --exclude=b  src dst");
        let flags = flags.unwrap();
        assert_eq!(flags.word("chown").unwrap().text, "1:2");
        assert_eq!(flags.truth("link"), Some(true));
        assert_eq!(flags.words("exclude").len(), 2);
        assert_eq!(arguments, "src dst");
    }

    #[test]
    fn quotes_and_backslashes_come_off() {
        let (flags, arguments) = check(r#"--chown="a b"\:'c=d' --link=FALSE x"#);
        let flags = flags.unwrap();
        assert_eq!(flags.word("chown").unwrap().text, "a b:c=d");
        assert_eq!(flags.truth("link"), Some(false));
        assert_eq!(arguments, "x");
    }

    #[test]
    fn two_dashes_end_them() {
        let (flags, arguments) = check("--link -- --chown=1 x");
        assert!(flags.unwrap().word("chown").is_none());
        assert_eq!(arguments, "--chown=1 x");
        assert_eq!(check("-x --link").1, "-x --link");
        assert_eq!(check("--link=true").1, "");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, code, word) in [
            ("--chwon=1 x", "unknown-flag", "--chwon"),
            ("--chown x", "missing-flag-value", "--chown"),
            ("--link= x", "missing-flag-value", "--link"),
            ("--link=perhaps x", "invalid-flag-value", "perhaps"),
            ("--link --link x", "duplicate-flag", "--link"),
            ("--=x y", "unknown-flag", "--"),
        ] {
            let error = check(text).0.unwrap_err();
            assert_eq!(error.code, code, "{text}");
            assert!(error.message.contains(word), "{}", error.message);
        }
        let error = check("--chwon=1 x").0.unwrap_err();
        assert_eq!(error.help.as_deref(), Some("did you mean --chown?"));
    }
}
