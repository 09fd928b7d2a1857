//! Numbers and strings as SSH writes them: RFC 4251, section 5.

/// Reads values, one after the other.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// `uint32`.
    pub(super) fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    /// `string`.
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (string, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }

    /// `string` of text.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.string()?).ok()
    }

    /// `mpint` that is not negative, without the zeros at its front.
    pub(super) fn integer(&mut self) -> Option<&'a [u8]> {
        let bytes = self.string()?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Some(&bytes[zeros..])
    }
}

/// Writes `string`.
pub(super) fn put_string(out: &mut Vec<u8>, string: &[u8]) {
    let length = u32::try_from(string.len()).expect("messages are far shorter");
    out.extend(length.to_be_bytes());
    out.extend(string);
}

/// Writes an `mpint` that is not negative; zeros at its front do not count.
pub(super) fn put_integer(out: &mut Vec<u8>, bytes: &[u8]) {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut number = bytes[zeros..].to_vec();
    // The first bit is the sign.
    if number.first().is_some_and(|byte| byte & 0x80 != 0) {
        number.insert(0, 0);
    }
    put_string(out, &number);
}

#[cfg(test)]
mod tests {
    use super::{Reader, put_integer, put_string};

    #[test]
    fn what_is_written_is_read() {
        let mut out = Vec::new();
        put_string(&mut out, b"abc");
        put_integer(&mut out, &[0, 0, 0x80]);
        assert_eq!(out, b"\0\0\0\x03abc\0\0\0\x02\0\x80");
        let mut reader = Reader(&out);
        assert_eq!(reader.text(), Some("abc"));
        assert_eq!(reader.integer(), Some(&[0x80][..]));
        assert_eq!(reader.number(), None);
        assert_eq!(Reader(b"\xff\xff\xff\xffab").string(), None);
    }
}
