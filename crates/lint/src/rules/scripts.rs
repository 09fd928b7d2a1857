//! The checks of ShellCheck that most people meet, by their codes.

use crate::Rule;

/// All of them, in the order of their names.
pub(crate) const RULES: &[Rule] = &[];
