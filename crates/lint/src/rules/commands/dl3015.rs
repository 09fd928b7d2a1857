//! apt installs what was asked for, and not what goes well with it.

use dockerfile::Severity;

use crate::file::File;
use crate::fix::{Edit, Fix};
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3015",
    summary: "Avoid additional packages by specifying `--no-install-recommends`",
    severity: Severity::Info,
    set: Set::Hadolint,
    activation: Activation::On,
    twins: &[],
    page: Page {
        why: "Recommended packages are what most people want at a desk. In an image they are often half of its size.",
        bad: "FROM debian:bookworm\nRUN apt-get install -y git=1:2.39.5-0+deb12u2\n",
        good: "FROM debian:bookworm\nRUN apt-get install --no-install-recommends -y git=1:2.39.5-0+deb12u2\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for run in file.runs() {
        for command in run.invocations().iter().filter(|one| is_wrong(one)) {
            let fix = command.word(&["install"]).map(|install| {
                let edit = Edit::insert(install.span.end, " --no-install-recommends");
                Fix::guess("add --no-install-recommends", [edit])
            });
            found.push(
                Found::new(run.instruction.span, command.span, RULE.summary)
                    .fix(fix.and_then(|fix| run.fix(fix))),
            );
        }
    }
    found
}

fn is_wrong(command: &Invocation) -> bool {
    command.is(&["apt-get"])
        && command.has_word(&["install"])
        && !command.has_flag(&["no-install-recommends"])
        && !command
            .arguments
            .iter()
            .any(|a| a.text.contains("APT::Install-Recommends=false"))
}
