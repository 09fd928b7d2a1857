use std::io;

use thiserror::Error as ThisError;

/// Why an archive could not be read or written.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The stream that the archive comes from failed.
    #[error("cannot read the archive at byte {offset}")]
    Read {
        /// How many bytes of the archive were read before.
        offset: u64,
        /// What the stream said.
        #[source]
        source: io::Error,
    },
    /// The stream ends in the middle of a member.
    #[error("the archive ends in the middle of a member, at byte {offset}")]
    Truncated {
        /// How many bytes of the archive were read before.
        offset: u64,
    },
    /// A header breaks the format's rules, or is one that programs read in different ways.
    #[error("invalid tar header at byte {offset}: {reason}")]
    Invalid {
        /// Where in the archive the header begins.
        offset: u64,
        /// The rule that it breaks.
        reason: &'static str,
    },
    /// The member is of a type that has no place in a layer.
    #[error("{path} is of type {type_flag:?}, which is not supported")]
    UnsupportedType {
        /// The member's name.
        path: String,
        /// The type flag of its header.
        type_flag: char,
    },
    /// The member has something that no tar header can say.
    #[error("{path} cannot be written to an archive: {reason}")]
    Unrepresentable {
        /// The member's name.
        path: String,
        /// What cannot be said.
        reason: &'static str,
    },
    /// The content of a member that is being written cannot be read.
    #[error("cannot read the content of {path}")]
    Content {
        /// The member's name.
        path: String,
        /// What its reader said.
        #[source]
        source: io::Error,
    },
    /// The content of a member that is being written is shorter than its header said.
    #[error("{path} has {actual} bytes where {expected} were expected: did it change meanwhile?")]
    ShortContent {
        /// The member's name.
        path: String,
        /// The size that its header gives.
        expected: u64,
        /// How much there was.
        actual: u64,
    },
    /// The stream that the archive goes to failed.
    #[error("cannot write the archive")]
    Write {
        /// What the stream said.
        #[source]
        source: io::Error,
    },
}

/// A name for a message.
pub(super) fn printable(path: &[u8]) -> String {
    crate::error::shorten(&String::from_utf8_lossy(path))
}
