//! hadolint's rules about instructions, by their codes.

mod dl3007;

use crate::Rule;

/// All of them, in the order of their names.
pub(crate) const RULES: &[Rule] = &[dl3007::RULE];
