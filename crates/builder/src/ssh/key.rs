//! Private keys from files, and their signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::error::KeyRejected;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RsaKeyPair,
};

use super::wire::{put_integer, put_string};
use super::{der, openssh};

/// A private key that can sign.
pub struct SshKey {
    /// The public key, as SSH names the key by it.
    pub(super) public: Vec<u8>,
    /// What `ssh-add -l` shows.
    pub(super) comment: String,
    signer: Signer,
}

/// The kinds of keys.
pub(super) enum Signer {
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
}

/// Why a file is no key that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SshKeyError {
    /// There is no private key in it.
    #[error("it holds no private key in OpenSSH's format or PEM")]
    NoKey,
    /// It takes a passphrase.
    #[error("the key is encrypted with a passphrase")]
    Encrypted,
    /// A kind of key that is not known.
    #[error(
        "keys of the kind {kind} are not known; known are Ed25519, ECDSA (P-256, P-384) and RSA"
    )]
    Unsupported {
        /// What it says that it is.
        kind: String,
    },
    /// It ends too early, or its parts do not fit together.
    #[error("the key is damaged")]
    Damaged,
    /// The numbers are no good key.
    #[error("the key cannot be used: {reason}")]
    Rejected {
        /// What is wrong.
        reason: String,
    },
}

impl std::fmt::Debug for SshKey {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SshKey")
            .field("comment", &self.comment)
            .finish_non_exhaustive()
    }
}

/// What ring says about a key.
pub(super) fn rejected(error: KeyRejected) -> SshKeyError {
    let reason = match error.to_string().as_str() {
        "TooSmall" => "it is too small; RSA keys have 2048 bits at least".to_owned(),
        "TooLarge" => "it is too large; RSA keys have 4096 bits at most".to_owned(),
        other => other.to_owned(),
    };
    SshKeyError::Rejected { reason }
}

impl SshKey {
    /// Reads a key file: OpenSSH's own format, or PEM with PKCS#1, PKCS#8 or SEC 1. `name` is its comment if it has
    /// none itself.
    ///
    /// # Errors
    /// [`SshKeyError`]; keys with a passphrase are refused, as there is nobody to ask for it.
    pub fn read(file: &[u8], name: &str) -> Result<Self, SshKeyError> {
        let text = std::str::from_utf8(file).map_err(|_| SshKeyError::NoKey)?;
        let (label, bytes) = pem(text)?;
        let (signer, comment) = match label {
            "OPENSSH PRIVATE KEY" => openssh::read(&bytes)?,
            "RSA PRIVATE KEY" => {
                let pair = RsaKeyPair::from_der(&bytes).map_err(rejected)?;
                (Signer::Rsa(pair), String::new())
            }
            "EC PRIVATE KEY" => (sec1(&bytes)?, String::new()),
            "PRIVATE KEY" => (pkcs8(&bytes)?, String::new()),
            "ENCRYPTED PRIVATE KEY" => return Err(SshKeyError::Encrypted),
            other => {
                let kind = other.escape_default().to_string();
                return Err(SshKeyError::Unsupported { kind });
            }
        };
        Ok(Self {
            public: signer.public(),
            comment: if comment.is_empty() {
                name.to_owned()
            } else {
                comment
            },
            signer,
        })
    }

    /// Signs; `flags` are those of the agent's request. `None` if the key does not sign so.
    pub(super) fn sign(&self, data: &[u8], flags: u32) -> Option<Vec<u8>> {
        /// `SSH_AGENT_RSA_SHA2_256`.
        const SHA2_256: u32 = 2;
        /// `SSH_AGENT_RSA_SHA2_512`.
        const SHA2_512: u32 = 4;
        let random = SystemRandom::new();
        let (algorithm, signature) = match &self.signer {
            Signer::Ed25519(pair) => ("ssh-ed25519", pair.sign(data).as_ref().to_vec()),
            Signer::P256(pair) => {
                let signature = pair.sign(&random, data).ok()?;
                ("ecdsa-sha2-nistp256", two_integers(signature.as_ref()))
            }
            Signer::P384(pair) => {
                let signature = pair.sign(&random, data).ok()?;
                ("ecdsa-sha2-nistp384", two_integers(signature.as_ref()))
            }
            Signer::Rsa(pair) => {
                // Without a flag SHA-1 is asked for (RFC 4253), which nobody should take.
                let (name, padding) = match flags {
                    flags if flags & SHA2_512 != 0 => ("rsa-sha2-512", &RSA_PKCS1_SHA512),
                    flags if flags & SHA2_256 != 0 => ("rsa-sha2-256", &RSA_PKCS1_SHA256),
                    _ => return None,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &random, data, &mut signature).ok()?;
                (name, signature)
            }
        };
        let mut out = Vec::new();
        put_string(&mut out, algorithm.as_bytes());
        put_string(&mut out, &signature);
        Some(out)
    }
}

impl Signer {
    /// The public key: RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709 section 4.
    fn public(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut curve = |name: &str, pair: &EcdsaKeyPair| {
            put_string(&mut out, format!("ecdsa-sha2-{name}").as_bytes());
            put_string(&mut out, name.as_bytes());
            put_string(&mut out, pair.public_key().as_ref());
        };
        match self {
            Self::P256(pair) => curve("nistp256", pair),
            Self::P384(pair) => curve("nistp384", pair),
            Self::Ed25519(pair) => {
                put_string(&mut out, b"ssh-ed25519");
                put_string(&mut out, pair.public_key().as_ref());
            }
            Self::Rsa(pair) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                put_string(&mut out, b"ssh-rsa");
                put_integer(&mut out, &public.e);
                put_integer(&mut out, &public.n);
            }
        }
        out
    }
}

/// The two halves of an ECDSA signature: RFC 5656, section 3.1.2.
fn two_integers(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    let mut out = Vec::new();
    put_integer(&mut out, r);
    put_integer(&mut out, s);
    out
}

/// The first private key of a PEM file (RFC 7468): its label, and what it holds.
fn pem(text: &str) -> Result<(&str, Vec<u8>), SshKeyError> {
    let mut lines = text.lines().map(str::trim);
    let label = lines
        .by_ref()
        .find_map(|line| {
            let label = line.strip_prefix("-----BEGIN ")?.strip_suffix("-----")?;
            label.ends_with("PRIVATE KEY").then_some(label)
        })
        .ok_or(SshKeyError::NoKey)?;
    let mut body = String::new();
    for line in lines {
        if line.starts_with("-----END ") {
            let bytes = STANDARD.decode(body).map_err(|_| SshKeyError::Damaged)?;
            return Ok((label, bytes));
        }
        // A header of RFC 1421.
        if line.starts_with("Proc-Type:") && line.contains("ENCRYPTED") {
            return Err(SshKeyError::Encrypted);
        }
        if !line.contains(':') {
            body.push_str(line);
        }
    }
    Err(SshKeyError::Damaged)
}

fn pkcs8(bytes: &[u8]) -> Result<Signer, SshKeyError> {
    if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes) {
        return Ok(Signer::Ed25519(pair));
    }
    if let Some(signer) = elliptic(bytes) {
        return Ok(signer);
    }
    let pair = RsaKeyPair::from_pkcs8(bytes);
    pair.map(Signer::Rsa).map_err(rejected)
}

fn sec1(bytes: &[u8]) -> Result<Signer, SshKeyError> {
    let known = [der::P256, der::P384];
    let found = known
        .iter()
        .find_map(|curve| elliptic(&der::pkcs8_of_sec1(bytes, curve)));
    found.ok_or_else(|| SshKeyError::Unsupported {
        kind: "EC with another curve".to_owned(),
    })
}

fn elliptic(pkcs8: &[u8]) -> Option<Signer> {
    let random = SystemRandom::new();
    let of = |algorithm| EcdsaKeyPair::from_pkcs8(algorithm, pkcs8, &random).ok();
    of(&ECDSA_P256_SHA256_FIXED_SIGNING)
        .map(Signer::P256)
        .or_else(|| of(&ECDSA_P384_SHA384_FIXED_SIGNING).map(Signer::P384))
}

#[cfg(test)]
mod tests;
