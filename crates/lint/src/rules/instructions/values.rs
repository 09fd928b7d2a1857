//! What labels hold: URIs, times, versions, commits, addresses, licences. Each check is that of its specification, or
//! hadolint's, where that reads the specification in another way.

mod email;
mod spdx;
mod time;
mod uri;
mod version;

pub(super) use email::is_email;
pub(super) use spdx::{is_license, successor};
pub(super) use time::is_time;
pub(super) use uri::is_uri;
pub(super) use version::is_version;

/// How a specification is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// As it stands there.
    Specification,
    /// As hadolint does.
    Hadolint,
}

/// Whether a text names a git commit: SHA-1 or SHA-256, abbreviated or not. hadolint wants 7 or 40 digits.
pub(super) fn is_hash(text: &str, by: By) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_long_enough = match by {
        By::Specification => matches!(text.len(), 7..=40 | 64),
        By::Hadolint => matches!(text.len(), 7 | 40),
    };
    is_long_enough && text.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::{By, is_hash};

    #[test]
    fn hashes() {
        assert!(is_hash("abcdef1", By::Hadolint));
        assert!(is_hash("abcdef1234", By::Specification));
        assert!(!is_hash("abcdef1234", By::Hadolint));
        for text in ["abcdef", "ABCDEF1", "abcdefg", "abcdefé", ""] {
            assert!(!is_hash(text, By::Specification), "{text}");
        }
    }
}
