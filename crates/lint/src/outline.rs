//! What a target takes: build arguments, secrets, SSH keys.

use std::collections::{BTreeSet, HashMap, HashSet};

use dockerfile::ast::{Instruction, Kind, MountFlag};
use dockerfile::{Mount, Parsed, Source, Span};

use crate::Facts;
use crate::analysis::AnalysedStage;
use crate::file::File;
use crate::targets::describe;

/// What a target takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The target's name, if it has one.
    pub name: Option<String>,
    /// What the comment above it says.
    pub description: Option<String>,
    /// `ARG`s that it uses, in the order of the text.
    pub arguments: Vec<OutlineArgument>,
    /// `RUN --mount=type=secret`.
    pub secrets: Vec<OutlineNeed>,
    /// `RUN --mount=type=ssh`.
    pub ssh: Vec<OutlineNeed>,
}

/// An `ARG`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlineArgument {
    /// Its name.
    pub name: String,
    /// What the comment above it says: `# name description`.
    pub description: Option<String>,
    /// Its value, if it has one.
    pub value: Option<String>,
    /// Its instruction.
    pub place: Span,
}

/// A secret or a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlineNeed {
    /// Its id.
    pub name: String,
    /// Whether there is no build without it.
    pub is_required: bool,
    /// The instruction that uses it.
    pub place: Span,
}

/// What a target takes: the stage `target`, and all stages that it needs.
pub fn outline(source: &Source, parsed: &Parsed, facts: &Facts<'_>, target: usize) -> Outline {
    let file = File::new(source, parsed, facts, &crate::options::DEFAULT);
    let Some(stage) = parsed.dockerfile.stages.get(target) else {
        return Outline::default();
    };
    let name = stage.name.as_ref().map(|name| name.text.clone());
    let mut collected = Collected::new(&file);
    for index in needed(&file, target) {
        collected.stage(index);
    }
    let mut outline = Outline {
        description: { name.as_ref() }.and_then(|name| describe(&file, name, stage.span)),
        name,
        ..collected.outline
    };
    outline.arguments.sort_by_key(|argument| argument.place);
    outline.secrets.sort_by_key(|need| need.place);
    outline.ssh.sort_by_key(|need| need.place);
    outline
}

/// The target and what it needs, the target first: where two stages declare one name, the nearer counts.
pub(crate) fn needed(file: &File<'_>, target: usize) -> Vec<usize> {
    let mut order = vec![target];
    let mut seen = BTreeSet::from([target]);
    let mut next = 0;
    while let Some(&index) = order.get(next) {
        next += 1;
        for other in needs(file, index) {
            if seen.insert(other) {
                order.push(other);
            }
        }
    }
    order
}

/// The stages that a stage stands on, copies from or mounts.
pub(crate) fn needs(file: &File<'_>, index: usize) -> Vec<usize> {
    let parent = file.analysis.stages[index].parent;
    let instructions = &file.dockerfile.stages[index].instructions;
    let named = instructions.iter().flat_map(|i| sources(file, index, i));
    parent.into_iter().chain(named).collect()
}

/// The stages that an instruction copies from or mounts.
fn sources(file: &File<'_>, index: usize, instruction: &Instruction) -> Vec<usize> {
    let earlier = &file.dockerfile.stages[..index];
    let find = |name: &str| {
        let lower = name.to_lowercase();
        let is_it =
            |stage: &dockerfile::ast::Stage| stage.name.as_ref().is_some_and(|n| n.text == lower);
        let by_number = || name.parse().ok().filter(|number| *number < index);
        earlier.iter().rposition(is_it).or_else(by_number)
    };
    source_names(&instruction.kind)
        .into_iter()
        .filter_map(find)
        .collect()
}

/// What an instruction copies from or mounts, as written.
pub(crate) fn source_names(kind: &Kind) -> Vec<&str> {
    match kind {
        Kind::Copy(copy) => copy.from.iter().map(|word| word.text.as_str()).collect(),
        Kind::Run(run) => run.mounts.iter().filter_map(mount_from).collect(),
        _ => Vec::new(),
    }
}

/// What a `--mount` takes its files from, as written.
pub(crate) fn mount_from(mount: &MountFlag) -> Option<&str> {
    let from = mount.fields.iter().find(|(key, _)| key == "from")?;
    from.1.as_deref()
}

/// What was found so far.
struct Collected<'a> {
    file: &'a File<'a>,
    outline: Outline,
    arguments: HashSet<String>,
    secrets: HashSet<String>,
    ssh: HashSet<String>,
}

impl<'a> Collected<'a> {
    fn new(file: &'a File<'a>) -> Self {
        Self {
            file,
            outline: Outline::default(),
            arguments: HashSet::new(),
            secrets: HashSet::new(),
            ssh: HashSet::new(),
        }
    }

    fn stage(&mut self, index: usize) {
        let analysed = &self.file.analysis.stages[index];
        self.arguments(analysed);
        for step in &analysed.steps {
            for mount in &step.mounts {
                self.need(mount, step.place);
            }
        }
    }

    /// The `ARG`s of a stage, and those before the first `FROM` that it uses.
    fn arguments(&mut self, analysed: &AnalysedStage) {
        let mut own: HashMap<&str, (Option<&String>, Span)> = HashMap::new();
        let mut used: Vec<&str> = Vec::new();
        let platform = analysed.platform.iter().flat_map(|word| &word.set);
        used.extend(analysed.base.set.iter().chain(platform).map(String::as_str));
        for step in &analysed.steps {
            for argument in &step.arguments {
                used.push(&argument.name);
                if !argument.is_inherited {
                    own.insert(&argument.name, (argument.value.as_ref(), step.place));
                }
            }
        }
        let mut next = 0;
        while let Some(&name) = used.get(next) {
            next += 1;
            let global = self.file.analysis.globals.declared.get(name);
            let of_global = || global.map(|global| (global.value.as_ref(), global.place));
            let Some((value, place)) = own.get(name).copied().or_else(of_global) else {
                continue;
            };
            if self.arguments.insert(name.to_owned()) {
                self.outline.arguments.push(OutlineArgument {
                    name: name.to_owned(),
                    description: describe(self.file, name, place),
                    value: value.cloned(),
                    place,
                });
                used.extend(global.iter().flat_map(|g| &g.made_of).map(String::as_str));
            }
        }
    }

    fn need(&mut self, mount: &Mount, place: Span) {
        let (seen, needs, name, is_required) = match mount {
            Mount::Secret { id, required, .. } => (
                &mut self.secrets,
                &mut self.outline.secrets,
                id.as_str(),
                *required,
            ),
            Mount::Ssh { id, required, .. } => {
                let id = id.as_deref().unwrap_or("default");
                (&mut self.ssh, &mut self.outline.ssh, id, *required)
            }
            _ => return,
        };
        if seen.insert(name.to_owned()) {
            needs.push(OutlineNeed {
                name: name.to_owned(),
                is_required,
                place,
            });
        }
    }
}
