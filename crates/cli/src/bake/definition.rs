//! What the files define: groups, targets and variables.

use super::compose;
use super::evaluate::Scope;
use super::file::{Block, File};
use super::globals::{Globals, Variable};
use super::problem::{Problem, Result};
use super::read_target::{check_name, read, words};
use super::target::Target;
use super::yaml;
use dockerfile::Source;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Names that are looked for when none is given; all that are there are read.
pub(crate) const USUAL_FILES: [&str; 8] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
    "docker-bake.json",
    "docker-bake.hcl",
    "docker-bake.override.json",
    "docker-bake.override.hcl",
];

/// What may be built.
#[derive(Debug, Default)]
pub(crate) struct Definition {
    pub(crate) groups: BTreeMap<String, Vec<String>>,
    pub(crate) targets: BTreeMap<String, Target>,
    pub(crate) variables: Vec<Variable>,
}

/// A file's name and text.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// What the surroundings say.
pub(crate) struct Surroundings<'a> {
    /// `--var`, then the environment.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
    /// The `.env` beside, for compose files.
    pub(crate) dotenv: Option<Text>,
    /// This machine's platform.
    pub(crate) platform: String,
}

/// What a file is written in.
enum Language {
    Hcl,
    Json(Map<String, Value>),
    Compose(Value),
}

impl Definition {
    /// Reads files, the later ones over the earlier ones.
    pub(crate) fn read(texts: Vec<Text>, around: &Surroundings<'_>) -> Result<Self> {
        let mut file = File::default();
        let mut compose = None;
        for Text { name, text } in texts {
            match language(&name, &text)? {
                Language::Hcl => file.add_hcl(Source::new(name, text))?,
                Language::Json(content) => file.add_json(&name, content)?,
                Language::Compose(value) => yaml::merge(compose.get_or_insert(Value::Null), value),
            }
        }
        let mut definition = match compose {
            Some(value) => compose::definition(&value, around)?,
            None => Self::default(),
        };
        definition.add(&file, around)?;
        Ok(definition)
    }

    fn add(&mut self, file: &File, around: &Surroundings<'_>) -> Result<()> {
        let built_in = BTreeMap::from([
            ("BAKE_CMD_CONTEXT".to_owned(), Value::from("cwd://")),
            (
                "BAKE_LOCAL_PLATFORM".to_owned(),
                Value::from(around.platform.as_str()),
            ),
        ]);
        let globals = Globals::new(file, built_in, around.variable)?;
        globals.validate()?;
        let mut from_matrix: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for block in &file.targets {
            let targets = read(block, &globals).map_err(|problem| named(problem, block))?;
            let is_matrix = block.get("matrix").is_some();
            for (name, target) in targets {
                let name = check_name(name)
                    .map_err(|problem| problem.at(&block.source, block.span.clone()))?;
                if is_matrix {
                    let group = from_matrix.entry(block.name.clone()).or_default();
                    group.push(name.clone());
                }
                self.targets.entry(name).or_default().merge(&target);
            }
        }
        self.groups.extend(from_matrix);
        for block in &file.groups {
            block.check("group", &["description", "targets"])?;
            let scope = Scope::new(&globals, &block.source);
            let targets = block.get("targets").map(|targets| {
                let value = scope.evaluate(targets)?;
                words(&value)
                    .map_err(|problem| problem.at(&block.source, hcl_edit::Span::span(targets)))
            });
            if let Some(targets) = targets {
                self.groups.insert(block.name.clone(), targets?);
            }
        }
        self.variables = globals.variables()?;
        Ok(())
    }
}

/// In JSON there is no place to show.
fn named(problem: Box<Problem>, block: &Block) -> Box<Problem> {
    match block.source.text().is_empty() {
        true => problem.prefixed(&format!("{}: target {}", block.source.name(), block.name)),
        false => problem,
    }
}

/// By the name's end; standard input and others by what they look like.
fn language(name: &str, text: &str) -> Result<Language> {
    let json = || -> Result<Map<String, Value>> {
        serde_json::from_str(text)
            .map_err(|error| Problem::new(format!("cannot read {name}: {error}")))
    };
    let compose = || yaml::load(text).map_err(|problem| problem.prefixed(name));
    let end = name.rsplit_once('.').map(|(_, end)| end);
    match end {
        Some("hcl") => Ok(Language::Hcl),
        Some("yaml" | "yml") => Ok(Language::Compose(compose()?)),
        _ if end == Some("json") || text.trim_start().starts_with('{') => {
            let content = json()?;
            match content.contains_key("services") {
                true => Ok(Language::Compose(Value::Object(content))),
                false => Ok(Language::Json(content)),
            }
        }
        _ if text.lines().any(|line| line.starts_with("services:")) => {
            Ok(Language::Compose(compose()?))
        }
        _ => Ok(Language::Hcl),
    }
}
