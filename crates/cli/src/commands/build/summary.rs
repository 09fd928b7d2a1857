//! What is said when a build is over.

use super::result::BuildResult;
use crate::progress::FailedStep;
use crate::report::sizes;
use crate::report::stages::{self, StageBytes};
use crate::terminal::clean;
use crate::terminal::style::Style;
use builder::Outcome;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// The table of what stayed behind and what ships, the image's names, and what was written where.
pub(super) fn success(
    result: &BuildResult<'_>,
    outcome: &Outcome,
    size: u64,
    style: Style,
) -> String {
    let id: String = result.id.hex().chars().take(12).collect();
    let names: Vec<String> = result.names.iter().map(|name| name.familiar()).collect();
    let name = names.first().unwrap_or(&id);
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
    // How large a layer is that is not here is not known.
    if !stages.is_empty() && outcome.left.is_empty() {
        out.push_str(&stages::render(&stages, (name, size), style));
        out.push('\n');
    }
    let names = match names.is_empty() {
        true => String::new(),
        false => format!(" {}", names.join(", ")),
    };
    let what = match outcome.first().root.media_type.is_index() {
        true => "index",
        false => "image",
    };
    out.push_str(&format!("{} {what} {id}{names}\n", style.green("built")));
    for name in result.exports.iter().flat_map(|export| &export.pushed) {
        out.push_str(&format!("{} {name}\n", style.green("pushed")));
    }
    if !outcome.left.is_empty() {
        let hint = "its layers were not needed here, and the store does not have it; `carafe pull` gets it";
        out.push_str(&format!("{} {hint}\n", style.cyan("hint:")));
    }
    for export in result.exports {
        let Some(to) = &export.to else { continue };
        let bytes = export
            .bytes
            .map(|bytes| format!(" ({})", sizes::spaced(bytes)));
        let bytes = bytes.unwrap_or_default();
        out.push_str(&format!("{} {to}{bytes}\n", style.green("wrote")));
    }
    out
}

/// That `--verify-reproducible` found nothing.
pub(super) fn verified(style: Style) -> String {
    let word = style.green("verified");
    format!("{word} two builds without the cache made the same files\n")
}

/// That docker's own store does not have the image.
pub(super) fn where_for_docker(result: &BuildResult<'_>, style: Style) -> String {
    let id: String = result.id.hex().chars().take(12).collect();
    let name = result.names.first().map_or(id, |name| name.familiar());
    format!(
        "{} the image is in carafe's store; for docker's: carafe save {name} | docker load\n",
        style.cyan("hint:")
    )
}

/// The whole log of a step that failed, unless it was just shown.
pub(crate) fn failed_step(step: &FailedStep, style: Style) -> String {
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
