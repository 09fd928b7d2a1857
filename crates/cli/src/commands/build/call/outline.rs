//! `--call=outline`: what the target takes.

use super::{Format, location, print_json, refuse_broken, survey};
use crate::command_error::{self, CommandError};
use crate::commands::build::Session;
use crate::commands::build::checks::Checks;
use crate::exit::Exit;
use crate::output;
use crate::report::table::Table;
use crate::terminal::clean;
use builder::{Options, Stages};
use dockerfile::Source;
use lint::{Outline, OutlineArgument, OutlineNeed};
use serde_json::{Map, Value};

/// Tells it.
pub(super) fn run(
    checks: &Checks,
    options: &Options,
    format: Format,
    session: &Session<'_>,
) -> Result<Exit, CommandError> {
    let config = session.config;
    refuse_broken(checks, options, config)?;
    let source = &options.dockerfile;
    let surveyed = survey(options, Stages::Needed, session);
    if let Some(error) = surveyed.error {
        return Err(command_error::of_build(error, source, config.style()));
    }
    let survey = surveyed.surveys.first().cloned().unwrap_or_default();
    let facts = checks.facts(options, &survey);
    let outline = lint::outline(source, &checks.parsed, &facts, survey.target);
    match format {
        Format::Text => output::result(&text(&outline))?,
        Format::Json => print_json(&json(&outline, source))?,
    }
    Ok(Exit::Success)
}

fn text(outline: &Outline) -> String {
    let mut out = String::new();
    let cell = |text: &Option<String>| clean::line(text.as_deref().unwrap_or_default().as_bytes());
    if let Some(name) = &outline.name {
        let mut table = Table::new(["TARGET:", name]).gap(1);
        if outline.description.is_some() {
            table.push(["DESCRIPTION:".to_owned(), cell(&outline.description)]);
        }
        out.push_str(&(table.render() + "\n"));
    }
    if !outline.arguments.is_empty() {
        let mut table = Table::new(["BUILD ARG", "VALUE", "DESCRIPTION"]);
        for argument in &outline.arguments {
            let (value, description) = (cell(&argument.value), cell(&argument.description));
            table.push([clean::line(argument.name.as_bytes()), value, description]);
        }
        out.push_str(&(table.render() + "\n"));
    }
    for (header, needs) in [("SECRET", &outline.secrets), ("SSH", &outline.ssh)] {
        if needs.is_empty() {
            continue;
        }
        let mut table = Table::new([header, "REQUIRED"]);
        for need in needs {
            let required = if need.is_required { "true" } else { "" };
            table.push([clean::line(need.name.as_bytes()), required.to_owned()]);
        }
        out.push_str(&(table.render() + "\n"));
    }
    out
}

/// Members that say nothing are left out.
#[derive(Default)]
struct Members(Map<String, Value>);

impl Members {
    fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        let is_empty = match &value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            _ => false,
        };
        if !is_empty {
            self.0.insert(name.to_owned(), value);
        }
    }
}

fn json(outline: &Outline, source: &Source) -> Value {
    let needs = |needs: &[OutlineNeed]| needs.iter().map(|n| need(n, source)).collect::<Vec<_>>();
    let arguments = outline.arguments.iter().map(|a| argument(a, source));
    let mut members = Members::default();
    members.set("name", outline.name.clone());
    members.set("description", outline.description.clone());
    members.set("args", arguments.collect::<Vec<_>>());
    members.set("secrets", needs(&outline.secrets));
    members.set("ssh", needs(&outline.ssh));
    members.set("sources", vec![location::data(source)]);
    Value::Object(members.0)
}

fn argument(argument: &OutlineArgument, source: &Source) -> Value {
    let mut members = Members::default();
    members.set("name", argument.name.clone());
    members.set("description", argument.description.clone());
    members.set("value", argument.value.clone());
    members.set("location", location::of(argument.place, source));
    Value::Object(members.0)
}

fn need(need: &OutlineNeed, source: &Source) -> Value {
    let mut members = Members::default();
    members.set("name", need.name.clone());
    members.set("required", need.is_required);
    members.set("location", location::of(need.place, source));
    Value::Object(members.0)
}
