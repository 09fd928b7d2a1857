//! SHELL is where a shell is chosen.

use dockerfile::Severity;

use super::looking::in_programs;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

pub(crate) const RULE: Rule = Rule {
    name: "DL4005",
    summary: "Use SHELL to change the default shell",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "A link on `/bin/sh` changes the shell of everything in the image, programs of the distribution included, which were written for the one that was there. `SHELL` changes that of the Dockerfile's own `RUN`s. Every `ln` with the word `/bin/sh` is found. The fix makes a `SHELL` of a `RUN` that does nothing but this; it is a guess, as programs in the image may rely on the link.",
        bad: "FROM debian:bookworm\nRUN ln -sf /bin/bash /bin/sh\n",
        good: "FROM debian:bookworm\nSHELL [\"/bin/bash\", \"-c\"]\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let is_alike = file.options.compatible;
    in_programs(file, |run, program| {
        let is_link = match is_alike {
            true => program.arguments.iter().any(|word| word.text == "/bin/sh"),
            false => is_shell(program.arguments.last().map_or("", |word| &word.text)),
        };
        let found = Found::new(run.instruction.span, program.span, RULE.summary)
            .help("write `SHELL [\"/bin/bash\", \"-c\"]`");
        let fix = fix(run, program).and_then(|fix| run.fix_of(program, fix));
        (program.is(&["ln"]) && is_link).then(|| found.fix(fix))
    })
}

fn is_shell(path: &str) -> bool {
    matches!(path, "/bin/sh" | "/usr/bin/sh")
}

/// A `RUN` that makes the link and nothing else is a `SHELL`.
fn fix(run: &RunStep<'_>, program: &Invocation) -> Option<Fix> {
    let list = &run.script.as_ref()?.parsed.list;
    let words: Vec<&str> = program.words().map(|word| word.text.as_str()).collect();
    let [shell, link] = words.as_slice() else {
        return None;
    };
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "/._-".contains(sign);
    let is_path = shell.starts_with('/') && shell.chars().all(is_plain);
    let is_alone = run.invocations().len() == 1 && list.span == program.span;
    let is_simple = is_alone && !run.is_trigger && run.run.heredocs.is_empty();
    if !is_simple || !is_path || !is_shell(link) || is_shell(shell) {
        return None;
    }
    let text = format!("SHELL [\"{shell}\", \"-c\"]");
    let end = program.span.end.min(run.instruction.span.end);
    let place = dockerfile::Span::new(run.instruction.span.start, end);
    Some(Fix::guess("use SHELL", [Edit::replace(place, text)]))
}
