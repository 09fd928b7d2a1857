//! What the instructions of a Dockerfile come to: their words with the values of variables in them, and which variables
//! they use that have no value. Nothing is planned and nothing is executed; a rule sees what a build would see.

mod globals;
mod ground;
mod stage;
mod words;

use std::collections::HashMap;
use std::rc::Rc;

use dockerfile::ast::{Dockerfile, Instruction};
use dockerfile::{Mount, Span};

use crate::Facts;
use ground::Ground;

pub(crate) use globals::Globals;
pub(crate) use stage::Walk;
pub(crate) use words::{Reading, Used, used};

/// All stages of a file, in the order of the text.
#[derive(Debug)]
pub(crate) struct Analysis {
    /// What `FROM` lines see, and the `ARG`s before the first of them.
    pub(crate) globals: Globals,
    /// The stages.
    pub(crate) stages: Vec<AnalysedStage>,
}

/// What a stage comes to.
#[derive(Debug)]
pub(crate) struct AnalysedStage {
    /// The base, expanded, and the variables in it.
    pub(crate) base: Used,
    /// `--platform`, expanded, and the variables in it.
    pub(crate) platform: Option<Used>,
    /// The stage that it stands on, if it does.
    pub(crate) parent: Option<usize>,
    /// Whether its instructions count: the build needs them.
    pub(crate) is_needed: bool,
    /// What its instructions come to, triggers first.
    pub(crate) steps: Vec<Step>,
}

/// What an instruction comes to.
#[derive(Debug)]
pub(crate) struct Step {
    /// Where it comes from.
    pub(crate) origin: Origin,
    /// Where it is shown: a trigger has no text of its own in this file.
    pub(crate) place: Span,
    /// The words that rules look at, expanded: names of `ENV`, sources of `COPY` and `ADD` that are paths of the build
    /// context, the path of `WORKDIR`, ports of `EXPOSE`.
    pub(crate) words: Vec<String>,
    /// The variables without a value, each once for every word, with the name that may have been meant.
    pub(crate) unset: Vec<Unset>,
    /// What `ARG` declares, with its value.
    pub(crate) arguments: Vec<Argument>,
    /// `RUN --mount`, as far as they can be read.
    pub(crate) mounts: Vec<Mount>,
    /// Whether the shell was chosen, by the base or by a `SHELL` before.
    pub(crate) has_shell: bool,
    /// Whether there was a `WORKDIR` before.
    pub(crate) has_workdir: bool,
}

/// Where an instruction comes from.
#[derive(Debug)]
pub(crate) enum Origin {
    /// The text: it is the stage's instruction of this index.
    Text(usize),
    /// The base, whose trigger it is.
    Trigger(Box<Instruction>),
}

/// A variable without a value.
#[derive(Debug)]
pub(crate) struct Unset {
    /// Its name.
    pub(crate) name: String,
    /// A variable with a name like it.
    pub(crate) similar: Option<String>,
    /// The word that it stands in.
    pub(crate) place: Span,
}

/// An `ARG` of a stage.
#[derive(Debug)]
pub(crate) struct Argument {
    /// Its name.
    pub(crate) name: String,
    /// Its value, if it has one.
    pub(crate) value: Option<String>,
    /// Whether the value is that of the `ARG` before the first `FROM`.
    pub(crate) is_inherited: bool,
}

/// Looks at a file.
pub(crate) fn analyse(file: &Dockerfile, facts: &Facts<'_>) -> Analysis {
    let globals = Globals::new(file, facts);
    let mut walk = Walk::new(file, facts, &globals);
    let mut grounds: Vec<Rc<Ground>> = Vec::with_capacity(file.stages.len());
    let mut names: HashMap<&str, usize> = HashMap::new();
    let mut stages = Vec::with_capacity(file.stages.len());
    for (index, stage) in file.stages.iter().enumerate() {
        let base = globals.expand(&stage.base, file.directives.escape);
        let parent = names.get(base.text.to_lowercase().as_str()).copied();
        let is_needed = facts.stages.as_ref().is_none_or(|s| s.contains(&index));
        let ground = match parent {
            Some(parent) => Rc::clone(&grounds[parent]),
            None => Rc::new(Ground::of_base(facts, index, &base.text)),
        };
        // No stage that is needed stands on one that is not.
        let (steps, ground) = match is_needed {
            true => walk.stage(stage, ground),
            false => (Vec::new(), ground),
        };
        stages.push(AnalysedStage {
            platform: { stage.platform.as_ref() }
                .map(|word| globals.expand(word, file.directives.escape)),
            base,
            parent,
            is_needed,
            steps,
        });
        grounds.push(ground);
        if let Some(name) = &stage.name {
            names.insert(&name.text, index);
        }
    }
    Analysis { globals, stages }
}
