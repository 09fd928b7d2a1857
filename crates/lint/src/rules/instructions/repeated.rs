//! Instructions that a stage has once: of several the last one counts.

use dockerfile::ast::{Instruction, Kind};

use crate::file::File;
use crate::fix::{Edit, Fix};
use crate::rule::Found;
use crate::rules::edits::whole_lines;

/// Those of a kind that have another one before them in their stage. hadolint shows the later one, Docker the earlier one,
/// which does nothing.
pub(super) fn repeated(file: &File<'_>, is_it: fn(&Kind) -> bool, message: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for stage in &file.dockerfile.stages {
        let mut before: Option<&Instruction> = None;
        for instruction in stage.instructions.iter().filter(|one| is_it(&one.kind)) {
            if let Some(before) = before.replace(instruction) {
                let keyword = instruction.keyword.span;
                found.push(
                    Found::new(instruction.span, keyword, message)
                        .about(before.span)
                        .help(format!("remove the {} before it", before.keyword.text))
                        .fix(removal(file, before)),
                );
            }
        }
    }
    found
}

/// Takes an instruction out that does nothing.
pub(crate) fn removal(file: &File<'_>, instruction: &Instruction) -> Fix {
    let title = format!("remove the {} that has no effect", instruction.keyword.text);
    Fix::safe(title, [Edit::delete(whole_lines(file, instruction.span))])
}
