//! Nobody needs sudo in a build.

use dockerfile::Severity;

use super::looking::in_programs;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3004",
    summary: "Do not use sudo as it leads to unpredictable behavior. Use a tool like gosu to enforce root",
    severity: Severity::Error,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "A `RUN` is root unless a `USER` says otherwise, and can become root again by another `USER`. `sudo` reads settings, clears variables and starts a terminal session, all of which differ from one base image to the next. Every `sudo` that a `RUN` starts is found, unless it stands in the words of another program. The fix takes the word away, which is right where the step is root already; where `-u` or `-i` choose another user or shell, there is no fix.",
        bad: "FROM debian:bookworm\nRUN sudo apt-get update && rm -rf /var/lib/apt/lists/*\n",
        good: "FROM debian:bookworm\nRUN apt-get update && rm -rf /var/lib/apt/lists/*\n",
        configure: None,
    },
    find,
};

/// Flags of sudo that change nothing for a step that is root.
const HARMLESS: [&str; 8] = ["-E", "-H", "-n", "-S", "-k", "-EH", "-HE", "--"];

fn find(file: &File<'_>) -> Vec<Found> {
    in_programs(file, |run, program| {
        let found = Found::new(run.instruction.span, program.name.span, RULE.summary)
            .help("leave `sudo` out: the step is root unless a `USER` says otherwise");
        let fix = fix(program).and_then(|fix| run.fix_of(program, fix));
        program.is(&["sudo"]).then(|| found.fix(fix))
    })
}

/// What sudo runs is run without it.
fn fix(sudo: &Invocation) -> Option<Fix> {
    let is_kept = |word: &&crate::invocation::Argument| {
        !HARMLESS.contains(&word.text.as_str()) && !word.text.starts_with("--preserve-env")
    };
    let first = sudo.arguments.iter().find(is_kept)?;
    let gone = dockerfile::Span::new(sudo.name.span.start, first.span.start);
    (!first.is_flag()).then(|| Fix::guess("leave sudo out", [Edit::delete(gone)]))
}
