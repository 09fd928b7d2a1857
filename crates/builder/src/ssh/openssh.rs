//! OpenSSH's own format of private keys: PROTOCOL.key of OpenSSH.

use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    RsaKeyPair,
};

use super::key::{Signer, SshKeyError, rejected};
use super::remainder::remainder;
use super::wire::Reader;

/// What the format begins with.
const MAGIC: &[u8] = b"openssh-key-v1\0";

/// Reads a key and its comment.
pub(super) fn read(bytes: &[u8]) -> Result<(Signer, String), SshKeyError> {
    let body = bytes.strip_prefix(MAGIC).ok_or(SshKeyError::Damaged)?;
    let secret = secret_part(&mut Reader(body))?;
    let mut reader = Reader(secret);
    let kind = reader.text().ok_or(SshKeyError::Damaged)?;
    let signer = match kind {
        "ssh-ed25519" => ed25519(&mut reader)?,
        "ssh-rsa" => rsa(&mut reader)?,
        "ecdsa-sha2-nistp256" => {
            let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
            Signer::P256(ecdsa(&mut reader, algorithm, 32)?)
        }
        "ecdsa-sha2-nistp384" => {
            let algorithm = &ECDSA_P384_SHA384_FIXED_SIGNING;
            Signer::P384(ecdsa(&mut reader, algorithm, 48)?)
        }
        other => {
            let kind = other.escape_default().to_string();
            return Err(SshKeyError::Unsupported { kind });
        }
    };
    let comment = reader.string().ok_or(SshKeyError::Damaged)?;
    Ok((signer, String::from_utf8_lossy(comment).into_owned()))
}

/// The part that may be encrypted, behind the two numbers that tell whether it was decrypted rightly.
fn secret_part<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], SshKeyError> {
    let mut parts = || -> Option<(&'a str, u32, &'a [u8])> {
        let cipher = reader.text()?;
        let _key_derivation = (reader.string()?, reader.string()?);
        let count = reader.number()?;
        let _public = reader.string()?;
        Some((cipher, count, reader.string()?))
    };
    let (cipher, count, secret) = parts().ok_or(SshKeyError::Damaged)?;
    if cipher != "none" {
        return Err(SshKeyError::Encrypted);
    }
    let mut secret = Reader(secret);
    match (count, secret.number(), secret.number()) {
        (1, Some(one), Some(same)) if one == same => Ok(secret.0),
        _ => Err(SshKeyError::Damaged),
    }
}

fn ed25519(reader: &mut Reader<'_>) -> Result<Signer, SshKeyError> {
    let mut parts = || Some((reader.string()?, reader.string()?));
    let (public, secret) = parts().ok_or(SshKeyError::Damaged)?;
    // The seed, and the public key once more.
    let seed = secret.get(..32).ok_or(SshKeyError::Damaged)?;
    let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public);
    pair.map(Signer::Ed25519).map_err(rejected)
}

fn ecdsa(
    reader: &mut Reader<'_>,
    algorithm: &'static ring::signature::EcdsaSigningAlgorithm,
    length: usize,
) -> Result<EcdsaKeyPair, SshKeyError> {
    let mut parts = || Some((reader.string()?, reader.string()?, reader.integer()?));
    let (_curve, public, secret) = parts().ok_or(SshKeyError::Damaged)?;
    let missing = length.checked_sub(secret.len());
    let mut padded = vec![0; missing.ok_or(SshKeyError::Damaged)?];
    padded.extend(secret);
    let random = ring::rand::SystemRandom::new();
    EcdsaKeyPair::from_private_key_and_public_key(algorithm, &padded, public, &random)
        .map_err(rejected)
}

fn rsa(reader: &mut Reader<'_>) -> Result<Signer, SshKeyError> {
    let mut next = || reader.integer().filter(|number| !number.is_empty());
    let mut parts = || Some([next()?, next()?, next()?, next()?, next()?, next()?]);
    let [n, e, d, inverse, p, q] = parts().ok_or(SshKeyError::Damaged)?;
    let pair = RsaKeyPair::from_components(&KeyPairComponents {
        public_key: PublicKeyComponents { n, e },
        d,
        p,
        q,
        dP: &*exponent(d, p)?,
        dQ: &*exponent(d, q)?,
        qInv: inverse,
    });
    pair.map(Signer::Rsa).map_err(rejected)
}

/// `d` modulo `prime - 1`, without zeros at its front.
fn exponent(d: &[u8], prime: &[u8]) -> Result<Vec<u8>, SshKeyError> {
    let mut less_one = prime.to_vec();
    match less_one.last_mut() {
        // Subtracting 1 from an odd number clears its last bit.
        Some(last) if *last & 1 == 1 && prime != [1] => *last &= !1,
        _ => return Err(SshKeyError::Damaged),
    }
    let rest = remainder(d, &less_one);
    let zeros = rest.iter().take_while(|byte| **byte == 0).count();
    Ok(rest[zeros..].to_vec())
}
