//! What is said when a build is over.

use super::flags::Args;
use super::outputs::Exported;
use crate::command_error::CommandError;
use crate::progress::FailedStep;
use crate::report::sizes;
use crate::report::stages::{self, StageBytes};
use crate::terminal::clean;
use crate::terminal::style::Style;
use builder::{Options, Outcome};
use serde_json::json;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

/// The table of what stayed behind and what ships, the image's names, and what was written where.
pub(super) fn success(
    options: &Options,
    outcome: &Outcome,
    exports: &[Exported],
    size: u64,
    style: Style,
) -> String {
    let id: String = outcome.id().hex().chars().take(12).collect();
    let name = options
        .tags
        .first()
        .map_or_else(|| id.clone(), oci::Reference::familiar);
    let stages: Vec<StageBytes> = outcome
        .stages
        .iter()
        .map(|stage| StageBytes {
            name: match &stage.platform {
                Some(platform) => format!("{platform} {}", stage.name),
                None => stage.name.clone(),
            },
            built: stage.built_bytes,
            shipped: stage.shipped_bytes,
        })
        .collect();
    let mut out = "\n".to_owned();
    if !stages.is_empty() {
        out.push_str(&stages::render(&stages, (&name, size), style));
        out.push('\n');
    }
    let tags: Vec<String> = options.tags.iter().map(oci::Reference::familiar).collect();
    let names = if tags.is_empty() {
        String::new()
    } else {
        format!(" {}", tags.join(", "))
    };
    let what = match outcome.root.media_type.is_index() {
        true => "index",
        false => "image",
    };
    out.push_str(&format!("{} {what} {id}{names}\n", style.green("built")));
    for export in exports {
        let bytes = export
            .bytes
            .map(|bytes| format!(" ({})", sizes::spaced(bytes)));
        let bytes = bytes.unwrap_or_default();
        out.push_str(&format!("{} {}{bytes}\n", style.green("wrote"), export.to));
    }
    out
}

/// That docker's own store does not have the image.
pub(super) fn where_for_docker(options: &Options, outcome: &Outcome, style: Style) -> String {
    let id: String = outcome.id().hex().chars().take(12).collect();
    let name = options.tags.first().map_or(id, oci::Reference::familiar);
    format!(
        "{} the image is in carafe's store; for docker's: carafe save {name} | docker load\n",
        style.cyan("hint:")
    )
}

/// The whole log of a step that failed, unless it was just shown.
pub(super) fn failed_step(step: &FailedStep, style: Style) -> String {
    let mut out = String::new();
    let Some(path) = &step.log else { return out };
    if !step.shown {
        out.push_str(&format!(
            "\n{} {}\n",
            style.red("output of"),
            style.bold(&step.title)
        ));
        // A log that cannot be read again is still named.
        let _ = append_log(path, &mut out);
    }
    out.push_str(&format!(
        "{}\n",
        style.dim(&format!("log: {}", path.display()))
    ));
    out
}

fn append_log(path: &Path, out: &mut String) -> std::io::Result<()> {
    let mut log = BufReader::new(File::open(path)?);
    let mut line = Vec::new();
    while log.read_until(b'\n', &mut line)? > 0 {
        out.push_str("  ");
        out.push_str(&clean::line(&line));
        out.push('\n');
        line.clear();
    }
    Ok(())
}

/// `--iidfile` and `--metadata-file`.
pub(super) fn write_files(
    args: &Args,
    outcome: &Outcome,
    options: &Options,
) -> Result<(), CommandError> {
    let write = |path: &Path, text: String| {
        fs::write(path, text).map_err(|error| CommandError::file("write", path, error))
    };
    if let Some(path) = &args.iidfile {
        write(path, outcome.id().to_string())?;
    }
    if let Some(path) = &args.metadata_file {
        let names: Vec<String> = options.tags.iter().map(ToString::to_string).collect();
        let mut metadata = json!({
            "containerimage.descriptor": outcome.root,
            "containerimage.digest": outcome.root.digest,
            "image.name": names.join(","),
        });
        // An index has no config.
        if !outcome.root.media_type.is_index() {
            metadata["containerimage.config.digest"] = json!(outcome.id());
        }
        write(path, format!("{metadata:#}\n"))?;
    }
    Ok(())
}
