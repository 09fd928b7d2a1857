//! The instructions of stages as rules go through them.

use dockerfile::Span;
use dockerfile::ast::{Instruction, Kind};

use crate::file::File;
use crate::rule::Found;

/// An instruction of a stage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    /// The stage, as an index.
    pub(super) stage: usize,
    /// The instruction of the text: the `ONBUILD` where it is a trigger.
    pub(super) outer: &'a Instruction,
    /// The instruction itself.
    pub(super) instruction: &'a Instruction,
}

impl<'a> Seen<'a> {
    /// What it is.
    pub(super) fn kind(self) -> &'a Kind {
        &self.instruction.kind
    }

    /// Whether it is behind an `ONBUILD`.
    pub(super) fn is_trigger(self) -> bool {
        self.outer.span.start != self.instruction.span.start
    }

    /// Something wrong with a part of it.
    pub(super) fn found(self, place: Span, message: impl Into<String>) -> Found {
        Found::new(self.outer.span, place, message)
    }
}

/// All instructions of the stages. hadolint does not look behind `ONBUILD`.
pub(super) fn seen<'a>(file: &File<'a>) -> impl Iterator<Item = Seen<'a>> + use<'a> {
    let compatible = file.options.compatible;
    with_triggers(file).filter(move |seen| !(compatible && seen.is_trigger()))
}

/// All instructions of the stages; an `ONBUILD` is the instruction behind it.
pub(super) fn with_triggers<'a>(file: &File<'a>) -> impl Iterator<Item = Seen<'a>> + use<'a> {
    let stages = file.dockerfile.stages.iter().enumerate();
    stages.flat_map(|(stage, of)| {
        of.instructions.iter().map(move |outer| Seen {
            stage,
            outer,
            instruction: match &outer.kind {
                Kind::Onbuild(onbuild) => &onbuild.instruction,
                _ => outer,
            },
        })
    })
}
