//! All instructions are in capitals, or all in small letters.

use dockerfile::Severity;
use dockerfile::Span;
use dockerfile::ast::Word;

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "ConsistentInstructionCasing",
    summary: "All commands within the Dockerfile should use the same casing (either upper or lower)",
    severity: Severity::Style,
    set: Set::Docker,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "Docker reads keywords in any case. In a file that mixes them a reader looks for a meaning that is not there. What most instructions of the file do is what is expected of the others; with a tie, capitals.",
        bad: "FROM debian:stable
run make
RUN make install
",
        good: "FROM debian:stable
RUN make
RUN make install
",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let keywords = keywords(file);
    let count = |is: fn(&str) -> bool| keywords.iter().filter(|(word, _)| is(&word.text)).count();
    let (is_wanted, wanted): (fn(&str) -> bool, _) = match count(is_lower) > count(is_upper) {
        true => (is_lower, "lowercase"),
        false => (is_upper, "uppercase"),
    };
    let wrong = keywords.iter().filter(|(word, _)| !is_wanted(&word.text));
    wrong
        .map(|(word, instruction)| {
            let message = format!(
                "Command '{}' should match the case of the command majority ({wanted})",
                word.text
            );
            let right = match wanted {
                "lowercase" => word.text.to_ascii_lowercase(),
                _ => word.text.to_ascii_uppercase(),
            };
            let edit = Edit::replace(word.span, right.clone());
            Found::new(*instruction, word.span, message)
                .fix(Fix::safe(format!("write {right}"), [edit]))
        })
        .collect()
}

/// The keywords of all stages; an `ARG` before the first `FROM` has no vote, as with Docker.
fn keywords<'a>(file: &'a File<'_>) -> Vec<(&'a Word, Span)> {
    let stages = file.dockerfile.stages.iter();
    stages
        .flat_map(|stage| {
            let instructions = stage.instructions.iter();
            std::iter::once((&stage.keyword, stage.span))
                .chain(instructions.map(|instruction| (&instruction.keyword, instruction.span)))
        })
        .collect()
}

fn is_upper(keyword: &str) -> bool {
    keyword.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_lower(keyword: &str) -> bool {
    keyword.bytes().all(|byte| byte.is_ascii_lowercase())
}
