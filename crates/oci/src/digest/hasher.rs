use sha2::{Digest as _, Sha256, Sha512};

use super::{Algorithm, Digest};

/// Makes a [`Digest`] of bytes that come piece by piece.
#[derive(Clone, Debug)]
pub struct Hasher {
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Sha256(Sha256),
    Sha512(Box<Sha512>),
}

impl Hasher {
    /// Starts with no bytes seen.
    pub fn new(algorithm: Algorithm) -> Self {
        let state = match algorithm {
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha512 => State::Sha512(Box::default()),
        };
        Self { state }
    }

    /// Adds `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Sha256(sha) => sha.update(bytes),
            State::Sha512(sha) => sha.update(bytes),
        }
    }

    /// The digest of all that was added.
    pub fn finish(self) -> Digest {
        match self.state {
            State::Sha256(sha) => Digest::from_raw(Algorithm::Sha256, &sha.finalize()),
            State::Sha512(sha) => Digest::from_raw(Algorithm::Sha512, &sha.finalize()),
        }
    }
}
