//! The rules, one in each file.

mod commands;
mod docker;
mod edits;
mod instructions;
mod own;
pub(crate) mod scripts;

use crate::Rule;

/// All of them: Docker's, hadolint's about instructions, and about commands, ShellCheck's (two lists), carafe's. Each list is in the
/// order of the names.
pub(crate) const LISTS: [&[Rule]; 6] = [
    docker::RULES,
    instructions::RULES,
    commands::RULES,
    scripts::RULES,
    scripts::bashisms::RULES,
    own::RULES,
];
