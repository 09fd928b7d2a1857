//! Assignments in arithmetic: what they give is a number.

use super::{Follower, Reached, Value};
use crate::shell::ast::{Arithmetic, PartKind};

impl<'a> Follower<'a> {
    /// Gives numbers to the variables that an expression assigns.
    pub(super) fn arithmetic(&mut self, arithmetic: &'a Arithmetic, state: &mut Reached) {
        for part in &arithmetic.parts {
            if let PartKind::Literal(text) = &part.kind {
                for name in assigned(text) {
                    self.set(state, name, Value::Plain);
                }
            }
        }
    }
}

/// The names that an expression assigns.
pub(crate) fn assigned(text: &str) -> impl Iterator<Item = &str> {
    names(text).filter_map(|(before, name, behind)| {
        let behind = behind.trim_start();
        let is_step = |text: &str| text.starts_with("++") || text.starts_with("--");
        let operator = behind.trim_start_matches(['+', '-', '*', '/', '%', '&', '|', '^']);
        let operator = operator.trim_start_matches("<<").trim_start_matches(">>");
        let is_set = operator.starts_with('=') && !operator.starts_with("==");
        let before = before.trim_end();
        let is_stepped = is_step(behind) || before.ends_with("++") || before.ends_with("--");
        (is_set || is_stepped).then_some(name)
    })
}

/// All names in an expression, with what stands around each.
pub(crate) fn names(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let is_inside = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    let mut at = 0;
    std::iter::from_fn(move || {
        let bytes = text.as_bytes();
        loop {
            let start = at + bytes[at..].iter().position(|byte| is_inside(*byte))?;
            let length = bytes[start..].iter().take_while(|byte| is_inside(**byte));
            let end = start + length.count();
            at = end;
            if !bytes[start].is_ascii_digit() {
                return Some((&text[..start], &text[start..end], &text[end..]));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::assigned;

    #[test]
    fn assignments_are_found() {
        let found = |text| assigned(text).collect::<Vec<_>>();
        assert_eq!(found("a = 1, b += 2, c++, --d"), ["a", "b", "c", "d"]);
        assert_eq!(found("a == 1 && b <= 0x1f"), Vec::<&str>::new());
        assert_eq!(found("a <<= 1"), ["a"]);
    }
}
