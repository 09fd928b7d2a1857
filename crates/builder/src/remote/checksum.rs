//! `ADD --checksum` of a file.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// What a file's bytes must hash to: `algorithm:hex`, with the algorithms that Docker reads (`opencontainers/go-digest`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    algorithm: Algorithm,
    hex: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

/// Text that is no checksum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no checksum: it is sha256:, sha384: or sha512: and the lower-case hexadecimal digits of that"
)]
pub struct ChecksumError {
    /// The text.
    text: String,
}

impl FromStr for Checksum {
    type Err = ChecksumError;

    fn from_str(text: &str) -> Result<Self, ChecksumError> {
        let wrong = || ChecksumError {
            text: text.to_owned(),
        };
        let (algorithm, hex) = text.split_once(':').ok_or_else(wrong)?;
        let (algorithm, length) = match algorithm {
            "sha256" => (Algorithm::Sha256, 64),
            "sha384" => (Algorithm::Sha384, 96),
            "sha512" => (Algorithm::Sha512, 128),
            _ => return Err(wrong()),
        };
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if hex.len() != length || !hex.bytes().all(is_digit) {
            return Err(wrong());
        }
        Ok(Self {
            algorithm,
            hex: hex.to_owned(),
        })
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithm = match self.algorithm {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha384 => "sha384",
            Algorithm::Sha512 => "sha512",
        };
        write!(f, "{algorithm}:{}", self.hex)
    }
}

/// Makes the checksum of bytes that come piece by piece.
pub(super) enum Summer {
    Sha256(Sha256),
    Sha384(Box<Sha384>),
    Sha512(Box<Sha512>),
}

impl Summer {
    /// Begins one of the kind that is expected; SHA-256 if none is.
    pub(super) fn like(expected: Option<&Checksum>) -> Self {
        match expected.map(|expected| expected.algorithm) {
            None | Some(Algorithm::Sha256) => Self::Sha256(Sha256::new()),
            Some(Algorithm::Sha384) => Self::Sha384(Box::default()),
            Some(Algorithm::Sha512) => Self::Sha512(Box::default()),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(sha) => sha.update(bytes),
            Self::Sha384(sha) => sha.update(bytes),
            Self::Sha512(sha) => sha.update(bytes),
        }
    }

    pub(super) fn finish(self) -> Checksum {
        let (algorithm, bytes) = match self {
            Self::Sha256(sha) => (Algorithm::Sha256, sha.finalize().to_vec()),
            Self::Sha384(sha) => (Algorithm::Sha384, sha.finalize().to_vec()),
            Self::Sha512(sha) => (Algorithm::Sha512, sha.finalize().to_vec()),
        };
        let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Checksum { algorithm, hex }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums() {
        for name in ["sha256", "sha384", "sha512"] {
            let text = match name {
                "sha256" => format!("sha256:{}", "0".repeat(64)),
                "sha384" => format!("sha384:{}", "0".repeat(96)),
                _ => format!("sha512:{}", "0".repeat(128)),
            };
            let checksum: Checksum = text.parse().unwrap();
            assert_eq!(checksum.to_string(), text);
            let mut summer = Summer::like(Some(&checksum));
            summer.update(b"abc");
            assert!(summer.finish().to_string().starts_with(name));
        }
        for bad in [
            "",
            "sha256",
            "sha256:00",
            "md5:00",
            &format!("sha256:{}", "G".repeat(64)),
        ] {
            assert!(bad.parse::<Checksum>().is_err(), "{bad}");
        }
    }
}
