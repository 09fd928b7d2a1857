//! hadolint's rules about what a `RUN` executes, by their codes.

mod dl3015;

use crate::Rule;

/// All of them, in the order of their names.
pub(crate) const RULES: &[Rule] = &[dl3015::RULE];
