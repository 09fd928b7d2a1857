//! Can the health check run? Docker's `HEALTHCHECK`.

use super::argv::Argv;
use super::problem::{Certainty, Instruction, Problem, ProblemKind};
use super::{Image, program};
use crate::Error;

/// Words of a shell that are no programs.
const BUILTINS: [&str; 14] = [
    "[", "test", "exit", "echo", "true", "false", "cd", "exec", "if", "while", "until", "for",
    "case", "command",
];

/// Looks for what would keep the health check from running.
pub(super) fn check(image: &Image<'_>, problems: &mut Vec<Problem>) -> Result<(), Error> {
    let Some(healthcheck) = &image.config.config.healthcheck else {
        return Ok(());
    };
    let words = match healthcheck.test.as_slice() {
        [kind, words @ ..] if kind == "CMD" && !words.is_empty() => words.to_vec(),
        [kind, script] if kind == "CMD-SHELL" => return shell(image, script, problems),
        _ => return Ok(()),
    };
    program_of(image, words, problems)
}

/// The shell, and the script's first word if that is plainly a program.
fn shell(image: &Image<'_>, script: &str, problems: &mut Vec<Problem>) -> Result<(), Error> {
    let before = problems.len();
    let shell = image
        .config
        .config
        .shell
        .first()
        .map_or("/bin/sh", String::as_str);
    program_of(
        image,
        [shell, "-c", script].map(str::to_owned).to_vec(),
        problems,
    )?;
    let first = script.split_whitespace().next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+".contains(c);
    if problems.len() > before || BUILTINS.contains(&first) || !first.chars().all(is_plain) {
        return Ok(());
    }
    program_of(image, vec![first.to_owned()], problems)
}

/// What is wrong with the check's program is a health check that always fails: the container runs all the same.
fn program_of(
    image: &Image<'_>,
    words: Vec<String>,
    problems: &mut Vec<Problem>,
) -> Result<(), Error> {
    let mut found = Vec::new();
    program::check(
        image,
        &Argv {
            words,
            instruction: Instruction::Healthcheck,
        },
        &mut found,
    )?;
    problems.extend(found.into_iter().map(|problem| Problem {
        kind: ProblemKind::HealthcheckBroken,
        certainty: Certainty::Breaks,
        message: format!("the health check always fails: {}", problem.message),
        ..problem
    }));
    Ok(())
}
