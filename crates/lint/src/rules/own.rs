//! carafe's own rules: what stages, the context and bytes have to do with it.

mod unused_stage;

use crate::Rule;

/// All of them, in the order of their names.
pub(crate) const RULES: &[Rule] = &[unused_stage::RULE];
