//! What a build is known by afterwards: `--iidfile`, `--metadata-file`, the names.

use super::flags::Args;
use super::outputs::{Exported, Output};
use crate::command_error::CommandError;
use builder::Outcome;
use oci::{Digest, Reference};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::Path;

/// What came of a build, wherever it went.
pub(super) struct BuildResult<'a> {
    /// What identifies it.
    pub(super) id: &'a Digest,
    /// The image's names in the store.
    pub(super) names: Vec<&'a Reference>,
    /// What was written.
    pub(super) exports: &'a [Exported],
    /// The names that outputs of all kinds gave.
    all_names: Vec<&'a Reference>,
}

impl<'a> BuildResult<'a> {
    pub(super) fn new(
        outcome: &'a Outcome,
        outputs: &'a [Output],
        exports: &'a [Exported],
    ) -> Self {
        let id = id(outcome, exports);
        let stored = |output: &&Output| matches!(output, Output::Image(_));
        Self {
            id,
            names: unique(outputs.iter().filter(stored).flat_map(Output::names)),
            exports,
            all_names: unique(outputs.iter().flat_map(Output::names)),
        }
    }

    /// Writes the files that tell programs of the result.
    pub(super) fn write_files(&self, args: &Args) -> Result<(), CommandError> {
        let write = |path: &Path, text: String| {
            fs::write(path, text).map_err(|error| CommandError::file("write", path, error))
        };
        if let Some(path) = &args.iidfile {
            write(path, self.id.to_string())?;
        }
        if let Some(path) = &args.metadata_file {
            write(path, format!("{:#}\n", self.metadata()))?;
        }
        Ok(())
    }

    /// buildx's JSON. Of several images that left, it is about the first one.
    pub(super) fn metadata(&self) -> Value {
        let mut fields = Map::new();
        let image = self.exports.iter().find_map(|export| export.image.as_ref());
        if let Some(image) = image {
            let descriptor = &image.descriptor;
            // An index has no config.
            let id = image.id.as_ref();
            fields.extend(id.map(|id| ("containerimage.config.digest".to_owned(), json!(id))));
            fields.insert("containerimage.descriptor".to_owned(), json!(descriptor));
            fields.insert("containerimage.digest".to_owned(), json!(descriptor.digest));
        }
        if !self.all_names.is_empty() {
            let names: Vec<String> = self.all_names.iter().map(ToString::to_string).collect();
            fields.insert("image.name".to_owned(), json!(names.join(",")));
        }
        Value::Object(fields)
    }
}

/// What identifies what was built: the image ID, or the digest of the index. It is that of the first output that is an
/// image, if one is.
pub(super) fn id<'a>(outcome: &'a Outcome, exports: &'a [Exported]) -> &'a Digest {
    let image = exports.iter().find_map(|export| export.image.as_ref());
    image.map_or_else(
        || outcome.first().id(),
        |image| image.id.as_ref().unwrap_or(&image.descriptor.digest),
    )
}

/// The names, each once.
fn unique<'a>(names: impl Iterator<Item = &'a Reference>) -> Vec<&'a Reference> {
    let mut unique = Vec::new();
    for name in names {
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    unique
}
