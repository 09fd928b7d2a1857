//! What `FROM` lines see.

use std::collections::{BTreeMap, HashMap, HashSet};

use dockerfile::ast::{ArgDeclaration, Dockerfile, Escape, Kind, Word};
use dockerfile::{Span, Variables};

use super::words::{self, Reading, Used};
use crate::Facts;

/// The `ARG`s before the first `FROM`, and the values that are there by themselves.
#[derive(Debug)]
pub(crate) struct Globals {
    /// With the values that the build was given.
    pub(crate) values: Variables,
    /// As if the build was given none; `None` if a default cannot be expanded.
    pub(crate) defaults: Option<Variables>,
    /// The declarations by name, the last one of each.
    pub(crate) declared: HashMap<String, GlobalArgument>,
}

/// An `ARG` before the first `FROM`.
#[derive(Debug)]
pub(crate) struct GlobalArgument {
    /// Its value, if it has one.
    pub(crate) value: Option<String>,
    /// Its instruction.
    pub(crate) place: Span,
    /// Other arguments that its default is made of.
    pub(crate) made_of: Vec<String>,
}

impl Globals {
    pub(super) fn new(file: &Dockerfile, facts: &Facts<'_>) -> Self {
        let mut globals = Self {
            values: facts.predefined.clone(),
            defaults: None,
            declared: HashMap::new(),
        };
        for (arg, place) in arguments(file) {
            globals.declare(arg, place, file.directives.escape, &facts.build_args);
        }
        globals.defaults = defaults(file, &facts.predefined);
        globals
    }

    fn declare(
        &mut self,
        arg: &ArgDeclaration,
        place: Span,
        escape: Escape,
        given: &BTreeMap<String, String>,
    ) {
        let name = &arg.name.text;
        let used = match (given.get(name), &arg.default) {
            (None, Some(default)) => self.expand(default, escape),
            _ => Used::default(),
        };
        let value = match (given.get(name), &arg.default) {
            (Some(given), _) => Some(given.clone()),
            (None, Some(_)) => Some(used.text),
            (None, None) => None,
        };
        if let Some(value) = &value {
            self.values.set(name, value);
        }
        let mut made_of = used.set;
        if let Some(at) = made_of.iter().position(|other| other == name) {
            made_of.remove(at);
            made_of.extend(
                { self.declared.get(name) }
                    .into_iter()
                    .flat_map(|old| old.made_of.clone()),
            );
        }
        let declared = GlobalArgument {
            value,
            place,
            made_of,
        };
        self.declared.insert(name.clone(), declared);
    }

    /// Expands a word of a `FROM` line.
    pub(super) fn expand(&self, word: &Word, escape: Escape) -> Used {
        words::used(&word.text, Reading::Word(escape), &self.values)
    }

    /// Whether a `FROM` line may use a name.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.values.get(name).is_some() || self.declared.contains_key(name)
    }

    /// All names that a `FROM` line may use.
    pub(crate) fn names(&self) -> HashSet<&str> {
        let values = self.values.iter().map(|(name, _)| name.as_str());
        values
            .chain(self.declared.keys().map(String::as_str))
            .collect()
    }
}

fn arguments(file: &Dockerfile) -> impl Iterator<Item = (&ArgDeclaration, Span)> {
    file.global_args.iter().flat_map(|instruction| {
        let args = match &instruction.kind {
            Kind::Arg(args) => args.as_slice(),
            _ => &[],
        };
        args.iter().map(|arg| (arg, instruction.span))
    })
}

/// The values without any that the build was given.
fn defaults(file: &Dockerfile, predefined: &Variables) -> Option<Variables> {
    let mut values = predefined.clone();
    for (arg, _) in arguments(file) {
        if let Some(default) = &arg.default {
            let value = values.expand(&default.text, file.directives.escape).ok()?;
            values.set(&arg.name.text, &value);
        }
    }
    Some(values)
}
