//! An image has the labels that it must have.

use std::collections::HashSet;

use dockerfile::Severity;
use dockerfile::ast::Kind;

use super::labels::{CONFIGURE, labels};
use super::stages::{parents, targets};
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3049",
    summary: "Label is missing",
    severity: Severity::Info,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "The configuration can say which labels an image must have. Looked at is what an image ends with: the last stage, and stages that no other one needs, with the labels of the stages that they stand on. Labels of the base image are not known.",
        bad: "FROM debian:bookworm\nLABEL title=App\n",
        good: r#"FROM debian:bookworm
LABEL maintainer="a@example.com" created=2026-11-30T20:00:00Z version=1.2.3 documentation=https://example.com git-revision=abcdef1 license=MIT title=App org.opencontainers.image.authors=Somebody
"#,
        configure: Some(CONFIGURE),
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    if file.options.label_schema.is_empty() {
        return Vec::new();
    }
    let of_stages = match file.options.compatible {
        true => as_hadolint_sees_it(file),
        false => of_images(file),
    };
    let stages = file.dockerfile.stages.iter().zip(of_stages);
    let looked_at = stages.filter_map(|(stage, has)| Some((stage, has?)));
    looked_at
        .flat_map(|(stage, has)| {
            let wanted = file.options.label_schema.keys();
            let missing = wanted.filter(move |name| !has.contains(*name));
            missing.map(|name| {
                Found::new(
                    stage.span,
                    stage.base.span,
                    format!("Label `{name}` is missing."),
                )
                .help(format!("LABEL {name}=…"))
            })
        })
        .collect()
}

/// The labels of the schema that the stages have which somebody builds.
fn of_images(file: &File<'_>) -> Vec<Option<HashSet<String>>> {
    let mut has = of_instructions(file);
    for (index, parent) in parents(file).into_iter().enumerate() {
        let below = parent.map(|parent| has[parent].clone());
        has[index].extend(below.into_iter().flatten());
    }
    let targets = targets(file).into_iter().zip(has);
    targets
        .map(|(is_target, has)| is_target.then_some(has))
        .collect()
}

/// The labels of the schema that stages set themselves.
fn of_instructions(file: &File<'_>) -> Vec<HashSet<String>> {
    let mut has = vec![HashSet::new(); file.dockerfile.stages.len()];
    for label in labels(file) {
        if file.options.label_schema.contains_key(&label.name) {
            has[label.seen.stage].insert(label.name);
        }
    }
    has
}

/// hadolint looks at all stages that no `COPY --from` names. What a stage without a name has on top of another one counts
/// for that one, too.
fn as_hadolint_sees_it(file: &File<'_>) -> Vec<Option<HashSet<String>>> {
    let own = of_instructions(file);
    let mut has = own.clone();
    for (index, parent) in parents(file).into_iter().enumerate() {
        let Some(parent) = parent else { continue };
        let below = has[parent].clone();
        has[index].extend(below);
        if file.dockerfile.stages[index].name.is_none() {
            has[parent].extend(own[index].iter().cloned());
        }
    }
    let copied = copied(file);
    let stages = file.dockerfile.stages.iter().zip(has);
    stages
        .map(|(stage, has)| {
            let name = stage.name_written.as_ref().map(|name| name.text.as_str());
            let is_copied = name.is_some_and(|name| copied.contains(name));
            (!is_copied).then_some(has)
        })
        .collect()
}

/// The names in `COPY --from`.
fn copied<'f>(file: &'f File<'_>) -> HashSet<&'f str> {
    let copies = file
        .instructions()
        .filter_map(|instruction| match &instruction.kind {
            Kind::Copy(copy) => copy.from.as_ref(),
            _ => None,
        });
    copies.map(|from| from.text.as_str()).collect()
}
