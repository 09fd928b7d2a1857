//! From what is asked for to the targets: groups are opened, inheritance and `--set` are applied, targets that others use as contexts
//! are added.

use super::definition::Definition;
use super::entry::Entry;
use super::problem::{Problem, Result};
use super::set::{Set, glob};
use super::target::Target;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Longer chains of targets are none that a person wrote.
const DEPTH: usize = 100;

/// What is to be built.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) groups: BTreeMap<String, Vec<String>>,
    pub(crate) targets: BTreeMap<String, Target>,
}

impl Resolved {
    /// As `--print` shows it.
    pub(crate) fn to_json(&self) -> Value {
        let groups = self.groups.iter();
        let groups = groups.map(|(name, targets)| (name.clone(), json!({ "targets": targets })));
        let targets = self.targets.iter();
        let targets = targets.map(|(name, target)| (name.clone(), target.to_json()));
        json!({
            "group": groups.collect::<serde_json::Map<_, _>>(),
            "target": targets.collect::<serde_json::Map<_, _>>(),
        })
    }
}

/// Resolves names of targets and groups.
pub(crate) fn resolve(definition: &Definition, names: &[String], sets: &[Set]) -> Result<Resolved> {
    for set in sets {
        if !definition
            .targets
            .keys()
            .any(|name| glob(&set.pattern, name))
        {
            let message = format!("--set {}: no target matches `{}`", set.said, set.pattern);
            return Err(unknown(definition, &set.pattern, message));
        }
    }
    let names = asked(definition, names);
    let mut resolved = Resolved {
        groups: BTreeMap::new(),
        targets: BTreeMap::new(),
    };
    for name in &names {
        let mut seen = BTreeSet::new();
        for target in open(definition, name, &mut seen) {
            if resolved.targets.contains_key(&target) {
                continue;
            }
            if let Some(found) = inherited(definition, &target, sets, &mut Vec::new())? {
                resolved.targets.insert(target, completed(found));
            }
        }
        for group in seen {
            let targets = definition.groups[&group].clone();
            resolved.groups.insert(group, targets);
        }
    }
    let default = resolved.groups.entry("default".to_owned()).or_default();
    for name in names {
        let is_group = name == "default" && definition.groups.contains_key("default");
        if !is_group && !default.contains(&name) {
            default.push(name);
        }
    }
    default.sort();
    link(definition, sets, &mut resolved.targets)?;
    in_order(&resolved.targets)?;
    Ok(resolved)
}

/// The names, patterns among them replaced by what they match.
fn asked(definition: &Definition, names: &[String]) -> Vec<String> {
    if names.is_empty() {
        return vec!["default".to_owned()];
    }
    let mut all = Vec::new();
    for name in names {
        let matches = definition
            .targets
            .keys()
            .filter(|target| glob(name, target));
        let matches: Vec<String> = matches.cloned().collect();
        match name.contains(['*', '?', '[']) && !matches.is_empty() {
            true => all.extend(matches),
            false => all.push(name.clone()),
        }
    }
    all
}

/// The targets of a group and its groups; `seen` are the groups. A name of no group is a target's.
fn open(definition: &Definition, name: &str, seen: &mut BTreeSet<String>) -> Vec<String> {
    let mut targets = Vec::new();
    let mut waiting = vec![name.to_owned()];
    while let Some(name) = waiting.pop() {
        match definition.groups.get(&name) {
            Some(_) if seen.contains(&name) => {}
            Some(members) => {
                // A group may have a target of its own name: `default` most of all.
                if members.contains(&name) && definition.targets.contains_key(&name) {
                    targets.push(name.clone());
                }
                waiting.extend(
                    members
                        .iter()
                        .rev()
                        .filter(|member| **member != name)
                        .cloned(),
                );
                seen.insert(name);
            }
            None => targets.push(name),
        }
    }
    targets
}

/// A target on top of those that it inherits from. `None` where they go round in a circle, as buildx does.
fn inherited(
    definition: &Definition,
    name: &str,
    sets: &[Set],
    above: &mut Vec<String>,
) -> Result<Option<Target>> {
    if above.iter().any(|known| known == name) {
        return Ok(None);
    }
    let own = definition.targets.get(name).ok_or_else(|| {
        let message = match above.last() {
            Some(heir) => format!("the target {heir} inherits from `{name}`, which there is not"),
            None => format!("there is no target `{name}`"),
        };
        unknown(definition, name, message)
    })?;
    deep_enough(above)?;
    above.push(name.to_owned());
    let mut target = Target::default();
    for parent in &own.inherits {
        if let Some(parent) = inherited(definition, parent, sets, above)? {
            target.merge(&parent);
        }
    }
    above.pop();
    target.merge(own);
    for set in sets.iter().filter(|set| glob(&set.pattern, name)) {
        set.apply(&mut target)?;
    }
    target.normalize();
    Ok(Some(target))
}

fn completed(mut target: Target) -> Target {
    target.inherits.clear();
    target.context.get_or_insert_with(|| ".".to_owned());
    target
        .dockerfile
        .get_or_insert_with(|| "Dockerfile".to_owned());
    target
}

/// Adds the targets that these have for contexts. They are only built to be used, unless they were asked for.
fn link(
    definition: &Definition,
    sets: &[Set],
    targets: &mut BTreeMap<String, Target>,
) -> Result<()> {
    let mut waiting: Vec<String> = targets.values().flat_map(Target::uses).collect();
    while let Some(used) = waiting.pop() {
        if targets.contains_key(&used) {
            continue;
        }
        let found = inherited(definition, &used, sets, &mut Vec::new())?;
        let mut target = completed(found.unwrap_or_default());
        target.outputs = Some(vec![Entry {
            kind: "cacheonly".to_owned(),
            fields: BTreeMap::new(),
        }]);
        waiting.extend(target.uses());
        targets.insert(used, target);
    }
    Ok(())
}

/// Refuses chains of targets that nobody writes by hand.
fn deep_enough(above: &[String]) -> Result<()> {
    match above.len() > DEPTH {
        true => Err(Problem::new("too many targets lead to each other in a row")),
        false => Ok(()),
    }
}

/// The names in an order in which every target comes after those that it uses.
pub(crate) fn in_order(targets: &BTreeMap<String, Target>) -> Result<Vec<String>> {
    fn visit(
        name: &str,
        targets: &BTreeMap<String, Target>,
        above: &mut Vec<String>,
        order: &mut Vec<String>,
    ) -> Result<()> {
        if order.iter().any(|known| known == name) {
            return Ok(());
        }
        if above.iter().any(|known| known == name) {
            let circle = above.join(", ");
            let message = format!("the targets {circle} use each other as contexts");
            return Err(Problem::new(message));
        }
        deep_enough(above)?;
        above.push(name.to_owned());
        for used in targets[name].uses() {
            visit(&used, targets, above, order)?;
        }
        above.pop();
        order.push(name.to_owned());
        Ok(())
    }
    let mut order = Vec::new();
    for name in targets.keys() {
        visit(name, targets, &mut Vec::new(), &mut order)?;
    }
    Ok(order)
}

fn unknown(definition: &Definition, name: &str, message: String) -> Box<Problem> {
    let known = definition.targets.keys().chain(definition.groups.keys());
    let known: Vec<&str> = known.map(String::as_str).collect();
    let problem = Problem::new(message);
    match dockerfile::suggest(name, known.iter().copied()) {
        Some(near) => problem.help(format!("did you mean {near}?")),
        None if known.is_empty() => problem.help("the files define no target"),
        None => problem.help(format!("there are {}", known.join(", "))),
    }
}
