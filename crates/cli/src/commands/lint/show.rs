//! Shows what was found: in which formats, and where.

use super::configuration::Layer;
use super::formats::{Format, View};
use super::run::Run;
use crate::command_error::CommandError;
use crate::output::{self, OutputFile};
use crate::terminal::style::Style;
use std::io::Write;
use std::path::Path;
use std::time::SystemTime;

/// Shows it in all formats that are asked for. Where standard output has a text or a difference, people read it on
/// standard error.
pub(super) fn show(run: &Run<'_>, settings: &Layer) -> Result<(), CommandError> {
    let args = run.args;
    let is_mended_text = args.fix && args.paths.iter().any(|path| path == Path::new("-"));
    let is_taken = args.diff || is_mended_text;
    let usual_style = match is_taken {
        true => run.config.style(),
        false => run.config.output_style(),
    };
    let style = match args.no_color || settings.no_color == Some(true) {
        true => Style::plain(),
        false => usual_style,
    };
    let view = View {
        report: &run.report,
        compatible: args.hadolint_compat,
        style,
        path: args.file_path_in_report.as_deref(),
        now: SystemTime::now(),
    };
    let in_file = View {
        style: Style::plain(),
        ..view
    };
    let usual = match run.config.has_terminal(is_taken) && !args.hadolint_compat {
        true => Format::Human,
        false => Format::Tty,
    };
    // As with hadolint: formats and files are paired, and files that are left over get `tty`.
    for index in 0..settings.formats.len().max(args.output.len()).max(1) {
        let format = settings.formats.get(index).copied();
        let shown = format.unwrap_or(usual);
        match args.output.get(index) {
            Some(path) => write(path, &format.unwrap_or(Format::Tty).render(&in_file))?,
            None if args.diff => {}
            None if is_taken => output::note(&shown.render(&view)),
            None => output::result(&shown.render(&view))?,
        }
    }
    tell_fixes(run);
    Ok(())
}

fn tell_fixes(run: &Run<'_>) {
    let fixes = match run.fixed {
        1 => "1 fix".to_owned(),
        count => format!("{count} fixes"),
    };
    match (run.args.diff, run.args.fix && run.fixed > 0) {
        (true, _) => output::note(&format!("{fixes} would be applied.\n")),
        (false, true) => output::note(&format!("{fixes} applied.\n")),
        (false, false) => {}
    }
}

fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let mut file = OutputFile::create(Some(path))?;
    let written = file.write_all(text.as_bytes());
    written.map_err(|error| CommandError::file("write", path, error))?;
    file.finish().map(drop)
}
