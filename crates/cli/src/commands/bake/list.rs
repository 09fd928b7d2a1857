//! `--list`: what a file defines.

use crate::bake::definition::Definition;
use crate::command_error::CommandError;
use crate::key_values;
use crate::report::table::Table;
use crate::terminal::clean;
use serde_json::{Value, json};

/// `targets`, `variables`, or `type=targets,format=json`.
pub(super) fn list(what: &str, definition: &Definition) -> Result<String, CommandError> {
    let fields = key_values::fields(what).map_err(CommandError::usage)?;
    let mut kind = None;
    let mut format = "table".to_owned();
    for (key, value) in fields {
        match (key.as_str(), value) {
            ("type", Some(value)) => kind = Some(value),
            ("format", Some(value)) => format = value,
            (word, None) => kind = Some(word.to_owned()),
            (other, _) => return Err(CommandError::usage(format!("--list has no `{other}`"))),
        }
    }
    let json = match format.as_str() {
        "json" => true,
        "table" => false,
        other => {
            return Err(CommandError::usage(format!("there is no format `{other}`"))
                .hint("it is table or json"));
        }
    };
    match kind.as_deref() {
        Some("targets") => Ok(targets(definition, json)),
        Some("variables") => Ok(variables(definition, json)),
        _ => Err(CommandError::usage(format!("there is no list `{what}`"))
            .hint("it is targets or variables")),
    }
}

fn targets(definition: &Definition, json: bool) -> String {
    let mut rows = Vec::new();
    for (name, group) in &definition.groups {
        // A matrix is a group as well.
        let description = group.join(", ");
        rows.push((name, description, true));
    }
    for (name, target) in &definition.targets {
        rows.push((name, target.description.clone().unwrap_or_default(), false));
    }
    // Targets with a name such as `_common` are for others to inherit.
    rows.retain(|(name, _, _)| !name.starts_with('_'));
    rows.sort();
    if json {
        let rows = rows.iter().map(|(name, description, is_group)| {
            let mut row = json!({ "name": name, "description": description });
            if *is_group {
                row["group"] = Value::Bool(true);
            }
            row
        });
        return format!("{:#}\n", Value::Array(rows.collect()));
    }
    let mut table = Table::new(["TARGET", "DESCRIPTION"]);
    for (name, description, _) in rows {
        table.push([name.clone(), clean::line(description.as_bytes())]);
    }
    table.render()
}

fn variables(definition: &Definition, json: bool) -> String {
    let text = |value: &Value| match value {
        Value::Null => "<null>".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if json {
        let rows = definition.variables.iter().map(|variable| {
            json!({
                "name": variable.name,
                "type": variable.kind,
                "value": variable.value,
                "description": variable.description,
            })
        });
        return format!("{:#}\n", Value::Array(rows.collect()));
    }
    let mut table = Table::new(["VARIABLE", "TYPE", "VALUE", "DESCRIPTION"]);
    for variable in &definition.variables {
        let value = clean::line(text(&variable.value).as_bytes());
        let description = clean::line(variable.description.as_bytes());
        table.push([
            variable.name.clone(),
            variable.kind.clone(),
            value,
            description,
        ]);
    }
    table.render()
}
