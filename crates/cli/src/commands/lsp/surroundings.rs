//! What a document's rules are told beside its text: settings, and what is around the file.

use std::collections::BTreeMap;
use std::path::Path;

use dockerfile::Variables;
use dockerfile::ignore::Patterns;
use lint::{Context, Facts, Options};
use oci::Platform;

use crate::commands::{lint as linter, names};
use crate::config::Config;

/// Files that the surroundings are read from, as patterns of the client's: a change of one means to read them again.
pub(super) const FILES: [&str; 4] = [
    "**/carafe.toml",
    "**/.hadolint.{yaml,yml}",
    "**/*.dockerignore",
    "**/.dockerignore",
];

/// The surroundings of one file.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    /// The settings.
    pub(super) options: Options,
    /// What is wrong with them.
    pub(super) problem: Option<String>,
    predefined: Variables,
    ignore: Option<Patterns>,
    context: Option<Context>,
}

impl Surroundings {
    /// Those of what is no file.
    pub(super) fn of_none() -> Self {
        Self {
            predefined: builder::predefined(&BTreeMap::new(), None, &Platform::host()),
            ..Self::default()
        }
    }

    /// Reads those of a file; a document that is no file has none. Asked when it is opened and saved, and when one of
    /// [`FILES`] changes; not with every change of the text, so that this may take its time.
    pub(super) fn of(path: Option<&Path>, config: &Config) -> Self {
        let mut found = Self::of_none();
        let Some(path) = path else { return found };
        match linter::options_for(path, config) {
            Ok(options) => found.options = options,
            Err(error) => found.problem = Some(error.message().to_owned()),
        }
        match linter::context_of(path) {
            Ok((ignore, context)) => (found.ignore, found.context) = (ignore, context),
            Err(error) => found.problem = Some(error.message().to_owned()),
        }
        found
    }

    /// The same as the rules take them.
    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            predefined: self.predefined.clone(),
            ignore: self.ignore.as_ref(),
            context: self.context.clone(),
            names: names::names(),
            ..Facts::default()
        }
    }
}
