//! The report as JSON.

use super::Report;
use inspect::ledger::{Change, Fate, File, Sums, WastedPath};
use serde_json::{Value, json};

pub(super) fn of(report: &Report<'_>) -> Value {
    let lines = report.args.lines;
    let wasted = report.ledger.wasted();
    let duplicates = report.ledger.duplicates();
    let packages = inspect::packages::packages(&report.ledger);
    let directories = report.ledger.directories(report.args.depth);
    json!({
        "Image": report.args.image,
        "ID": report.image.id.to_string(),
        "Platform": report.image.platform.to_string(),
        "Bytes": sums(&report.ledger.total()),
        "Layers": report.layers.iter().enumerate().map(|(number, (layer, line))| json!({
            "Layer": number + 1,
            "DiffID": report.image.layers[number].diff_id.to_string(),
            "Blob": report.image.layers[number].blob.digest.to_string(),
            "CreatedBy": line,
            "Bytes": sums(&layer.sums),
            "Files": layer.files,
            "Whiteouts": layer.whiteouts,
            "WastesBelow": layer.wastes,
        })).collect::<Vec<_>>(),
        "Wasted": wasted.iter().take(lines).map(path).collect::<Vec<_>>(),
        "Duplicates": duplicates.iter().take(lines).map(|group| json!({
            "Bytes": group[0].size,
            "Paths": group.iter().map(|file| text(&path_of(report, file))).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "Packages": packages.packages.iter().map(|package| json!({
            "Name": package.name,
            "Version": package.version,
            "Kind": package.ecosystem.to_string(),
            "Bytes": package.bytes,
            "Files": package.files,
        })).collect::<Vec<_>>(),
        "OfNoPackage": { "Bytes": packages.others, "Files": packages.other_files },
        "Directories": directories.iter().take(lines).map(|directory| json!({
            "Path": text(&directory.path),
            "Bytes": sums(&directory.sums),
            "Files": directory.files,
        })).collect::<Vec<_>>(),
    })
}

fn path_of(report: &Report<'_>, file: &File) -> Vec<u8> {
    report.ledger.path(file)
}

fn text(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

fn sums(sums: &Sums) -> Value {
    json!({
        "Total": sums.total(),
        "Kept": sums.kept,
        "Wasted": sums.wasted(),
        "Deleted": sums.deleted,
        "Rewritten": sums.rewritten,
        "Touched": sums.touched,
        "Duplicate": sums.duplicate,
        "Framing": sums.framing,
    })
}

fn path(path: &WastedPath) -> Value {
    let layers: Vec<u16> = path.layers.iter().map(|layer| layer + 1).collect();
    let (why, by) = match path.fate {
        Fate::Kept => ("kept", None),
        Fate::Duplicate => ("duplicate", None),
        Fate::Deleted { layer } => ("deleted", Some(layer + 1)),
        Fate::Rewritten { layer, change } => (changed(change), Some(layer + 1)),
    };
    json!({ "Path": text(&path.path), "Bytes": path.bytes, "Layers": layers, "Why": why, "By": by })
}

fn changed(change: Change) -> &'static str {
    match change {
        Change::Content => "rewritten",
        Change::Owner => "owner changed",
        Change::Mode => "mode changed",
        Change::Nothing => "repeated",
    }
}
