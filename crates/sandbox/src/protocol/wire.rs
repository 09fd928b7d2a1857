//! Numbers and byte strings, one after the other. Both ends are the same executable, so that there is no version.

/// Writes values.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn number(&mut self, number: u64) {
        self.0.extend(number.to_ne_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend(bytes);
    }

    pub(super) fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.number(items.len() as u64);
        for item in items {
            write(self, item);
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads values in the order in which they were written.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

/// The bytes are not what a [`Writer`] has written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl<'a> Reader<'a> {
    pub(super) fn number(&mut self) -> Result<u64, Malformed> {
        let (number, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(u64::from_ne_bytes(*number))
    }

    /// A number of a narrower type.
    pub(super) fn narrow<T: TryFrom<u64>>(&mut self) -> Result<T, Malformed> {
        T::try_from(self.number()?).map_err(|_| Malformed)
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length: usize = self.narrow()?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(super) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let length = self.number()?;
        (0..length).map(|_| read(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Malformed, Reader, Writer};

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::default();
        writer.number(7);
        writer.bytes(b"a\0b");
        writer.list(&[1, 2, 3], |writer, &number| writer.number(number));
        let bytes = writer.finish();
        let mut reader = Reader(&bytes);
        assert_eq!(reader.narrow(), Ok(7_u8));
        assert_eq!(reader.bytes(), Ok(&b"a\0b"[..]));
        assert_eq!(reader.list(Reader::number), Ok(vec![1, 2, 3]));
        assert_eq!(reader.number(), Err(Malformed));
    }

    #[test]
    fn lengths_are_not_believed() {
        let mut writer = Writer::default();
        writer.number(u64::MAX);
        let bytes = writer.finish();
        assert_eq!(Reader(&bytes).bytes(), Err(Malformed));
        assert_eq!(Reader(&bytes).list(Reader::number), Err(Malformed));
        assert_eq!(Reader(&bytes).narrow::<u8>(), Err(Malformed));
    }
}
