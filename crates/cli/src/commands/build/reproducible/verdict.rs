//! What `--verify-reproducible` found.

use crate::command_error::CommandError;
use crate::terminal::clean;
use crate::terminal::style::Style;
use builder::{Difference, Options, StepDifferences};
use std::os::unix::ffi::OsStrExt;

/// So many files of one step are named.
const NAMED: usize = 20;

/// The error that names the files that came out otherwise, by step.
pub(crate) fn verdict(
    differences: &[StepDifferences],
    options: &Options,
    style: Style,
) -> CommandError {
    let name = options.dockerfile.name();
    let mut text = format!(
        "{} two builds did not make the same files\n",
        style.red("error:")
    );
    for StepDifferences { step, files } in differences {
        let place = match step.line {
            Some(line) => format!("{name}:{line}"),
            None => name.to_owned(),
        };
        let title = clean::line(step.text.as_bytes());
        text.push_str(&format!("  {} {title}\n", style.bold(&place)));
        for file in files.iter().take(NAMED) {
            text.push_str(&format!("    {}\n", line(file)));
        }
        if let Some(more) = files.len().checked_sub(NAMED + 1) {
            text.push_str(&format!("    and {} more\n", more + 1));
        }
    }
    let error = CommandError::block(text);
    match options.times.reproducible == builder::Reproducible::Wholly {
        true => error,
        false => error.hint("without --reproducible, times count only if SOURCE_DATE_EPOCH is set"),
    }
}

/// `/stamp: content, mode`.
fn line(file: &Difference) -> String {
    let aspects: Vec<String> = file.aspects.iter().map(ToString::to_string).collect();
    let path = clean::line(file.path.as_os_str().as_bytes());
    format!("{path}: {}", aspects.join(", "))
}
