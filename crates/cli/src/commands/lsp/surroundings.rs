//! What a document's rules are told beside its text: settings, and what is around the file.

use std::path::Path;

use dockerfile::ignore::Patterns;
use lint::{Context, Facts, Names, Options};
use oci::{Platform, Reference};

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
    ignore: Option<Patterns>,
    context: Option<Context>,
}

impl Surroundings {
    /// Reads those of a file; a document that is no file has none. Asked when it is opened and saved, and when one of
    /// [`FILES`] changes.
    pub(super) fn of(_path: Option<&Path>) -> Self {
        // The settings and the context as `carafe lint` reads them go here.
        Self::default()
    }

    /// The same as the rules take them.
    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            ignore: self.ignore.as_ref(),
            context: self.context.clone(),
            names: Names {
                is_image: |text| text.parse::<Reference>().is_ok(),
                platform: |text| {
                    let platform: Platform = text.parse().ok()?;
                    Some((platform.os, platform.architecture))
                },
            },
            ..Facts::default()
        }
    }
}
