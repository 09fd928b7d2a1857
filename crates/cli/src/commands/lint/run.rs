//! A run over all files.

use super::configuration::Configuration;
use super::context::{self, Contexts, Surroundings};
use super::diff;
use super::fix::{self, Mended};
use super::flags::Args;
use super::inputs::Input;
use super::look::{Given, Look};
use super::report::{FileReport, Report};
use crate::command_error::CommandError;
use crate::config::Config;
use crate::output;
use crate::terminal::style::Style;
use dockerfile::{Severity, Source};
use lint::Safety;
use std::rc::Rc;

/// A run, and what came out of it.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) args: &'a Args,
    pub(super) config: &'a Config,
    pub(super) configuration: Configuration,
    given: Given,
    contexts: Contexts,
    pub(super) report: Report,
    /// Whether something is as severe as the threshold.
    pub(super) fails: bool,
    /// Whether something could not be looked at, or not be fixed.
    pub(super) is_incomplete: bool,
    /// How many fixes were applied, or would be.
    pub(super) fixed: usize,
}

impl<'a> Run<'a> {
    pub(super) fn new(args: &'a Args, config: &'a Config) -> Result<Self, CommandError> {
        Ok(Self {
            args,
            config,
            configuration: Configuration::read(args, config)?,
            given: Given::read(args, config),
            contexts: Contexts::default(),
            report: Report::default(),
            fails: false,
            is_incomplete: false,
            fixed: 0,
        })
    }

    /// Tells what could not be done. The other files are looked at all the same.
    pub(super) fn complain(&mut self, error: &CommandError) {
        self.is_incomplete = true;
        output::note(&error.render(self.config.style()));
    }

    /// Looks at a file, and mends it if that is asked for.
    pub(super) fn look_at(&mut self, input: &Input) -> Result<(), CommandError> {
        let bytes = input.read()?;
        let layer = self.configuration.of(input.folder())?;
        let mut source = Source::new(&input.shown, String::from_utf8_lossy(&bytes));
        // What is wrong with a context need not keep from looking at the text.
        let surroundings = self.surroundings(input, &source).unwrap_or_else(|error| {
            self.complain(&error);
            Rc::default()
        });
        let look = Look::new(self.args, &self.given, &layer, surroundings);
        if self.args.fix || self.args.diff {
            let safety = match self.args.unsafe_fixes {
                true => Safety::Unsafe,
                false => Safety::Safe,
            };
            let mended = fix::mend(&look, &source, safety);
            self.fixed += mended.count;
            match self.args.diff {
                true => self.compare(input, &source, &mended)?,
                false => {
                    take(input, &bytes, &mended)?;
                    source = mended.source;
                }
            }
        }
        let issues = look.issues(&source)?;
        let threshold = layer.threshold.unwrap_or(Severity::Info);
        self.fails |= issues.iter().any(|issue| issue.severity <= threshold);
        self.report.files.push(FileReport { source, issues });
        Ok(())
    }

    /// What lies in a file's context, if it copies from that, and rules of ours are to look.
    fn surroundings(
        &mut self,
        input: &Input,
        source: &Source,
    ) -> Result<Rc<Surroundings>, CommandError> {
        let folder = match (&self.args.context, &input.path) {
            _ if self.args.hadolint_compat => None,
            (Some(folder), _) => Some(folder.as_path()),
            (None, Some(_)) => Some(input.folder()),
            (None, None) => None,
        };
        match folder {
            Some(folder) if context::is_copied_from(&dockerfile::parse(source)) => {
                let found = self.contexts.look(folder, input.path.as_deref())?;
                if found.is_more {
                    let name = folder.display();
                    let line = format!("{name}: there is more in this context than was counted");
                    self.configuration.note(&line);
                }
                Ok(found)
            }
            _ => Ok(Rc::default()),
        }
    }

    /// Shows what fixes would change.
    fn compare(&self, input: &Input, source: &Source, mended: &Mended) -> Result<(), CommandError> {
        let style = match self.args.no_color {
            true => Style::plain(),
            false => self.config.output_style(),
        };
        let (before, after) = (source.text(), mended.source.text());
        output::result(&diff::unified(&input.shown, before, after, style))
    }
}

/// Writes what was mended: into the file, or to standard output if it came from standard input.
fn take(input: &Input, bytes: &[u8], mended: &Mended) -> Result<(), CommandError> {
    let text = mended.source.text();
    match &input.path {
        None => output::result(text),
        Some(_) if mended.count == 0 => Ok(()),
        // What was looked at is not what is there: bytes that are no text would be lost.
        Some(_) if std::str::from_utf8(bytes).is_err() => {
            let message = format!("{} is not UTF-8, and is not fixed", input.shown);
            Err(CommandError::new(message))
        }
        Some(path) => fix::write(path, bytes, text),
    }
}
