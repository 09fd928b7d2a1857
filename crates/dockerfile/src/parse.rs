//! From the text to the syntax tree.

use crate::ast::{Directives, Dockerfile, Instruction};
use crate::{Diagnostic, Source};

/// What [`parse`] gives: the tree, as far as the text makes sense, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The tree. Instructions with errors are left out of it.
    pub dockerfile: Dockerfile,
    /// The errors, in the order of the text. A file with any of them cannot be built.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a Dockerfile. Bad text is no failure: it gives diagnostics.
pub fn parse(_source: &Source) -> Parsed {
    Parsed {
        dockerfile: Dockerfile {
            directives: Directives::default(),
            global_args: Vec::new(),
            stages: Vec::new(),
            comments: Vec::new(),
        },
        diagnostics: Vec::new(),
    }
}

/// Reads a trigger from an image's config (`OnBuild`): one instruction, its heredocs included.
pub fn parse_trigger(_text: &str) -> (Option<Instruction>, Vec<Diagnostic>) {
    (None, Vec::new())
}
