//! The output formats, one file each. Those of hadolint are its own, to the byte, where exactly its behaviour is wanted;
//! else they have exact places and say more.

mod checkstyle;
mod codacy;
mod codeclimate;
mod github;
mod gnu;
mod human;
mod json;
mod junit;
mod sarif;
mod sonarqube;
mod tty;
mod xml;

use super::report::{FileReport, Issue, Region, Report};
use crate::terminal::style::Style;
use clap::ValueEnum;
use serde_json::{Value, json};
use std::time::SystemTime;

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: the place in the text, marked
    Human,
    /// FILE:LINE CODE severity: message
    Tty,
    Json,
    Checkstyle,
    Codeclimate,
    #[value(name = "gitlab_codeclimate")]
    GitlabCodeclimate,
    Gnu,
    Codacy,
    Sonarqube,
    Sarif,
    Junit,
    /// Annotations of GitHub Actions
    Github,
}

/// What a format shows, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) report: &'a Report,
    /// Whether exactly hadolint's output is wanted.
    pub(super) compatible: bool,
    pub(super) style: Style,
    /// `--file-path-in-report`.
    pub(super) path: Option<&'a str>,
    /// When that is.
    pub(super) now: SystemTime,
}

/// The format that a word names.
pub(super) fn named(word: &str) -> Option<Format> {
    Format::from_str(word, false).ok()
}

/// All words for formats.
pub(super) fn words() -> String {
    let names = Format::value_variants().iter();
    let names = names.filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()));
    names.collect::<Vec<_>>().join(", ")
}

impl Format {
    /// Whether findings are no failure: who reads these formats decides later.
    pub(super) fn never_fails(self) -> bool {
        matches!(self, Self::Codeclimate | Self::Codacy)
    }

    /// The text that shows a report.
    pub(super) fn render(self, view: &View<'_>) -> String {
        match self {
            Self::Human => human::render(view),
            Self::Tty => tty::render(view),
            Self::Json => json::render(view),
            Self::Checkstyle => checkstyle::render(view),
            Self::Codeclimate => codeclimate::render(view),
            Self::GitlabCodeclimate => codeclimate::render_array(view),
            Self::Gnu => gnu::render(view),
            Self::Codacy => codacy::render(view),
            Self::Sonarqube => sonarqube::render(view),
            Self::Sarif => sarif::render(view),
            Self::Junit => junit::render(view),
            Self::Github => github::render(view),
        }
    }
}

impl View<'_> {
    /// The name of a file in formats that take `--file-path-in-report`.
    fn path_of<'f>(&'f self, file: &'f FileReport) -> &'f str {
        self.path.unwrap_or_else(|| file.name())
    }

    /// The name of a file in the others. For what its parser refuses, hadolint has another name for standard input.
    fn name_of<'f>(&self, file: &'f FileReport, issue: &Issue) -> &'f str {
        match self.compatible && issue.is_parse_error() && file.name() == "-" {
            true => "/dev/stdin",
            false => file.name(),
        }
    }

    /// Where something is: to hadolint, at the start of its instruction.
    fn region(&self, file: &FileReport, issue: &Issue) -> Region {
        if !self.compatible {
            return file.region(issue);
        }
        let at = file.source.line(issue.instruction.start);
        let column = match issue.is_parse_error() {
            true => file.source.column(issue.instruction.start),
            false => 1,
        };
        Region {
            line: at,
            column,
            end_line: at,
            end_column: column,
        }
    }

    /// The message, and for what the parser refuses hadolint's excerpt of the text.
    fn long_message(&self, file: &FileReport, issue: &Issue) -> String {
        if !(self.compatible && issue.is_parse_error()) {
            return issue.message.clone();
        }
        let Region { line, column, .. } = self.region(file, issue);
        let name = self.name_of(file, issue);
        let gutter = " ".repeat(line.to_string().len());
        let mark = " ".repeat(column.saturating_sub(1) as usize);
        let text = file.source.line_text(line);
        let message = &issue.message;
        format!(
            "{name}:{line}:{column}:\n{gutter} |\n{line} | {text}\n{gutter} | {mark}^\n{message}\n"
        )
    }

    /// hadolint's JSON ends without a line end.
    fn json(&self, value: &Value) -> String {
        match self.compatible {
            true => value.to_string(),
            false => format!("{value}\n"),
        }
    }
}

#[cfg(test)]
mod tests;
