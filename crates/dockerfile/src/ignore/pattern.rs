//! One pattern of an ignore file.

use crate::glob::class::Class;
use crate::glob::{self, BadPattern};

/// A pattern, ready to match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Whether it is written with a `!`.
    pub(super) is_exception: bool,
    matcher: Matcher,
    /// The parts between slashes.
    parts: Vec<Part>,
}

/// How a pattern matches. Few patterns need more than a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Matcher {
    /// No wildcard: the path itself.
    Exact(String),
    /// `text**`: all that starts so.
    Prefix(String),
    /// `**text`: all that ends so, and with `**/text` the text alone too.
    Suffix(String),
    /// Anything else. Also the plain signs at both ends, which a path must have in any case.
    Tokens {
        tokens: Vec<Token>,
        start: String,
        end: String,
    },
}

/// A part of a pattern. In between stand states of the match.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// This character.
    Sign(char),
    /// `?`: any but `/`.
    One,
    /// `[…]`.
    Class(Class),
    /// `*`: any but `/`, so many as there are.
    Any,
    /// `**/`: nothing; or all up to a slash, which is the token that follows.
    Directories,
    /// The inside of `**/`: goes on up to a slash, any of them.
    UpToSlash,
    /// `**` at the end: all that comes.
    Rest,
}

/// A part between slashes, to tell directories apart that cannot hold a match.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// No wildcard in it.
    Plain(String),
    /// A wildcard that stays within the part.
    Wild(String),
    /// `**`, or a class, which may match a slash.
    Anything,
}

impl Pattern {
    /// Reads a pattern. It is clean, and has no `!` before it.
    pub(super) fn new(pattern: &str, is_exception: bool) -> Result<Self, BadPattern> {
        glob::check(pattern)?;
        let parts = pattern.split('/').map(Part::new).collect();
        Ok(Self {
            is_exception,
            matcher: Matcher::new(pattern),
            parts,
        })
    }

    /// Whether it matches this path (not only a directory above it).
    pub(super) fn matches(&self, path: &[u8]) -> bool {
        match &self.matcher {
            Matcher::Exact(text) => path == text.as_bytes(),
            Matcher::Prefix(text) => path.starts_with(text.as_bytes()),
            Matcher::Suffix(text) => {
                let alone = text.strip_prefix('/');
                path.ends_with(text.as_bytes()) || alone.is_some_and(|text| path == text.as_bytes())
            }
            Matcher::Tokens { tokens, start, end } => {
                path.starts_with(start.as_bytes())
                    && path.ends_with(end.as_bytes())
                    && tokens_match(tokens, path)
            }
        }
    }

    /// Whether it could match anything below this directory.
    pub(super) fn may_match_below(&self, directory: &[u8]) -> bool {
        let mut parts = self.parts.iter();
        for name in directory.split(|byte| *byte == b'/') {
            match parts.next() {
                None => return false,
                Some(Part::Anything) => return true,
                Some(Part::Plain(text)) if text.as_bytes() != name => return false,
                Some(Part::Wild(wild)) if !glob::matches(wild, name).unwrap_or(true) => {
                    return false;
                }
                Some(Part::Plain(_) | Part::Wild(_)) => {}
            }
        }
        parts.next().is_some()
    }
}

impl Part {
    fn new(part: &str) -> Self {
        if part.contains("**") || part.contains('[') {
            Self::Anything
        } else if part.contains(['*', '?', '\\']) {
            Self::Wild(part.to_owned())
        } else {
            Self::Plain(part.to_owned())
        }
    }
}

impl Matcher {
    fn new(pattern: &str) -> Self {
        let plain = |text: &str| !text.contains(['*', '?', '[', ']', '\\']);
        match (pattern.strip_prefix("**"), pattern.strip_suffix("**")) {
            _ if plain(pattern) => Self::Exact(pattern.to_owned()),
            (Some(text), _) if plain(text) => Self::Suffix(text.to_owned()),
            (None, Some(text)) if plain(text) => Self::Prefix(text.to_owned()),
            _ => {
                let tokens = tokens(pattern);
                let start = signs(tokens.iter());
                let end = signs(tokens.iter().rev()).chars().rev().collect();
                Self::Tokens { tokens, start, end }
            }
        }
    }
}

/// The plain signs up to the first token that is none.
fn signs<'a>(tokens: impl Iterator<Item = &'a Token>) -> String {
    let signs = tokens.map_while(|token| match token {
        Token::Sign(sign) => Some(*sign),
        _ => None,
    });
    signs.collect()
}

/// Takes a pattern apart that was checked.
fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '*' if signs.as_str().starts_with('*') => {
                signs.next();
                let rest = signs.as_str();
                signs = rest.strip_prefix('/').unwrap_or(rest).chars();
                if signs.as_str().is_empty() {
                    tokens.push(Token::Rest);
                } else {
                    tokens.extend([Token::Directories, Token::UpToSlash]);
                }
            }
            '*' => tokens.push(Token::Any),
            '?' => tokens.push(Token::One),
            '[' => tokens.extend(Class::read(&mut signs).map(Token::Class)),
            '\\' => tokens.extend(signs.next().map(Token::Sign)),
            _ => tokens.push(Token::Sign(sign)),
        }
    }
    tokens
}

/// Matches by following all possibilities at once: time is linear in the length of the path,
/// however many stars there are.
fn tokens_match(tokens: &[Token], path: &[u8]) -> bool {
    let mut states = States::new(tokens.len() + 1);
    states.enter(tokens, 0);
    let mut rest = path;
    while let Some((sign, length)) = glob::first_char(rest) {
        states = states.step(tokens, sign);
        if states.is_empty() {
            return false;
        }
        rest = &rest[length..];
    }
    states.has(tokens.len())
}

/// A set of places in the tokens.
struct States {
    bits: Vec<u64>,
}

impl States {
    fn new(count: usize) -> Self {
        Self {
            bits: vec![0; count.div_ceil(64)],
        }
    }

    fn has(&self, state: usize) -> bool {
        self.bits[state / 64] & (1 << (state % 64)) != 0
    }

    fn is_empty(&self) -> bool {
        self.bits.iter().all(|word| *word == 0)
    }

    /// Comes to a place, and to those behind tokens that may match nothing.
    fn enter(&mut self, tokens: &[Token], state: usize) {
        let mut state = state;
        // Who came here before has been behind it too: a thousand stars in a row stay linear.
        while !self.has(state) {
            self.bits[state / 64] |= 1 << (state % 64);
            match tokens.get(state) {
                Some(Token::Any | Token::Rest) => state += 1,
                Some(Token::Directories) => {
                    self.bits[(state + 1) / 64] |= 1 << ((state + 1) % 64);
                    state += 2;
                }
                _ => return,
            }
        }
    }

    fn step(&self, tokens: &[Token], sign: char) -> Self {
        let mut next = Self::new(tokens.len() + 1);
        for (index, word) in self.bits.iter().enumerate() {
            let mut word = *word;
            while word != 0 {
                let state = index * 64 + word.trailing_zeros() as usize;
                word &= word - 1;
                next.follow(tokens, state, sign);
            }
        }
        next
    }

    /// Where one place leads over one sign.
    fn follow(&mut self, tokens: &[Token], state: usize, sign: char) {
        match tokens.get(state) {
            Some(Token::Sign(wanted)) if *wanted == sign => self.enter(tokens, state + 1),
            Some(Token::One) if sign != '/' => self.enter(tokens, state + 1),
            Some(Token::Class(class)) if class.contains(sign) => self.enter(tokens, state + 1),
            Some(Token::Any) if sign != '/' => self.enter(tokens, state),
            Some(Token::Rest) => self.enter(tokens, state),
            Some(Token::UpToSlash) => {
                self.bits[state / 64] |= 1 << (state % 64);
                if sign == '/' {
                    self.enter(tokens, state + 1);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_moby_matches() {
        for (pattern, path, result) in [
            ("**", "file", true),
            ("**", "dir/file", true),
            ("**/", "dir/file", true),
            ("**/**", "dir/file", true),
            ("dir/**", "dir", false),
            ("dir/**", "dir/dir2/file", true),
            ("**/dir2/*", "dir/dir2/file", true),
            ("**/dir2/**", "dir/dir2/dir2/file", true),
            ("**file", "file", true),
            ("**file", "dir/xfile", true),
            ("**/file", "dir/file", true),
            ("**/file", "dir/xfile", false),
            ("**/file*", "dir/dir/file.txt", true),
            ("**/file*txt", "dir/dir/file.txt", true),
            ("**/**/*.txt", "dir/dir/file.txt", true),
            ("**/**/*.txt2", "dir/dir/file.txt", false),
            ("**/*.txt", "file.txt", true),
            ("a**/*.txt", "a/file.txt", true),
            ("a**/*.txt", "a/dir/file/file.txt", true),
            ("a[b-d]e", "ae", false),
            ("a[b-d]e", "ace", true),
            ("abc.def", "abcdef", false),
            ("abc?def", "abcZdef", true),
            ("abc?def", "abc/def", false),
            ("a\\\\", "a\\", true),
            ("**/foo/bar", "foo/bar", true),
            ("abc/**", "abc", false),
            ("abc/**", "abc/def/ghi", true),
            ("**/.foo", ".foo", true),
            ("**/.foo", "bar.foo", false),
            ("**foo*", "xfoo1", false),
            ("**foo*", "x/foo1", true),
            ("a(b)c/def", "a(b)c/def", true),
            ("a.|)$(}+{bc", "a.|)$(}+{bc", true),
            ("a^b", "a^b", true),
            ("foo*/**", "foobar/x", true),
            ("a**b", "ax/b", true),
            ("a**b", "axb", false),
            ("a**b", "ab", true),
            ("**/x**/b", "x/xb/b", true),
        ] {
            let pattern_read = Pattern::new(&glob::clean(pattern), false).unwrap();
            assert_eq!(
                pattern_read.matches(path.as_bytes()),
                result,
                "{pattern} {path}"
            );
        }
    }

    #[test]
    fn long_patterns_take_no_time() {
        let pattern = Pattern::new(&("**/a*".repeat(100) + "/b"), false).unwrap();
        assert!(!pattern.matches("a/".repeat(2_000).as_bytes()));
        let pattern = Pattern::new(&("**/".repeat(20_000) + "?a"), false).unwrap();
        assert!(!pattern.matches("b/".repeat(100).as_bytes()));
    }
}
