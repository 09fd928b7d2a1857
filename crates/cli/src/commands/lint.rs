//! `carafe lint`.

mod configuration;
mod context;
mod diff;
mod explain;
mod fix;
mod flags;
mod formats;
mod inputs;
mod look;
mod report;
mod shellcheck;

pub(crate) use flags::Args;

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::output::{self, OutputFile};
use crate::terminal::style::Style;
use configuration::{Configuration, Layer};
use dockerfile::{Severity, Source};
use fix::Mended;
use formats::{Format, View};
use inputs::Input;
use lint::Safety;
use look::{Given, Look};
use report::{FileReport, Report};
use std::io::Write;
use std::path::Path;
use std::time::SystemTime;

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    if let Some(rule) = &args.explain {
        output::result(&explain::page(rule)?)?;
        return Ok(Exit::Success);
    }
    if args.list_rules {
        output::result(&explain::list(args.format.first().copied()))?;
        return Ok(Exit::Success);
    }
    let mut run = Run {
        args,
        config,
        configuration: Configuration::read(args, config)?,
        given: Given::read(args, config),
        report: Report::default(),
        fails: false,
        is_incomplete: false,
        fixed: 0,
    };
    let settings = run.configuration.of(Path::new("."))?;
    let inputs = inputs::find(args)?;
    inputs.errors.iter().for_each(|error| run.complain(error));
    for input in &inputs.files {
        if let Err(error) = run.file(input) {
            run.complain(&error);
        }
    }
    run.finish(&settings)
}

/// A run over all files.
struct Run<'a> {
    args: &'a Args,
    config: &'a Config,
    configuration: Configuration,
    given: Given,
    report: Report,
    /// Whether something is as severe as the threshold.
    fails: bool,
    /// Whether something could not be looked at.
    is_incomplete: bool,
    /// How many fixes were applied.
    fixed: usize,
}

impl Run<'_> {
    /// Tells what could not be done, and that it was not. The other files are looked at all the same.
    fn complain(&mut self, error: &CommandError) {
        self.is_incomplete = true;
        output::note(&error.render(self.config.style()));
    }

    fn file(&mut self, input: &Input) -> Result<(), CommandError> {
        let bytes = input.read()?;
        let layer = self.configuration.of(input.folder())?;
        let mut source = Source::new(&input.shown, String::from_utf8_lossy(&bytes));
        let look = Look::new(self.args, &self.given, &layer, input, &source)?;
        if look.has_more_context() {
            let name = &input.shown;
            self.configuration.note(&format!(
                "{name}: there is more in its context than was counted"
            ));
        }
        if self.args.fix || self.args.diff {
            let safety = match self.args.unsafe_fixes {
                true => Safety::Unsafe,
                false => Safety::Safe,
            };
            let mended = fix::mend(&look, &source, safety);
            self.take(input, &bytes, &source, &mended)?;
            if !self.args.diff {
                self.fixed += mended.count;
                source = mended.source;
            }
        }
        let issues = look.issues(&source)?;
        let threshold = layer.threshold.unwrap_or(Severity::Info);
        self.fails |= issues.iter().any(|issue| issue.severity <= threshold);
        self.report.files.push(FileReport { source, issues });
        Ok(())
    }

    /// Shows what fixes change, or writes it.
    fn take(
        &self,
        input: &Input,
        bytes: &[u8],
        source: &Source,
        mended: &Mended,
    ) -> Result<(), CommandError> {
        let text = mended.source.text();
        if self.args.diff {
            let style = self.style(self.config.output_style(), None);
            return output::result(&diff::unified(&input.shown, source.text(), text, style));
        }
        match &input.path {
            None => output::result(text),
            Some(_) if mended.count == 0 => Ok(()),
            // What was read is not what is there: bytes that are no text would be lost.
            Some(_) if std::str::from_utf8(bytes).is_err() => Err(CommandError::new(format!(
                "{} is not UTF-8, and is not fixed",
                input.shown
            ))),
            Some(path) => fix::write(path, bytes, text),
        }
    }

    fn style(&self, usual: Style, settings: Option<&Layer>) -> Style {
        let said = settings.and_then(|settings| settings.no_color);
        match self.args.no_color || said == Some(true) {
            true => Style::plain(),
            false => usual,
        }
    }

    /// Shows what was found.
    fn finish(&self, settings: &Layer) -> Result<Exit, CommandError> {
        let stdout_is_taken = self.args.diff
            || (self.args.fix && self.args.paths.iter().any(|path| path == Path::new("-")));
        let style = match stdout_is_taken {
            true => self.config.style(),
            false => self.config.output_style(),
        };
        let mut view = View {
            report: &self.report,
            compatible: self.args.hadolint_compat,
            style: self.style(style, Some(settings)),
            path: self.args.file_path_in_report.as_deref(),
            now: SystemTime::now(),
        };
        let usual = match self.config.has_terminal(stdout_is_taken) && !self.args.hadolint_compat {
            true => Format::Human,
            false => Format::Tty,
        };
        // As with hadolint: formats and files are paired; files that are left over get the usual one.
        let outputs = &self.args.output;
        for index in 0..settings.formats.len().max(outputs.len()).max(1) {
            let format = settings.formats.get(index).copied().unwrap_or(usual);
            match outputs.get(index) {
                Some(path) => {
                    let shown = view.style;
                    view.style = Style::plain();
                    write(path, &format.render(&view))?;
                    view.style = shown;
                }
                None if stdout_is_taken => output::note(&format.render(&view)),
                None => output::result(&format.render(&view))?,
            }
        }
        if self.fixed > 0 {
            let fixes = if self.fixed == 1 { "fix" } else { "fixes" };
            output::note(&format!("Applied {} {fixes}.\n", self.fixed));
        }
        let is_reported = settings.formats.iter().any(|format| format.never_fails());
        let is_let_pass = settings.no_fail == Some(true) || is_reported;
        Ok(match self.is_incomplete || (self.fails && !is_let_pass) {
            true => Exit::Failure,
            false => Exit::Success,
        })
    }
}

fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let mut file = OutputFile::create(Some(path))?;
    let written = file.write_all(text.as_bytes());
    written.map_err(|error| CommandError::file("write", path, error))?;
    file.finish().map(drop)
}
