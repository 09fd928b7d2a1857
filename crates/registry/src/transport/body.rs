use std::fmt;
use std::io::{self, Read};

/// What a request carries.
#[derive(Clone)]
pub(crate) enum Body<'a> {
    /// A few bytes, perhaps none.
    Bytes(Vec<u8>),
    /// Content that is read as it is sent.
    Stream(&'a dyn Outflow),
}

/// Content that can be sent, and sent again.
pub(crate) trait Outflow {
    /// How long it is, if that is known: then it gives so many bytes, or fails.
    fn length(&self) -> Option<u64>;

    /// Reads it from its beginning.
    fn start(&self) -> io::Result<Box<dyn Read + '_>>;
}

impl Body<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Bytes(bytes) if bytes.is_empty())
    }
}

impl fmt::Debug for Body<'_> {
    /// Without the content, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Stream(stream) => write!(f, "a stream of {:?} bytes", stream.length()),
        }
    }
}
