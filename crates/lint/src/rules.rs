//! The rules.

mod from_as_casing;

use crate::Rule;

/// All of them, in the order of their names.
pub(crate) const ALL: &[Rule] = &[from_as_casing::RULE];
