//! Whether what was built will start: what `carafe check` finds, told at the end of a build.

use super::session::Session;
use crate::command_error::CommandError;
use crate::terminal::clean;
use builder::Outcome;
use inspect::start::{self, Certainty, Problem};

/// What surely goes wrong with an image that was made for one platform. Nothing is unpacked for it: where files are not there
/// yet, `carafe check` looks into them.
pub(super) fn problems(
    outcome: &Outcome,
    session: &Session<'_>,
) -> Result<Vec<Problem>, CommandError> {
    let store = &session.store;
    let ([image], [stack]) = (outcome.first().images.as_slice(), outcome.stacks.as_slice()) else {
        return Ok(Vec::new());
    };
    let Some(stack) = store.unpacked_stack(stack)? else {
        return Ok(Vec::new());
    };
    let mut found = start::problems(&store.union(&stack)?, &store.config(&image.config)?)?;
    found.retain(|problem| problem.certainty < Certainty::May);
    Ok(found)
}

/// The lines that tell it.
pub(super) fn lines(problems: &[Problem]) -> String {
    let line = |problem: &Problem| {
        let what = match problem.certainty {
            Certainty::Fails => "the image will not start",
            Certainty::Breaks | Certainty::May => "the image starts, but",
        };
        let clean = |text: &str| clean::line(text.as_bytes());
        let (message, help) = (clean(&problem.message), clean(&problem.help));
        format!(
            "warning: {what}: {message} ({})\n  help: {help}\n",
            problem.kind.name()
        )
    };
    problems.iter().map(line).collect()
}
