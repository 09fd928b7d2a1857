//! An image says how to tell whether its containers are well.

use std::collections::HashMap;

use dockerfile::Severity;
use dockerfile::ast::Kind;
use dockerfile::ast::Stage;

use super::images::Reference;
use super::stages::{parents, targets};
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3057",
    summary: "`HEALTHCHECK` instruction missing",
    severity: Severity::Info,
    set: Set::Hadolint,
    activation: Activation::Off,
    fix: None,
    twins: &[],
    page: Page {
        why: "Without a `HEALTHCHECK` a container counts as well as long as its process is there. Orchestrators with checks of their own (Kubernetes) do not look at it, therefore the rule is off. Looked at is what an image ends with: the last stage, and stages that no other one needs, with those that they stand on. `HEALTHCHECK NONE` is an answer, too.",
        bad: r#"FROM debian:bookworm
CMD ["server"]
"#,
        good: r#"FROM debian:bookworm
HEALTHCHECK CMD ["curl", "-f", "http://localhost"]
CMD ["server"]
"#,
        configure: None,
    },
    find,
};

const MESSAGE: &str = "`HEALTHCHECK` instruction missing.";

fn find(file: &File<'_>) -> Vec<Found> {
    let missing = match file.options.compatible {
        true => as_hadolint_sees_it(file),
        false => of_images(file),
    };
    let stages = file.dockerfile.stages.iter().zip(missing);
    stages
        .filter(|(_, is_missing)| *is_missing)
        .map(|(stage, _)| Found::new(stage.span, stage.base.span, MESSAGE))
        .collect()
}

fn has_one(stage: &Stage) -> bool {
    let mut instructions = stage.instructions.iter();
    instructions.any(|instruction| matches!(instruction.kind, Kind::Healthcheck(_)))
}

fn of_images(file: &File<'_>) -> Vec<bool> {
    let mut has: Vec<bool> = file.dockerfile.stages.iter().map(has_one).collect();
    for (index, parent) in parents(file).into_iter().enumerate() {
        has[index] |= parent.is_some_and(|parent| has[parent]);
    }
    let targets = targets(file).into_iter().zip(has);
    targets.map(|(is_target, has)| is_target && !has).collect()
}

/// hadolint knows stages by their names, or by those of their images; a `HEALTHCHECK` counts for all that a stage stands
/// on, as far as it has come.
fn as_hadolint_sees_it(file: &File<'_>) -> Vec<bool> {
    let stages = &file.dockerfile.stages;
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut has = vec![false; stages.len()];
    for (index, stage) in stages.iter().enumerate() {
        let base = Reference::of_hadolint(&stage.base.text).name;
        let below = known.get(base).copied();
        has[index] = below.is_some_and(|below| has[below]);
        let name = stage.name_written.as_ref().map_or(base, |name| &name.text);
        known.entry(name).or_insert(index);
        let mut at = has_one(stage).then_some(index);
        while let Some(next) = at.filter(|next| *next == index || !has[*next]) {
            has[next] = true;
            let base = Reference::of_hadolint(&stages[next].base.text).name;
            at = known.get(base).copied().filter(|below| *below < next);
        }
    }
    has.into_iter().map(|has| !has).collect()
}
