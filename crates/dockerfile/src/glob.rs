//! Wildcards of `COPY` and `ADD` sources: Go's `filepath.Match`, and its `path.Clean`.

pub(crate) mod class;

use class::Class;

/// A pattern that cannot be read: a bracket is not closed or empty, or it ends in `\`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern `{0}`")]
pub struct BadPattern(pub String);

/// A part of a pattern that matches one character, or a `*`.
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
}

/// Whether the whole of `name` matches `pattern`. `*` and `?` do not match a `/`.
///
/// ```
/// use dockerfile::glob;
///
/// assert_eq!(glob::matches("src/*.r[a-s]", "src/main.rs"), Ok(true));
/// assert_eq!(glob::matches("*.rs", "src/main.rs"), Ok(false));
/// assert!(glob::matches("src/[", "src/main.rs").is_err());
/// ```
pub fn matches(pattern: &str, name: impl AsRef<[u8]>) -> Result<bool, BadPattern> {
    let tokens = tokens(pattern).ok_or_else(|| BadPattern(pattern.to_owned()))?;
    Ok(tokens_match(&tokens, name.as_ref()))
}

/// Whether the pattern can be read.
pub(crate) fn check(pattern: &str) -> Result<(), BadPattern> {
    tokens(pattern)
        .map(drop)
        .ok_or_else(|| BadPattern(pattern.to_owned()))
}

/// Whether a path has a wildcard in it: one of `*`, `?` and `[`, not behind a `\`.
pub fn has_wildcard(path: &str) -> bool {
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'*' | b'?' | b'[' => return true,
            _ => {}
        }
    }
    false
}

/// The shortest path that means the same, without looking at any file system (Go's `path.Clean`):
/// no `.`, no doubled or last `/`, and `..` only at the start of a relative path.
pub fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if rooted => {}
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

fn tokens(pattern: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        tokens.push(match sign {
            '*' => Token::Any,
            '?' => Token::One,
            '[' => Token::Class(Class::read(&mut signs)?),
            '\\' => Token::Sign(signs.next()?),
            _ => Token::Sign(sign),
        });
    }
    Some(tokens)
}

/// The last `*` takes as little as it can, and more whenever the rest does not match: with one kind
/// of `*` there is no need to go back to an earlier one.
fn tokens_match(tokens: &[Token], name: &[u8]) -> bool {
    let (mut token, mut rest) = (0, name);
    let mut last_any: Option<(usize, &[u8])> = None;
    loop {
        if tokens.get(token) == Some(&Token::Any) {
            token += 1;
            last_any = Some((token, rest));
            continue;
        }
        let sign = first_char(rest);
        match (tokens.get(token), sign) {
            (None, None) => return true,
            (Some(wanted), Some((sign, length))) if wanted.matches(sign) => {
                token += 1;
                rest = &rest[length..];
                continue;
            }
            _ => {}
        }
        let Some((behind, taken)) = last_any else {
            return false;
        };
        match first_char(taken) {
            Some((sign, length)) if sign != '/' => {
                last_any = Some((behind, &taken[length..]));
                (token, rest) = (behind, &taken[length..]);
            }
            _ => return false,
        }
    }
}

impl Token {
    fn matches(&self, sign: char) -> bool {
        match self {
            Self::Sign(wanted) => *wanted == sign,
            Self::One => sign != '/',
            Self::Class(class) => class.contains(sign),
            Self::Any => false,
        }
    }
}

/// The first character and its length. A byte that is no UTF-8 counts as one replacement character,
/// as in Go.
pub(crate) fn first_char(bytes: &[u8]) -> Option<(char, usize)> {
    let first = *bytes.first()?;
    if first.is_ascii() {
        return Some((char::from(first), 1));
    }
    let chunk = bytes[..bytes.len().min(4)].utf8_chunks().next()?;
    Some(
        chunk
            .valid()
            .chars()
            .next()
            .map_or((char::REPLACEMENT_CHARACTER, 1), |c| (c, c.len_utf8())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_matches() {
        for (pattern, name, result) in [
            ("abc", "abc", Some(true)),
            ("*", "abc", Some(true)),
            ("*c", "abc", Some(true)),
            ("a*", "ab/c", Some(false)),
            ("a*/b", "a/c/b", Some(false)),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", Some(true)),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", Some(false)),
            ("a*b?c*x", "abxbbxdbxebxczzx", Some(true)),
            ("ab[c]", "abc", Some(true)),
            ("ab[b-d]", "abc", Some(true)),
            ("ab[^b-d]", "abc", Some(false)),
            ("ab[!c]", "ab!", Some(true)),
            ("a\\*b", "a*b", Some(true)),
            ("a\\*b", "ab", Some(false)),
            ("a?b", "a☺b", Some(true)),
            ("a???b", "a☺b", Some(false)),
            ("[a-ζ]*", "α", Some(true)),
            ("*[a-ζ]", "A", Some(false)),
            ("a?b", "a/b", Some(false)),
            ("a[^x]b", "a/b", Some(true)),
            ("[\\]a]", "]", Some(true)),
            ("[\\-]", "-", Some(true)),
            ("[x\\-]", "x", Some(true)),
            ("", "", Some(true)),
            ("", "a", Some(false)),
            ("[]a]", "]", None),
            ("[-]", "-", None),
            ("[x-]", "x", None),
            ("[-x]", "x", None),
            ("[a-b-c]", "a", None),
            ("[", "a", None),
            ("[^", "a", None),
            ("[a", "a", None),
            ("a[", "ab", None),
            ("\\", "a", None),
            ("*x", "xxx", Some(true)),
        ] {
            assert_eq!(matches(pattern, name).ok(), result, "{pattern} {name}");
        }
        assert_eq!(matches("a?c", b"a\xffc"), Ok(true));
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = "a*".repeat(200) + "b";
        assert_eq!(matches(&pattern, "a".repeat(20_000)), Ok(false));
    }

    #[test]
    fn wildcards_are_seen() {
        for (path, result) in [
            ("a*", true),
            ("a\\*", false),
            ("a?b", true),
            ("[a", true),
            ("a\\", false),
        ] {
            assert_eq!(has_wildcard(path), result, "{path}");
        }
    }

    #[test]
    fn as_go_cleans() {
        for (path, result) in [
            ("", "."),
            ("abc/", "abc"),
            ("/", "/"),
            ("a//b///c", "a/b/c"),
            ("./a/./b", "a/b"),
            ("abc/def/../../..", ".."),
            ("/abc/../../x", "/x"),
            ("../../abc", "../../abc"),
            ("abc/./../def", "def"),
            ("..", ".."),
            ("/..", "/"),
        ] {
            assert_eq!(clean(path), result, "{path}");
        }
    }
}
