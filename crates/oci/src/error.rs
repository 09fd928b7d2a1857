use thiserror::Error as ThisError;

use crate::Digest;

/// Why a piece of OCI text or a document was refused.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The text before the colon of a digest names no algorithm that is known here.
    #[error("digest `{text}` has an unsupported algorithm (sha256 and sha512 are supported)")]
    UnknownAlgorithm {
        /// The digest as it was given, shortened if it is very long.
        text: String,
    },
    /// The text is no digest.
    #[error("`{text}` is not a digest: {reason}")]
    InvalidDigest {
        /// The text as it was given, shortened if it is very long.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text is no image reference.
    #[error("invalid reference format: `{text}`: {reason}")]
    InvalidReference {
        /// The text as it was given, shortened if it is very long.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text is no platform.
    #[error("`{text}` is not a platform (expected os[/architecture[/variant]]): {reason}")]
    InvalidPlatform {
        /// The text as it was given, shortened if it is very long.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A document is not the JSON that it should be.
    #[error("cannot parse the {document}")]
    InvalidJson {
        /// Which kind of document was being read.
        document: &'static str,
        /// The place and the reason.
        #[source]
        source: serde_json::Error,
    },
    /// A document is JSON, but breaks a rule of the specification.
    #[error("the {document} is invalid: {reason}")]
    InvalidDocument {
        /// Which kind of document was being read.
        document: &'static str,
        /// The rule that it breaks.
        reason: &'static str,
    },
    /// A document is longer than this program reads.
    #[error("the {document} is {size} bytes long; at most {limit} are read")]
    DocumentTooLarge {
        /// Which kind of document was being read.
        document: &'static str,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// Content is not what its digest promised.
    #[error("content has digest {actual} where {expected} was expected")]
    DigestMismatch {
        /// The digest that the descriptor gives.
        expected: Digest,
        /// The digest of the bytes that came.
        actual: Digest,
    },
    /// Content is shorter or longer than its descriptor says.
    #[error("content of {digest} ended after {actual} bytes where {expected} were expected")]
    TooShort {
        /// The digest that the descriptor gives.
        digest: Digest,
        /// The size that the descriptor gives.
        expected: u64,
        /// The number of bytes that came.
        actual: u64,
    },
    /// Content goes on after the size that its descriptor gives.
    #[error("content of {digest} is longer than the {expected} bytes that were expected")]
    TooLong {
        /// The digest that the descriptor gives.
        digest: Digest,
        /// The size that the descriptor gives.
        expected: u64,
    },
}

/// Hostile text goes into messages: keeps its beginning only, and nothing that moves a cursor.
pub(crate) fn shorten(text: &str) -> String {
    const LIMIT: usize = 200;
    let mut shown = String::new();
    for (index, char) in text.chars().enumerate() {
        match char {
            _ if index == LIMIT => {
                shown.push('…');
                break;
            }
            char if char.is_control() => shown.extend(char.escape_default()),
            char => shown.push(char),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_messages_show() {
        assert_eq!(shorten("ä/b"), "ä/b");
        assert_eq!(shorten("a\n\x1b[2J"), "a\\n\\u{1b}[2J");
        assert_eq!(shorten(&"ä".repeat(200)), "ä".repeat(200));
        assert_eq!(shorten(&"ä".repeat(201)), "ä".repeat(200) + "…");
    }
}
