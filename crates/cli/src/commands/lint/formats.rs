//! The output formats, one file each.

mod json;
mod tty;

use super::report::Report;
use clap::ValueEnum;

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Tty,
    Json,
}

/// The text that shows a report.
pub(super) fn render(report: &Report, format: Format, compatible: bool) -> String {
    match format {
        Format::Tty => tty::render(report),
        Format::Json => json::render(report, compatible),
    }
}
