//! `--call=targets`: the stages that can be built.

use super::{Format, location, print_json, refuse_broken};
use crate::command_error::CommandError;
use crate::commands::build::checks::Checks;
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use crate::report::table::Table;
use crate::terminal::clean;
use builder::Options;
use dockerfile::Source;
use lint::Target;
use serde_json::{Map, Value, json};

/// Lists them.
pub(super) fn run(
    checks: &Checks,
    options: &Options,
    format: Format,
    config: &Config,
) -> Result<Exit, CommandError> {
    refuse_broken(checks, options, config)?;
    let source = &options.dockerfile;
    let targets = lint::targets(source, &checks.parsed);
    match format {
        Format::Text => output::result(&text(&targets))?,
        Format::Json => print_json(&json!({
            "targets": targets.iter().map(|target| json(target, source)).collect::<Vec<_>>(),
            "sources": [location::data(source)],
        }))?,
    }
    Ok(Exit::Success)
}

fn text(targets: &[Target]) -> String {
    let mut table = Table::new(["TARGET", "DESCRIPTION"]).gap(1);
    for target in targets {
        let name = match (target.name.as_deref(), target.is_default) {
            (Some(name), true) => format!("{name} (default)"),
            (None, true) => "(default)".to_owned(),
            (name, false) => name.unwrap_or_default().to_owned(),
        };
        let description = target.description.as_deref().unwrap_or_default();
        table.push([name, clean::line(description.as_bytes())]);
    }
    table.render()
}

fn json(target: &Target, source: &Source) -> Value {
    let mut answer = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        value.map(|value| answer.insert(name.to_owned(), value));
    };
    set("name", target.name.clone().map(Value::from));
    set("default", target.is_default.then_some(Value::from(true)));
    set("description", target.description.clone().map(Value::from));
    set("base", Some(target.base.clone().into()));
    set("platform", target.platform.clone().map(Value::from));
    set("location", Some(location::of(target.place, source)));
    Value::Object(answer)
}
