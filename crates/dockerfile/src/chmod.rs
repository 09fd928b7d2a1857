//! Modes of `--chmod`: octal or symbolic.

/// A mode that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid mode `{0}`")]
pub struct ChmodError(pub String);

/// A mode as `--chmod` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chmod {
    /// `--chmod=755`.
    Octal(u32),
}

impl Chmod {
    /// The mode (of 07777) that an entry has after it had `mode`.
    pub fn apply(&self, _mode: u32, _is_dir: bool) -> u32 {
        0
    }
}

/// Reads a mode after expansion.
pub fn parse(_text: &str) -> Result<Chmod, ChmodError> {
    Ok(Chmod::Octal(0))
}
