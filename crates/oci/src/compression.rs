//! How layers and archives are compressed.

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
