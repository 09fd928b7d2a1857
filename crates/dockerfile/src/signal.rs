//! Signals of `STOPSIGNAL`.

/// Whether it is the number or the name (with or without `SIG`) of a signal.
pub fn is_known(_signal: &str) -> bool {
    true
}
