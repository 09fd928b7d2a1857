//! Character classes: `[abc]`, `[a-z]`, `[^a]`.

use std::str::Chars;

/// A class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Class {
    negated: bool,
    ranges: Vec<(char, char)>,
}

impl Class {
    /// Reads what stands behind the `[`, the `]` included. `^` negates; `!` is a sign like any other.
    /// A class is not empty, and `-` and `]` as members need a `\`.
    pub(crate) fn read(signs: &mut Chars<'_>) -> Option<Self> {
        let negated = take(signs, '^');
        let mut ranges = Vec::new();
        while ranges.is_empty() || !take(signs, ']') {
            let low = member(signs)?;
            let high = if take(signs, '-') {
                member(signs)?
            } else {
                low
            };
            ranges.push((low, high));
        }
        Some(Self { negated, ranges })
    }

    /// Whether it has this character, a `/` too.
    pub(crate) fn contains(&self, sign: char) -> bool {
        let found = self
            .ranges
            .iter()
            .any(|(low, high)| (*low..=*high).contains(&sign));
        found != self.negated
    }
}

fn take(signs: &mut Chars<'_>, sign: char) -> bool {
    let found = signs.as_str().starts_with(sign);
    if found {
        signs.next();
    }
    found
}

fn member(signs: &mut Chars<'_>) -> Option<char> {
    match signs.next()? {
        '-' | ']' => None,
        '\\' => signs.next(),
        sign => Some(sign),
    }
}
