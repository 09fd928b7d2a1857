//! Compose files: every service that is built is a target, and all of them are the group `default`.
//! <https://github.com/compose-spec/compose-spec/blob/main/build.md>

mod dotenv;
mod interpolate;
mod service;

use super::definition::{Definition, Surroundings};
use super::problem::{Problem, Result};
use super::value::as_map;
use serde_json::Value;
use std::collections::BTreeMap;

/// What the services of a file stand in.
struct Project<'a> {
    secrets: Value,
    /// The value of a variable: the environment's, else that of `.env`.
    variable: &'a dyn Fn(&str) -> Option<String>,
}

/// The targets and the group of a compose file.
pub(super) fn definition(file: &Value, around: &Surroundings<'_>) -> Result<Definition> {
    let dotenv = match &around.dotenv {
        Some(file) => {
            dotenv::parse(&file.text, around.variable).map_err(|p| p.prefixed(&file.name))?
        }
        None => BTreeMap::new(),
    };
    let variable = |name: &str| (around.variable)(name).or_else(|| dotenv.get(name).cloned());
    let file = interpolate::all(file, &variable)?;
    if file.get("include").is_some() {
        return Err(
            Problem::new("`include` of compose files is not implemented yet")
                .help("name the files with -f"),
        );
    }
    let project = Project {
        secrets: file["secrets"].clone(),
        variable: &variable,
    };
    let mut definition = Definition::default();
    let Some(services) = file.get("services").filter(|services| !services.is_null()) else {
        return Ok(definition);
    };
    let mut group = Vec::new();
    for (name, service) in as_map(services)? {
        let named = |problem: Box<Problem>| problem.prefixed(&format!("service {name}"));
        if service.get("build").is_none_or(Value::is_null) {
            continue;
        }
        let target = project.target(service).map_err(named)?;
        // As `docker compose` names images.
        let name = name.replace('.', "_");
        definition.targets.insert(name.clone(), target);
        group.push(name);
    }
    group.sort();
    definition.groups.insert("default".to_owned(), group);
    Ok(definition)
}
