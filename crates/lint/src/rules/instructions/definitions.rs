//! Variables that a stage has defined so far.

use std::collections::HashSet;

use dockerfile::ast::Kind;

use super::seen::Seen;
use super::stages::parents;
use super::words::unquoted;
use crate::file::File;

/// How many stages on top of each other are looked through.
const DEPTH_AT_MOST: usize = 100;

/// What each stage has defined so far.
pub(super) struct Definitions<'f, 'a> {
    file: &'f File<'a>,
    parents: Vec<Option<usize>>,
    stages: Vec<HashSet<String>>,
    /// What `ARG`s before the first `FROM` define, and in hadolint's eyes any stage.
    everywhere: HashSet<String>,
}

impl<'f, 'a> Definitions<'f, 'a> {
    /// Those before the first stage.
    pub(super) fn none(file: &'f File<'a>) -> Self {
        let mut everywhere = HashSet::new();
        if file.options.compatible {
            let arguments = file.dockerfile.global_args.iter();
            everywhere.extend(arguments.flat_map(|argument| names(file, &argument.kind)));
        }
        Self {
            file,
            parents: parents(file),
            stages: vec![HashSet::new(); file.dockerfile.stages.len()],
            everywhere,
        }
    }

    /// Takes in what an instruction defines.
    pub(super) fn add(&mut self, seen: Seen<'_>) {
        let names = names(self.file, seen.kind());
        match self.file.options.compatible {
            true => self.everywhere.extend(names),
            false => self.stages[seen.stage].extend(names),
        }
    }

    /// Whether a variable is defined in a stage, as far as the text and the base image say.
    pub(super) fn has(&self, stage: usize, name: &str) -> bool {
        if self.file.options.compatible {
            return self.everywhere.contains(name);
        }
        let mut at = Some(stage);
        for _ in 0..DEPTH_AT_MOST {
            let Some(index) = at else { break };
            if self.stages[index].contains(name) || self.is_of_base(index, name) {
                return true;
            }
            at = self.parents[index];
        }
        name == "PATH"
    }

    fn is_of_base(&self, stage: usize, name: &str) -> bool {
        let base = self.file.facts.bases.get(&stage);
        let mut variables = base.into_iter().flat_map(|base| &base.env);
        variables.any(|variable| variable.split('=').next() == Some(name))
    }
}

/// The names that an instruction defines.
fn names(file: &File<'_>, kind: &Kind) -> Vec<String> {
    let escape = file.dockerfile.directives.escape;
    match kind {
        Kind::Env(pairs) => pairs
            .iter()
            .map(|pair| unquoted(&pair.name.text, escape))
            .collect(),
        Kind::Arg(args) => args.iter().map(|arg| arg.name.text.clone()).collect(),
        _ => Vec::new(),
    }
}
