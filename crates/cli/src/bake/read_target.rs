//! Blocks to targets: their attributes are evaluated, and those of a matrix once for each of its combinations.

use super::entry::{Entry, Secret, Short, Ssh};
use super::evaluate::Scope;
use super::file::Block;
use super::globals::Globals;
use super::problem::{Problem, Result};
use super::target::Target;
use super::value::{as_bool, as_list, as_map, as_text, entries};
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use serde_json::Value;
use std::collections::BTreeMap;

/// More combinations than any machine builds.
const MOST: usize = 10_000;

const ATTRIBUTES: &[&str] = &[
    "annotations",
    "args",
    "attest",
    "cache-from",
    "cache-to",
    "call",
    "context",
    "contexts",
    "description",
    "dockerfile",
    "dockerfile-inline",
    "entitlements",
    "extra-hosts",
    "inherits",
    "labels",
    "matrix",
    "name",
    "network",
    "no-cache",
    "no-cache-filter",
    "output",
    "platforms",
    "pull",
    "secret",
    "shm-size",
    "ssh",
    "tags",
    "target",
    "ulimits",
];

/// The targets of a block: one by its own name, those of a matrix by the names that it gives.
pub(super) fn read(block: &Block, globals: &Globals) -> Result<Vec<(String, Target)>> {
    block.check("target", ATTRIBUTES)?;
    let scope = Scope::new(globals, &block.source);
    let Some(matrix) = block.get("matrix") else {
        if let Some(name) = block.get("name") {
            let problem = Problem::new("`name` is for targets with a matrix");
            return Err(problem.at(&block.source, name.span()));
        }
        return Ok(vec![(block.name.clone(), one(block, &scope)?)]);
    };
    let Some(name) = block.get("name") else {
        let problem = Problem::new(format!(
            "the target {} has a matrix, but no `name`",
            block.name
        ));
        return Err(problem.at(&block.source, matrix.span()));
    };
    let mut targets: Vec<(String, Target)> = Vec::new();
    for scope in combinations(matrix, &scope)? {
        let name_value = scope.evaluate(name)?;
        let own = as_text(&name_value).and_then(check_name);
        let own = own.map_err(|problem| problem.at(&block.source, name.span()))?;
        if targets.iter().any(|(known, _)| *known == own) {
            let problem = Problem::new(format!("the matrix gives the name {own} twice"));
            return Err(problem.at(&block.source, name.span()));
        }
        targets.push((own, one(block, &scope)?));
    }
    Ok(targets)
}

/// A name stands in `--set name.key=…`.
pub(super) fn check_name(name: String) -> Result<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match !name.is_empty() && name.chars().all(allowed) {
        true => Ok(name),
        false => Err(Problem::new(format!("`{name}` is no name for a target"))
            .help("it has letters, digits, `-` and `_`; sanitize(…) makes such a name")),
    }
}

/// A scope for every combination; the first key's values alternate fastest.
fn combinations<'a>(matrix: &Expression, scope: &Scope<'a>) -> Result<Vec<Scope<'a>>> {
    let value = scope.evaluate(matrix)?;
    let wrong = |problem: Box<Problem>| problem.at(scope.source, matrix.span());
    let mut scopes = vec![scope.clone()];
    for (key, values) in entries(as_map(&value).map_err(wrong)?) {
        let values = as_list(values).map_err(wrong)?;
        if scopes.len().saturating_mul(values.len()) > MOST {
            return Err(wrong(Problem::new("the matrix has too many combinations")));
        }
        let longer = values
            .iter()
            .flat_map(|value| scopes.iter().map(|scope| scope.with(key, value.clone())));
        scopes = longer.collect();
    }
    Ok(scopes)
}

fn one(block: &Block, scope: &Scope<'_>) -> Result<Target> {
    let mut target = Target::default();
    for attribute in &block.attributes {
        if matches!(attribute.name.as_str(), "matrix" | "name") {
            continue;
        }
        let value = scope.evaluate(&attribute.value)?;
        // Null is as good as nothing said.
        if !value.is_null() {
            set(&mut target, &attribute.name, &value)
                .map_err(|problem| problem.at(&block.source, attribute.value.span()))?;
        }
    }
    Ok(target)
}

fn set(target: &mut Target, name: &str, value: &Value) -> Result<()> {
    let text = || as_text(value).map(Some);
    let boolean = || as_bool(value).map(Some);
    match name {
        "annotations" => target.annotations = words(value)?,
        "args" => target.args = map(value)?,
        "attest" => target.attest = entries_of(value, Short::Kind)?,
        "cache-from" => target.cache_from = entries_of(value, Short::Registry)?,
        "cache-to" => target.cache_to = Some(entries_of(value, Short::Registry)?),
        "call" => target.call = text()?,
        "context" => target.context = text()?,
        "contexts" => target.contexts = map(value)?,
        "description" => target.description = text()?,
        "dockerfile" => target.dockerfile = text()?,
        "dockerfile-inline" => target.dockerfile_inline = text()?,
        "entitlements" => target.entitlements = words(value)?,
        "extra-hosts" => target.extra_hosts = map(value)?,
        "inherits" => target.inherits = words(value)?,
        "labels" => target.labels = map(value)?,
        "network" => target.network = text()?,
        "no-cache" => target.no_cache = boolean()?,
        "no-cache-filter" => target.no_cache_filter = words(value)?,
        "output" => target.outputs = Some(entries_of(value, Short::Folder)?),
        "platforms" => target.platforms = Some(words(value)?),
        "pull" => target.pull = boolean()?,
        "secret" => target.secrets = said(value)?.map(Secret::read).collect::<Result<_>>()?,
        "shm-size" => target.shm_size = text()?,
        "ssh" => target.ssh = said(value)?.map(Ssh::read).collect::<Result<_>>()?,
        "tags" => target.tags = Some(words(value)?),
        "target" => target.target = text()?,
        "ulimits" => target.ulimits = words(value)?,
        other => return Err(Problem::new(format!("a target has no `{other}`"))),
    }
    Ok(())
}

/// A list of words; null ones are left out.
pub(super) fn words(value: &Value) -> Result<Vec<String>> {
    let list = as_list(value)?.iter();
    list.filter(|item| !item.is_null()).map(as_text).collect()
}

/// A map of words; null ones are left out.
fn map(value: &Value) -> Result<BTreeMap<String, String>> {
    let map = as_map(value)?.iter().filter(|(_, value)| !value.is_null());
    map.map(|(key, value)| {
        let text = as_text(value).map_err(|problem| problem.prefixed(key))?;
        Ok((key.clone(), text))
    })
    .collect()
}

pub(super) fn entries_of(value: &Value, short: Short) -> Result<Vec<Entry>> {
    said(value)?
        .map(|value| Entry::read(value, short))
        .collect()
}

/// The elements that say something: conditions leave empty words.
fn said(value: &Value) -> Result<impl Iterator<Item = &Value>> {
    let list = as_list(value)?.iter();
    Ok(list.filter(|item| !item.is_null() && *item != ""))
}
