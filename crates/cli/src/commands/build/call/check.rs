//! `--call=check`: what the rules find, and what would keep a build from beginning.

use super::{Format, frame, location, print_json, survey};
use crate::command_error::{self, CommandError};
use crate::commands::build::Session;
use crate::commands::build::checks::Checks;
use crate::exit::Exit;
use crate::output;
use crate::terminal::clean;
use crate::terminal::style::Style;
use builder::{Options, Stages};
use dockerfile::{Diagnostic, Severity, Source, Span};
use lint::Finding;
use serde_json::{Value, json};
use std::path::Path;

/// What keeps a build from beginning.
struct BuildError {
    message: String,
    place: Option<Span>,
}

/// Looks, tells, and fails if there is anything to tell.
pub(super) fn run(
    checks: &Checks,
    options: &Options,
    format: Format,
    session: &Session<'_>,
) -> Result<Exit, CommandError> {
    let (findings, error) = look(checks, options, session)?;
    let source = &options.dockerfile;
    match format {
        Format::Text => output::result(&text(&findings, source))?,
        Format::Json => print_json(&json(&findings, error.as_ref(), source))?,
    }
    if let Some(error) = &error {
        output::note(&error.render(source));
    }
    match findings.is_empty() && error.is_none() {
        true => Ok(Exit::Success),
        false => Ok(Exit::Failure),
    }
}

fn look(
    checks: &Checks,
    options: &Options,
    session: &Session<'_>,
) -> Result<(Vec<Finding>, Option<BuildError>), CommandError> {
    if let Some(first) = checks.parsed.diagnostics.first() {
        return Ok((Vec::new(), Some(BuildError::at(first))));
    }
    let stages = match options.target {
        Some(_) => Stages::Needed,
        None => Stages::All,
    };
    let surveyed = survey(options, stages, session);
    let facts = surveyed.surveys.iter().map(|survey| {
        let mut facts = checks.facts(options, survey);
        if stages == Stages::All {
            // Also those that planning did not come to: what is wrong there need not wait.
            facts.stages = None;
        }
        facts
    });
    let findings = checks.findings(options, facts);
    let error = match surveyed.error {
        Some(builder::Error::Cancelled) => return Err(command_error::interrupted()),
        Some(error) => Some(BuildError::of(error, &options.dockerfile)),
        None => match checks.wrong_ignore_file() {
            Some(message) => Some(BuildError {
                message: clean::line(message.as_bytes()),
                place: None,
            }),
            None => violation(&findings),
        },
    };
    Ok((findings, error))
}

/// With `error=true` the findings are an error.
fn violation(findings: &[Finding]) -> Option<BuildError> {
    let wrong = findings
        .iter()
        .filter(|f| f.diagnostic.severity == Severity::Error);
    let mut names: Vec<&str> = wrong.map(|finding| finding.rule.name).collect();
    names.sort_unstable();
    names.dedup();
    (!names.is_empty()).then(|| BuildError {
        message: format!("lint violation found for rules: {}", names.join(", ")),
        place: None,
    })
}

impl BuildError {
    fn at(diagnostic: &Diagnostic) -> Self {
        let help = diagnostic.help.as_ref().map(|help| format!(" ({help})"));
        let message = format!("{}{}", diagnostic.message, help.unwrap_or_default());
        Self {
            message: clean::line(message.as_bytes()),
            place: Some(diagnostic.span),
        }
    }

    fn of(error: builder::Error, source: &Source) -> Self {
        match &error {
            builder::Error::Dockerfile(diagnostics) if !diagnostics.is_empty() => {
                Self::at(&diagnostics[0])
            }
            _ => {
                let error = command_error::of_build(error, source, Style::plain());
                Self {
                    message: clean::line(error.message().as_bytes()),
                    place: None,
                }
            }
        }
    }

    fn render(&self, source: &Source) -> String {
        let frame = self.place.map(|place| frame::around(place, source));
        format!("\nERROR: {}\n{}\n", self.message, frame.unwrap_or_default())
    }
}

fn text(findings: &[Finding], source: &Source) -> String {
    let mut out = match findings.len() {
        0 => return "Check complete, no warnings found.\n".to_owned(),
        1 => "Check complete, 1 warning has been found!\n".to_owned(),
        count => format!("Check complete, {count} warnings have been found!\n"),
    };
    for finding in findings {
        let (rule, message) = (finding.rule, finding.diagnostic.message.as_bytes());
        out.push_str(&format!("\nWARNING: {} - {}\n", rule.name, rule.url()));
        out.push_str(&format!("{}\n", clean::line(message)));
        out.push_str(&frame::around(finding.instruction, source));
    }
    out
}

fn json(findings: &[Finding], error: Option<&BuildError>, source: &Source) -> Value {
    let warnings: Vec<Value> = findings
        .iter()
        .map(|finding| {
            json!({
                "ruleName": finding.rule.name,
                "description": finding.rule.summary,
                "url": finding.rule.url(),
                "detail": finding.diagnostic.message,
                "location": location::of(finding.instruction, source),
            })
        })
        .collect();
    let name = Path::new(source.name()).file_name();
    let mut answer = json!({
        "warnings": if warnings.is_empty() { Value::Null } else { warnings.into() },
        "sources": [{
            "filename": name.map_or_else(|| source.name().into(), |name| name.to_string_lossy()),
            "data": location::data(source),
            "language": "Dockerfile",
        }],
    });
    if let Some(error) = error {
        answer["buildError"] = json!({
            "message": error.message,
            "location": error.place.map_or_else(|| json!({}), |place| location::of(place, source)),
        });
    }
    answer
}
