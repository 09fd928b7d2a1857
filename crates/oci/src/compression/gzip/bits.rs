//! Bits on their way into bytes, as DEFLATE packs them: RFC 1951, 3.1.1.

/// A writer of bits, the lowest of each byte first. The buffer has room for a word beyond the last byte.
pub(super) struct Bits<'a> {
    out: &'a mut [u8],
    at: usize,
    waiting: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(out: &'a mut [u8]) -> Self {
        Self {
            out,
            at: 0,
            waiting: 0,
            count: 0,
        }
    }

    /// How many bytes are full.
    pub(super) fn written(&self) -> usize {
        self.at
    }

    /// Adds some bits, and how many they are, to the word. No more than 56 may come before [`flush`](Self::flush).
    pub(super) fn add(&mut self, (bits, count): (u16, u16)) {
        self.waiting |= u64::from(bits) << self.count;
        self.count += u32::from(count);
    }

    /// Writes whole bytes of the word.
    pub(super) fn flush(&mut self) {
        self.out[self.at..self.at + 8].copy_from_slice(&self.waiting.to_le_bytes());
        let bytes = self.count / 8;
        self.at += bytes as usize;
        self.waiting >>= 8 * bytes;
        self.count %= 8;
    }

    pub(super) fn put(&mut self, bits: u16, count: u16) {
        self.add((bits, count));
        self.flush();
    }

    /// Fills the byte up.
    pub(super) fn align(&mut self) {
        self.count = self.count.next_multiple_of(8);
        self.flush();
    }

    /// Writes bytes where a byte begins.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.out[self.at..][..bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }
}
