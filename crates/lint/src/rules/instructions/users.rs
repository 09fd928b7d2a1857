//! `USER`: who a stage ends with.

use std::collections::BTreeMap;

use dockerfile::ast::{Instruction, Kind, Word};

use super::stages::{parents, targets};
use super::words::unquoted;
use crate::file::File;

/// A `USER`.
#[derive(Clone, Copy, Debug)]
pub(super) struct User<'a> {
    /// The instruction.
    pub(super) instruction: &'a Instruction,
    /// What it says.
    pub(super) word: &'a Word,
}

impl User<'_> {
    /// What is before the colon, without quotes.
    pub(super) fn name(&self, file: &File<'_>) -> String {
        let mut name = unquoted(&self.word.text, file.dockerfile.directives.escape);
        let end = name.find(':').unwrap_or(name.len());
        name.truncate(end);
        name
    }

    /// It, if the instruction is one.
    pub(super) fn of(instruction: &Instruction) -> Option<User<'_>> {
        match &instruction.kind {
            Kind::User(word) => Some(User { instruction, word }),
            _ => None,
        }
    }
}

/// The last one of each stage that has one.
pub(super) fn last_of_stages<'a>(file: &File<'a>) -> Vec<User<'a>> {
    last(file).into_iter().flatten().collect()
}

/// The ones that the images end with that somebody builds, each once.
pub(super) fn last_of_images<'a>(file: &File<'a>) -> Vec<User<'a>> {
    let mut last = last(file);
    let parents = parents(file);
    let mut found = BTreeMap::new();
    for (index, is_target) in targets(file).into_iter().enumerate() {
        let below = parents[index].and_then(|parent| last[parent]);
        last[index] = last[index].or(below);
        if let (true, Some(user)) = (is_target, last[index]) {
            found.insert(user.instruction.span.start, user);
        }
    }
    found.into_values().collect()
}

fn last<'a>(file: &File<'a>) -> Vec<Option<User<'a>>> {
    let stages = file.dockerfile.stages.iter();
    stages
        .map(|stage| stage.instructions.iter().rev().find_map(User::of))
        .collect()
}
