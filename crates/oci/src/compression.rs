//! How layers and archives are compressed. What content is, its first bytes decide, not its name.

mod decode;
mod encode;
mod gzip;

pub use decode::decoder;
pub use encode::Encoder;

/// A way of compressing a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// bzip2: read only.
    Bzip2,
    /// xz: read only.
    Xz,
}

/// Of how many members a gzip stream is. Readers that know RFC 1952 do not mind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Members {
    /// One for each megabyte, which is fastest, and smallest.
    #[default]
    Many,
    /// A single one.
    One,
}

impl Compression {
    /// How many of the first bytes [`detect`](Self::detect) needs at most.
    pub const MAGIC_LEN: usize = 10;

    /// How the stream is compressed that begins with `start`.
    pub fn detect(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, 8, ..] => Self::Gzip,
            // A frame, or one to be skipped.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            // "BZh" alone may well be text: the first block, or the end, must follow.
            [
                b'B',
                b'Z',
                b'h',
                b'1'..=b'9',
                0x31,
                0x41,
                0x59,
                0x26,
                0x53,
                0x59,
                ..,
            ]
            | [
                b'B',
                b'Z',
                b'h',
                b'1'..=b'9',
                0x17,
                0x72,
                0x45,
                0x38,
                0x50,
                0x90,
                ..,
            ] => Self::Bzip2,
            _ => Self::None,
        }
    }
}
