//! Which stages there are for others, and which are what somebody builds.

use std::collections::HashMap;

use super::seen::with_triggers;
use crate::file::File;
use crate::outline::source_names;

/// The stages as an instruction of one of them sees them: those before it, by name.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    names: HashMap<String, usize>,
    count: usize,
    compatible: bool,
}

impl Earlier {
    /// Those before the first one: none.
    pub(super) fn none(file: &File<'_>) -> Self {
        Self {
            compatible: file.options.compatible,
            ..Self::default()
        }
    }

    /// Goes on until all stages before this one are among them.
    pub(super) fn advance(&mut self, file: &File<'_>, stage: usize) {
        while self.count < stage {
            if let Some(name) = file.dockerfile.stages.get(self.count).and_then(|stage| {
                // hadolint tells capitals from small letters.
                match self.compatible {
                    true => stage.name_written.as_ref(),
                    false => stage.name.as_ref(),
                }
            }) {
                self.names.insert(name.text.clone(), self.count);
            }
            self.count += 1;
        }
    }

    /// The stage of a name.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        match self.compatible {
            true => self.names.get(name).copied(),
            false => self.names.get(&name.to_lowercase()).copied(),
        }
    }

    /// The stage of a name or a number, as `COPY --from` has them.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let number = || name.parse().ok().filter(|number| *number < self.count);
        self.named(name).or_else(number)
    }

    /// All names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }
}

/// Whether a name is that of a stage itself.
pub(super) fn is_name_of(file: &File<'_>, stage: usize, name: &str) -> bool {
    let stage = file.dockerfile.stages.get(stage);
    match file.options.compatible {
        true => stage
            .and_then(|stage| stage.name_written.as_ref())
            .is_some_and(|own| own.text == name),
        false => stage
            .and_then(|stage| stage.name.as_ref())
            .is_some_and(|own| own.text == name.to_lowercase()),
    }
}

/// The stage that each stage stands on.
pub(super) fn parents(file: &File<'_>) -> Vec<Option<usize>> {
    if !file.options.compatible {
        let stages = file.analysis.stages.iter();
        return stages.map(|stage| stage.parent).collect();
    }
    let mut earlier = Earlier::none(file);
    let stages = file.dockerfile.stages.iter().enumerate();
    stages
        .map(|(index, stage)| {
            earlier.advance(file, index);
            earlier.named(&stage.base.text)
        })
        .collect()
}

/// The stages that somebody builds: the last one, and those that no other one needs.
pub(super) fn targets(file: &File<'_>) -> Vec<bool> {
    let count = file.dockerfile.stages.len();
    let mut is_target = vec![true; count];
    for parent in parents(file).into_iter().flatten() {
        is_target[parent] = false;
    }
    let mut earlier = Earlier::none(file);
    for seen in with_triggers(file) {
        earlier.advance(file, seen.stage);
        for name in source_names(seen.kind()) {
            if let Some(used) = earlier.find(name) {
                is_target[used] = false;
            }
        }
    }
    if let Some(last) = is_target.last_mut() {
        *last = true;
    }
    is_target
}

/// The stages whose layers are in an image that somebody builds: targets, and what they stand on.
pub(super) fn shipped(file: &File<'_>) -> Vec<bool> {
    let mut shipped = targets(file);
    for (index, parent) in parents(file).into_iter().enumerate().rev() {
        if let (true, Some(parent)) = (shipped[index], parent) {
            shipped[parent] = true;
        }
    }
    shipped
}
