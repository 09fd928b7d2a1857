//! Findings are mended, not hidden.

use dockerfile::Severity;
use dockerfile::ast::Word;

use crate::file::File;
use crate::pragma::{self, Reach};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL1001",
    summary: "Please refrain from using inline ignore pragmas",
    severity: Severity::Info,
    set: Set::Hadolint,
    activation: Activation::Off,
    fix: None,
    twins: &[],
    page: Page {
        why: "A `# hadolint ignore=` comment hides a finding where nobody sees it who reads the report. Who wants all exceptions in one place, the configuration file, gives this rule a severity there. Found are comments that leave out rules for an instruction, a stage or the file.",
        bad: "FROM debian:bookworm\n# hadolint ignore=DL3000\nWORKDIR app\n",
        good: "FROM debian:bookworm\nWORKDIR /app\n",
        configure: None,
    },
    find,
};

const MESSAGE: &str =
    "Please refrain from using inline ignore pragmas  `# hadolint ignore=DLxxxx`.";

fn find(file: &File<'_>) -> Vec<Found> {
    let comments = file.dockerfile.comments.iter();
    comments
        .filter(|comment| is_pragma(file, comment))
        .map(|comment| {
            Found::new(comment.span, comment.span, MESSAGE)
                .help("put the code into `ignored` of the configuration file")
        })
        .collect()
}

fn is_pragma(file: &File<'_>, comment: &Word) -> bool {
    let text = comment.text.strip_prefix('#').unwrap_or(&comment.text);
    match pragma::read(text.trim()) {
        Some((Reach::Instruction, codes)) => {
            // hadolint's own codes are in capitals.
            let is_small = |code: &&str| code.contains(|sign: char| sign.is_ascii_lowercase());
            let is_none_of_it = is_inside(file, comment) || codes.iter().any(is_small);
            !(file.options.compatible && is_none_of_it)
        }
        Some((Reach::Stage | Reach::Global, _)) => !file.options.compatible,
        None => false,
    }
}

/// Whether a comment stands between continued lines.
fn is_inside(file: &File<'_>, comment: &Word) -> bool {
    let stages = &file.dockerfile.stages;
    let at = comment.span.start;
    let stage = stages.partition_point(|stage| stage.span.start <= at);
    let Some(stage) = stage.checked_sub(1).map(|index| &stages[index]) else {
        return false;
    };
    let of_stage = &stage.instructions;
    let instruction = of_stage.partition_point(|instruction| instruction.span.start <= at);
    let place = match instruction.checked_sub(1) {
        Some(index) => of_stage[index].span,
        None => stage.span,
    };
    at < place.end
}
