//! image-spec, descriptor.md, "Digests".

mod hasher;
mod ids;
mod stream;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use hasher::Hasher;
pub use ids::{ChainId, DiffId};
pub use stream::{DigestReader, DigestWriter, VerifiedReader};

use crate::Error;
use crate::error::shorten;

/// A registered digest algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// `sha256`: what everyone uses.
    Sha256,
    /// `sha512`: allowed by the specification.
    Sha512,
}

impl Algorithm {
    /// The algorithm's name in a digest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// How many hexadecimal digits its digests have.
    pub fn hex_len(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of some content: `algorithm:hex`.
///
/// Only well-formed digests exist: the algorithm is known, and the encoded part has exactly its
/// number of lower-case hexadecimal digits. So a digest is safe to use as a file name or in a URL.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    text: Box<str>,
}

impl Digest {
    /// The SHA-256 digest of `bytes`.
    pub fn sha256(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(bytes);
        hasher.finish()
    }

    /// The digest of `bytes` under `algorithm`.
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    /// Puts an algorithm and its raw output together; private, as the lengths must agree.
    fn from_raw(algorithm: Algorithm, raw: &[u8]) -> Self {
        debug_assert_eq!(raw.len() * 2, algorithm.hex_len());
        let mut text = String::with_capacity(algorithm.as_str().len() + 1 + raw.len() * 2);
        text.push_str(algorithm.as_str());
        text.push(':');
        for byte in raw {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
            }
        }
        Self {
            text: text.into_boxed_str(),
        }
    }

    /// The algorithm that made it.
    pub fn algorithm(&self) -> Algorithm {
        if self.text.starts_with("sha512:") {
            Algorithm::Sha512
        } else {
            Algorithm::Sha256
        }
    }

    /// The encoded part: lower-case hexadecimal digits.
    pub fn hex(&self) -> &str {
        &self.text[self.algorithm().as_str().len() + 1..]
    }

    /// The whole digest, `algorithm:hex`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first twelve digits, as Docker prints image IDs.
    pub fn short(&self) -> &str {
        &self.hex()[..12]
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = |reason| Error::InvalidDigest {
            text: shorten(text),
            reason,
        };
        let (name, hex) = text
            .split_once(':')
            .ok_or_else(|| invalid("it has no algorithm"))?;
        let algorithm = match name {
            "sha256" => Algorithm::Sha256,
            "sha512" => Algorithm::Sha512,
            "" => return Err(invalid("it has no algorithm")),
            _ => {
                return Err(Error::UnknownAlgorithm {
                    text: shorten(text),
                });
            }
        };
        if hex.len() != algorithm.hex_len() {
            return Err(invalid("its length is wrong for its algorithm"));
        }
        if !hex
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            return Err(invalid("its encoded part is not lower-case hexadecimal"));
        }
        Ok(Self { text: text.into() })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn digest_of_bytes() {
        assert_eq!(Digest::sha256(b"").as_str(), EMPTY);
        let long = Digest::of(Algorithm::Sha512, b"");
        assert_eq!(long.algorithm(), Algorithm::Sha512);
        assert!(long.hex().starts_with("cf83e1357eefb8bd"));
        assert_eq!(long.as_str().parse::<Digest>().unwrap(), long);
    }

    #[test]
    fn parts() {
        let digest: Digest = EMPTY.parse().unwrap();
        assert_eq!(digest.algorithm(), Algorithm::Sha256);
        assert_eq!(digest.hex(), &EMPTY[7..]);
        assert_eq!(digest.short(), "e3b0c44298fc");
        assert_eq!(
            serde_json::to_string(&digest).unwrap(),
            format!("{EMPTY:?}")
        );
    }

    #[test]
    fn refused() {
        let upper = EMPTY.to_uppercase().replace("SHA256", "sha256");
        for bad in [
            "",
            "sha256",
            "sha256:",
            ":abc",
            "sha256:../../x",
            "sha256:e3b0c44298fc1c149afbf4c8996fb924",
            &upper,
            &format!("{EMPTY}0"),
            &format!("{EMPTY} "),
            "sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8é",
        ] {
            let error = bad.parse::<Digest>().unwrap_err();
            assert!(
                matches!(error, Error::InvalidDigest { .. }),
                "{bad}: {error}"
            );
        }
        for unknown in [
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            "sha256+b64:x",
            "SHA256:x",
        ] {
            let error = unknown.parse::<Digest>().unwrap_err();
            assert!(
                matches!(error, Error::UnknownAlgorithm { .. }),
                "{unknown}: {error}"
            );
        }
    }
}
