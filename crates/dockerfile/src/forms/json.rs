//! Just enough JSON (RFC 8259) to read an array of strings and to know any other array from text
//! that only looks like one.

use std::ops::Range;

/// How deep arrays and objects may nest before the text is taken as no JSON.
const MAX_DEPTH: usize = 200;

/// A value in the array.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Value {
    /// What it says, if it is a string.
    pub(super) string: Option<String>,
    /// Its place in the text.
    pub(super) range: Range<usize>,
}

/// The text is no JSON array.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotAnArray;

/// Reads a text that is a JSON array and nothing more.
pub(super) fn array(text: &str) -> Result<Vec<Value>, NotAnArray> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_blanks();
    let values = reader.elements(0)?;
    reader.skip_blanks();
    if reader.at == text.len() {
        Ok(values)
    } else {
        Err(NotAnArray)
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Result<(), NotAnArray> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(NotAnArray)
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn elements(&mut self, depth: usize) -> Result<Vec<Value>, NotAnArray> {
        self.take(b'[')?;
        let mut values = Vec::new();
        self.skip_blanks();
        if self.take(b']').is_ok() {
            return Ok(values);
        }
        loop {
            self.skip_blanks();
            let start = self.at;
            let string = self.value(depth + 1)?;
            values.push(Value {
                string,
                range: start..self.at,
            });
            self.skip_blanks();
            if self.take(b']').is_ok() {
                return Ok(values);
            }
            self.take(b',')?;
        }
    }

    /// Any value. Only what a string says is of interest.
    fn value(&mut self, depth: usize) -> Result<Option<String>, NotAnArray> {
        if depth > MAX_DEPTH {
            return Err(NotAnArray);
        }
        match self.peek() {
            Some(b'"') => return self.string().map(Some),
            Some(b'[') => drop(self.elements(depth)?),
            Some(b'{') => self.members(depth)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.constant()?,
        }
        Ok(None)
    }

    fn members(&mut self, depth: usize) -> Result<(), NotAnArray> {
        self.take(b'{')?;
        self.skip_blanks();
        if self.take(b'}').is_ok() {
            return Ok(());
        }
        loop {
            self.skip_blanks();
            self.string()?;
            self.skip_blanks();
            self.take(b':')?;
            self.skip_blanks();
            self.value(depth + 1)?;
            self.skip_blanks();
            if self.take(b'}').is_ok() {
                return Ok(());
            }
            self.take(b',')?;
        }
    }

    fn constant(&mut self) -> Result<(), NotAnArray> {
        let rest = &self.text[self.at..];
        let found = ["null", "true", "false"]
            .into_iter()
            .find(|word| rest.starts_with(word));
        self.at += found.ok_or(NotAnArray)?.len();
        Ok(())
    }

    fn number(&mut self) -> Result<(), NotAnArray> {
        let _ = self.take(b'-');
        if self.take(b'0').is_err() {
            self.digits()?;
        }
        if self.take(b'.').is_ok() {
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            let _ = self.take(b'+').or_else(|_| self.take(b'-'));
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), NotAnArray> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at > start {
            Ok(())
        } else {
            Err(NotAnArray)
        }
    }

    fn string(&mut self) -> Result<String, NotAnArray> {
        self.take(b'"')?;
        let mut out = String::new();
        loop {
            let sign = self.text[self.at..].chars().next().ok_or(NotAnArray)?;
            self.at += sign.len_utf8();
            match sign {
                '"' => return Ok(out),
                '\\' => out.push(self.escaped()?),
                '\0'..='\u{1f}' => return Err(NotAnArray),
                _ => out.push(sign),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, NotAnArray> {
        let sign = self.peek().ok_or(NotAnArray)?;
        self.at += 1;
        Ok(match sign {
            b'"' | b'\\' | b'/' => char::from(sign),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            // The cursor may now stand inside of a character, but nothing reads on after this.
            _ => return Err(NotAnArray),
        })
    }

    /// The four digits behind `\u`, and the low surrogate behind a high one. A surrogate alone is
    /// the replacement character, as in Go.
    fn unicode(&mut self) -> Result<char, NotAnArray> {
        let high = self.four_digits()?;
        if !(0xd800..0xdc00).contains(&high) {
            return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        if self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            let low = self.four_digits()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn four_digits(&mut self) -> Result<u32, NotAnArray> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(NotAnArray)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NotAnArray);
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| NotAnArray)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(text: &str) -> Option<Vec<Option<String>>> {
        array(text)
            .ok()
            .map(|values| values.into_iter().map(|value| value.string).collect())
    }

    fn all(words: &[&str]) -> Option<Vec<Option<String>>> {
        Some(words.iter().map(|word| Some((*word).to_owned())).collect())
    }

    #[test]
    fn arrays_of_strings() {
        assert_eq!(strings("[]"), all(&[]));
        assert_eq!(strings(r#" [ "a b" ,"c\"d"	] "#), all(&["a b", "c\"d"]));
        assert_eq!(
            strings(r#"["\u0041\t\\\/\b\f\n\r ü"]"#),
            all(&["A\t\\/\u{8}\u{c}\n\r ü"])
        );
        assert_eq!(
            strings(r#"["\ud83d\ude42", "\ud83d", "\udc00x"]"#),
            all(&["🙂", "\u{fffd}", "\u{fffd}x"])
        );
    }

    #[test]
    fn arrays_of_something_else() {
        for text in [
            "[1]",
            "[-0.5e+3, \"a\"]",
            "[null]",
            "[[\"a\"]]",
            "[{\"a\": [true]}]",
        ] {
            let values = strings(text).unwrap();
            assert!(values.iter().any(Option::is_none), "{text}");
        }
    }

    #[test]
    fn what_is_no_array() {
        let deep = "[".repeat(100_000);
        for text in [
            "",
            "a",
            "[",
            "['a']",
            "[\"a\"",
            "[\"a\"] x",
            "[\"a\",]",
            "[\"a\" \"b\"]",
            "[\"\\x\"]",
            "[\"a\tb\"]",
            "[\"\\ü\"]",
            "[\"\\u00g0\"]",
            "[01]",
            "[1.]",
            "[truely]",
            "[ \"a\" = \"a\" ]",
            "{}",
            "\"a\"",
            &deep,
        ] {
            assert_eq!(strings(text), None, "{text}");
        }
    }
}
