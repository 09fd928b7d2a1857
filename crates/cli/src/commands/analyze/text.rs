//! The report as tables.

use super::Report;
use crate::report::sizes;
use crate::report::table::Table;
use crate::terminal::style::Style;
use crate::terminal::{clean, width};
use inspect::ledger::{Change, Fate, Sums, WastedPath};

/// Lines of a Dockerfile are cut to so many columns.
const LINE: usize = 60;

pub(super) fn render(report: &Report<'_>, style: Style) -> String {
    let total = report.ledger.total();
    let mut out = format!("{}\n\n", style.bold(&headline(report, &total)));
    out.push_str(&layers(report));
    out.push_str(&waste(&total));
    out.push_str(&wasted_paths(report));
    out.push_str(&packages(report));
    out.push_str(&directories(report));
    out
}

/// `app: 94.3 MB in 7 layers, 21.5 MB of it compressed: 1.2 MB (1.3 %) is wasted`.
fn headline(report: &Report<'_>, total: &Sums) -> String {
    let name = clean::line(report.args.image.as_bytes());
    let size = sizes::spaced(total.total());
    let layers = match report.layers.len() {
        1 => "1 layer".to_owned(),
        count => format!("{count} layers"),
    };
    match total.wasted() {
        0 => format!("{name}: {size} in {layers}, none of it wasted"),
        bytes => {
            let wasted = sizes::spaced(bytes);
            format!(
                "{name}: {size} in {layers}, {wasted} ({}) of it wasted",
                percent(bytes, total.total())
            )
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
fn percent(part: u64, whole: u64) -> String {
    match part as f64 * 100.0 / whole.max(1) as f64 {
        share if share < 9.95 => format!("{share:.1} %"),
        share => format!("{share:.0} %"),
    }
}

fn layers(report: &Report<'_>) -> String {
    let mut table =
        Table::new(["LAYER", "SIZE", "FILES", "WASTED", "LINE"]).right_aligned(&[0, 1, 2, 3]);
    for (number, (layer, line)) in report.layers.iter().enumerate() {
        let line = clean::line(line.replace(['\n', '\t'], " ").as_bytes());
        table.push([
            (number + 1).to_string(),
            sizes::spaced(layer.sums.total()),
            layer.files.to_string(),
            bytes(layer.sums.wasted()),
            width::cut(&line, LINE),
        ]);
    }
    table.render()
}

/// Nothing is a dash.
fn bytes(bytes: u64) -> String {
    match bytes {
        0 => "-".to_owned(),
        bytes => sizes::spaced(bytes),
    }
}

/// The kinds of waste.
fn waste(total: &Sums) -> String {
    if total.wasted() == 0 {
        return String::new();
    }
    let mut table = Table::new(["WASTED", "SIZE"]).right_aligned(&[1]);
    for (kind, bytes) in [
        ("deleted by a later layer", total.deleted),
        ("rewritten by a later layer", total.rewritten),
        (
            "the same content with another owner, mode or time",
            total.touched,
        ),
        ("the same content at another path", total.duplicate),
    ] {
        if bytes > 0 {
            table.push([kind.to_owned(), sizes::spaced(bytes)]);
        }
    }
    format!("\n{}", table.render())
}

fn wasted_paths(report: &Report<'_>) -> String {
    let wasted = report.ledger.wasted();
    let shown = wasted.iter().take(report.args.lines);
    let mut table = Table::new(["PATH", "WASTES", "LAYER", "WHY"]).right_aligned(&[1, 2]);
    for path in shown {
        let layers: Vec<String> = path
            .layers
            .iter()
            .map(|layer| (layer + 1).to_string())
            .collect();
        table.push([
            clean::line(&path.path),
            sizes::spaced(path.bytes),
            layers.join(","),
            why(path),
        ]);
    }
    match wasted.len() {
        0 => String::new(),
        _ => format!("\n{}", table.render()),
    }
}

fn why(path: &WastedPath) -> String {
    let by = |layer: u16| format!("layer {}", layer + 1);
    match path.fate {
        Fate::Kept => String::new(),
        Fate::Duplicate => "the same content at another path".to_owned(),
        Fate::Deleted { layer } => format!("deleted by {}", by(layer)),
        Fate::Rewritten { layer, change } => match change {
            Change::Content => format!("rewritten by {}", by(layer)),
            Change::Owner => format!("{} changes its owner", by(layer)),
            Change::Mode => format!("{} changes its mode", by(layer)),
            Change::Nothing => format!("{} has it once more", by(layer)),
        },
    }
}

fn packages(report: &Report<'_>) -> String {
    let all = inspect::packages::packages(&report.ledger);
    if all.packages.is_empty() {
        return String::new();
    }
    let mut table =
        Table::new(["PACKAGE", "VERSION", "KIND", "SIZE", "FILES"]).right_aligned(&[3, 4]);
    let mut row = |name: &str, version: &str, kind: String, bytes: u64, files: u64| {
        let clean = |text: &str| clean::line(text.as_bytes());
        table.push([
            clean(name),
            clean(version),
            kind,
            sizes::spaced(bytes),
            files.to_string(),
        ]);
    };
    let (shown, rest) = all
        .packages
        .split_at(report.args.lines.min(all.packages.len()));
    for package in shown {
        let kind = package.ecosystem.to_string();
        row(
            &package.name,
            &package.version,
            kind,
            package.bytes,
            package.files,
        );
    }
    if !rest.is_empty() {
        let (bytes, files) = (
            rest.iter().map(|p| p.bytes).sum(),
            rest.iter().map(|p| p.files).sum(),
        );
        row(
            &format!("{} others", rest.len()),
            "",
            String::new(),
            bytes,
            files,
        );
    }
    row(
        "(of no package)",
        "",
        String::new(),
        all.others,
        all.other_files,
    );
    format!("\n{}", table.render())
}

fn directories(report: &Report<'_>) -> String {
    let mut table = Table::new(["DIRECTORY", "SIZE", "FILES", "WASTED"]).right_aligned(&[1, 2, 3]);
    let directories = report.ledger.directories(report.args.depth);
    for directory in directories.iter().take(report.args.lines) {
        table.push([
            clean::line(&directory.path),
            sizes::spaced(directory.sums.total()),
            directory.files.to_string(),
            bytes(directory.sums.wasted()),
        ]);
    }
    format!("\n{}", table.render())
}
