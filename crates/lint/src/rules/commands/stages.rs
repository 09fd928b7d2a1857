//! The stages whose layers come into the image.

use std::collections::BTreeSet;

use dockerfile::ast::Stage;

use crate::file::File;

/// The last stage and those that it stands on. For hadolint, all that any stage stands on, by their names as written.
pub(crate) fn kept(file: &File<'_>) -> BTreeSet<usize> {
    match file.options.compatible {
        true => kept_alike(&file.dockerfile.stages),
        false => file.shipped().into_iter().collect(),
    }
}

/// For each stage the one that it stands on in the end: that whose base is an image.
pub(crate) fn roots(file: &File<'_>) -> Vec<usize> {
    let mut roots: Vec<usize> = Vec::with_capacity(file.analysis.stages.len());
    for (index, stage) in file.analysis.stages.iter().enumerate() {
        let parent = stage.parent.and_then(|parent| roots.get(parent));
        roots.push(parent.copied().unwrap_or(index));
    }
    roots
}

/// For hadolint, those whose name is a base, and those that begin as the last one does.
fn kept_alike(stages: &[Stage]) -> BTreeSet<usize> {
    let name = |stage: &'_ Stage| stage.name_written.as_ref().map(|name| name.text.clone());
    let begin = |stage: &Stage| (stage.base.text.clone(), name(stage));
    let last = stages.last().map(begin);
    let mut bases: BTreeSet<&str> = BTreeSet::new();
    let mut kept = BTreeSet::new();
    for (index, stage) in stages.iter().enumerate().rev() {
        let is_base = name(stage).is_some_and(|name| bases.contains(name.as_str()));
        if is_base || last.as_ref() == Some(&begin(stage)) {
            kept.insert(index);
        }
        bases.insert(&stage.base.text);
    }
    kept
}

/// The name of a stage for hadolint, which takes that of the image where there is none.
pub(crate) fn alike_name(stage: &Stage) -> &str {
    let name = stage.name_written.as_ref().unwrap_or(&stage.base);
    &name.text
}
