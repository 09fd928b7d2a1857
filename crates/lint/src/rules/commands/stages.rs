//! The stages whose layers come into the image.

use std::collections::BTreeSet;

use crate::file::File;

/// The last stage and those that it stands on. For hadolint, all that any stage stands on, by their names as written.
pub(crate) fn kept(file: &File<'_>) -> BTreeSet<usize> {
    let stages = &file.dockerfile.stages;
    let mut kept: BTreeSet<usize> = stages.len().checked_sub(1).into_iter().collect();
    if file.options.compatible {
        let mut bases: BTreeSet<&str> = BTreeSet::new();
        for (index, stage) in stages.iter().enumerate().rev() {
            if bases.contains(alike_name(stage)) {
                kept.insert(index);
            }
            bases.insert(&stage.base.text);
        }
        return kept;
    }
    let mut next = stages.len().checked_sub(1);
    while let Some(parent) = next.and_then(|index| file.analysis.stages.get(index)?.parent) {
        kept.insert(parent);
        next = Some(parent);
    }
    kept
}

/// The name of a stage for hadolint, which takes that of the image where there is none.
pub(crate) fn alike_name(stage: &dockerfile::ast::Stage) -> &str {
    let name = stage.name_written.as_ref().unwrap_or(&stage.base);
    &name.text
}
