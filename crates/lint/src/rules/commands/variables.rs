//! Variables that switch something on: by `ENV` above a `RUN`, or in its script.

use std::collections::{BTreeMap, BTreeSet};

use dockerfile::ast::{Form, Instruction, Kind, Pair};

use crate::file::File;
use crate::runs::RunStep;

use super::stages;

/// Whether a variable is on, for instructions and for triggers.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    in_stage: bool,
    in_triggers: bool,
}

/// The starts of the instructions before which `ENV` switches a variable on, in the stage or in one that it stands on. For
/// hadolint it stays on, and triggers have variables of their own.
pub(crate) fn runs_with(file: &File<'_>, variable: &str) -> BTreeSet<u32> {
    let is_alike = file.options.compatible;
    let mut states: Vec<State> = Vec::new();
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for (index, stage) in file.dockerfile.stages.iter().enumerate() {
        let parent = match is_alike {
            true => names.get(stage.base.text.as_str()).copied(),
            false => file.analysis.stages.get(index).and_then(|it| it.parent),
        };
        let mut state = parent
            .and_then(|parent| states.get(parent))
            .copied()
            .unwrap_or_default();
        if is_alike {
            // The triggers of all stages are one.
            state.in_triggers = states.last().is_some_and(|last| last.in_triggers);
        }
        for instruction in &stage.instructions {
            state.apply(instruction, variable, is_alike);
            let is_trigger = matches!(instruction.kind, Kind::Onbuild(_));
            let is_on = match (is_alike, is_trigger) {
                (true, true) => state.in_triggers,
                (true, false) => state.in_stage,
                (false, _) => state.in_stage || is_trigger && state.in_triggers,
            };
            if is_on {
                found.insert(instruction.span.start);
            }
        }
        states.push(state);
        names.insert(stages::alike_name(stage), index);
    }
    found
}

impl State {
    fn apply(&mut self, instruction: &Instruction, variable: &str, is_alike: bool) {
        let (pairs, state) = match &instruction.kind {
            Kind::Env(pairs) => (pairs, &mut self.in_stage),
            Kind::Onbuild(inner) => match &inner.instruction.kind {
                Kind::Env(pairs) => (pairs, &mut self.in_triggers),
                _ => return,
            },
            _ => return,
        };
        for pair in pairs.iter().filter(|pair| pair.name.text == variable) {
            *state = is_true(value(pair)) || is_alike && *state;
        }
    }
}

/// The value without quotes.
fn value(pair: &Pair) -> &str {
    pair.value.text.trim_matches(['"', '\''])
}

fn is_true(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    matches!(value.as_str(), "1" | "true" | "on" | "yes")
}

/// Whether a script sets a variable to a true value, anywhere in its text. hadolint sees it without quotes only.
pub(crate) fn is_set_in(run: &RunStep<'_>, variable: &str, is_alike: bool) -> bool {
    let bodies = run.run.heredocs.iter().map(|heredoc| heredoc.body.as_str());
    let command = match &run.run.command {
        Form::Shell(word) => Some(word.text.as_str()),
        Form::Exec(_) => None,
    };
    command.into_iter().chain(bodies).any(|text| {
        let values = text.match_indices(variable);
        let mut values = values.filter_map(|(at, _)| text[at + variable.len()..].strip_prefix('='));
        values.any(|value| {
            let value = match is_alike {
                true => value,
                false => value.trim_start_matches(['"', '\'']),
            };
            let starts = |with: &str| {
                let start = value.get(..with.len());
                start.is_some_and(|start| start.eq_ignore_ascii_case(with))
            };
            ["1", "true", "on", "yes"].into_iter().any(starts)
        })
    })
}
