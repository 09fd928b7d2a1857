//! One program for downloads is enough.

use dockerfile::Severity;

use crate::file::File;
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

pub(crate) const RULE: Rule = Rule {
    name: "DL4001",
    summary: "Either use Wget or Curl but not both",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "`curl` and `wget` do the same for a build. Who uses one of them throughout has one package less in the image and one less to keep up to date. Found is each `RUN` that uses one of them in a stage where the other one was used before, or in the same `RUN`. Stages are looked at one by one, and triggers apart from what the stage itself does; that a package of that name is installed does not count.",
        bad: "FROM debian:bookworm\nRUN wget -q https://example.com/a\nRUN curl -sSfO https://example.com/b\n",
        good: "FROM debian:bookworm\nRUN curl -sSfO https://example.com/a\nRUN curl -sSfO https://example.com/b\n",
        configure: None,
    },
    find,
};

/// Which of the two a stage has used.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    curl: bool,
    wget: bool,
}

fn find(file: &File<'_>) -> Vec<Found> {
    let is_alike = file.options.compatible;
    let mut found = Vec::new();
    let mut seen = [Seen::default(); 2];
    let mut stage = 0;
    for run in file.runs() {
        if run.stage != stage {
            stage = run.stage;
            // For hadolint, the triggers of all stages are one.
            let triggers = if is_alike { seen[1] } else { Seen::default() };
            seen = [Seen::default(), triggers];
        }
        let seen = &mut seen[usize::from(run.is_trigger)];
        let last = seen.add(run);
        if let Some(program) = last.filter(|_| seen.curl && seen.wget) {
            let one = Found::new(run.instruction.span, program.name.span, RULE.summary);
            found.push(one.help("use the one that the stage has used before"));
        }
    }
    found
}

impl Seen {
    /// Takes the programs of a `RUN`; the last one of the two is given back.
    fn add<'r>(&mut self, run: &'r RunStep<'_>) -> Option<&'r Invocation> {
        let mut last = None;
        for program in run.invocations() {
            self.curl |= program.is(&["curl"]);
            self.wget |= program.is(&["wget"]);
            if program.is(&["curl", "wget"]) {
                last = Some(program);
            }
        }
        last
    }
}
