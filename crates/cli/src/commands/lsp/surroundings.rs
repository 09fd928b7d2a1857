//! What a document's rules are told beside its text: settings, and what is around the file.

use std::collections::BTreeMap;
use std::path::Path;

use dockerfile::Variables;
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
    predefined: Variables,
    ignore: Option<Patterns>,
    context: Option<Context>,
}

impl Surroundings {
    /// Reads those of a file; a document that is no file has none. Asked when it is opened and saved, and when one of
    /// [`FILES`] changes; not with every change of the text, so that this may take its time.
    pub(super) fn of(_path: Option<&Path>) -> Self {
        // The settings and the context as `carafe lint` reads them go here.
        Self {
            predefined: builder::predefined(&BTreeMap::new(), None, &Platform::host()),
            ..Self::default()
        }
    }

    /// The same as the rules take them.
    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            predefined: self.predefined.clone(),
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
