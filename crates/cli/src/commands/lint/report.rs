//! What was found, in a form that all output formats can show.

use dockerfile::{Diagnostic, Severity, Source, Span};
use lint::{Finding, Fix, Outside, Rule};
use std::borrow::Cow;

/// The name that hadolint has for what its parser refuses.
pub(super) const PARSE_ERROR: &str = "DL1000";

/// What was found in all files.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Those that could be read, in the order in which they were named.
    pub(super) files: Vec<FileReport>,
}

/// What was found in a file.
#[derive(Debug)]
pub(super) struct FileReport {
    /// Its text, under the name that it is shown by.
    pub(super) source: Source,
    /// In the order of the text.
    pub(super) issues: Vec<Issue>,
}

/// One thing that was found.
#[derive(Clone, Debug)]
pub(super) struct Issue {
    /// The rule's name.
    pub(super) code: Cow<'static, str>,
    /// The rule, if it is one of ours: another program's findings have none.
    pub(super) rule: Option<&'static Rule>,
    pub(super) severity: Severity,
    /// The instruction: the place that hadolint gives.
    pub(super) instruction: Span,
    /// What of it is wrong.
    pub(super) place: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) fix: Option<Fix>,
}

/// Lines and columns, from 1; the end is behind the last sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) end_line: u32,
    pub(super) end_column: u32,
}

impl Report {
    /// All that was found, with the files.
    pub(super) fn issues(&self) -> impl Iterator<Item = (&FileReport, &Issue)> {
        let of_file = |file| -> Box<dyn Iterator<Item = _>> {
            let file: &FileReport = file;
            Box::new(file.issues.iter().map(move |issue| (file, issue)))
        };
        self.files.iter().flat_map(of_file)
    }
}

impl FileReport {
    /// The name that the file is shown by.
    pub(super) fn name(&self) -> &str {
        self.source.name()
    }

    /// Where something is.
    pub(super) fn region(&self, issue: &Issue) -> Region {
        region(&self.source, issue.place)
    }
}

/// Where a part of a text is.
pub(super) fn region(source: &Source, place: Span) -> Region {
    let end = place.end.max(place.start);
    Region {
        line: source.line(place.start),
        column: source.column(place.start),
        end_line: source.line(end),
        end_column: source.column(end),
    }
}

impl Issue {
    /// Whether it is the parser's.
    pub(super) fn is_parse_error(&self) -> bool {
        self.code == PARSE_ERROR
    }

    /// Where it is explained.
    pub(super) fn url(&self) -> Option<String> {
        match self.rule {
            Some(rule) => Some(rule.url()),
            None if self.code.starts_with("SC") => {
                Some(format!("https://www.shellcheck.net/wiki/{}", self.code))
            }
            None => None,
        }
    }

    /// The same for the rules' crate, which knows what is left out.
    pub(super) fn as_outside(&self) -> Outside<'_> {
        Outside {
            code: &self.code,
            severity: self.severity,
            instruction: self.instruction,
        }
    }

    /// What the parser refuses.
    pub(super) fn of_parser(diagnostic: &Diagnostic) -> Self {
        Self {
            code: PARSE_ERROR.into(),
            rule: None,
            severity: diagnostic.severity,
            instruction: diagnostic.span,
            place: diagnostic.span,
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
            fix: None,
        }
    }
}

impl From<Finding> for Issue {
    fn from(finding: Finding) -> Self {
        Self {
            code: finding.rule.name.into(),
            rule: Some(finding.rule),
            severity: finding.diagnostic.severity,
            instruction: finding.instruction,
            place: finding.diagnostic.span,
            message: finding.diagnostic.message,
            help: finding.diagnostic.help,
            fix: finding.fix,
        }
    }
}
