//! The rules, one in each file.

mod commands;
mod docker;
mod edits;
mod instructions;
pub(crate) mod scripts;
mod security;
mod stages;

use crate::Rule;

/// All of them: Docker's, hadolint's about instructions, and about commands, ShellCheck's (two lists), carafe's about stages
/// and layers, and about security. Each list is in the order of the names.
pub(crate) const LISTS: [&[Rule]; 7] = [
    docker::RULES,
    instructions::RULES,
    commands::RULES,
    scripts::RULES,
    scripts::bashisms::RULES,
    stages::RULES,
    security::RULES,
];
