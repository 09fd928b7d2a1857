//! A newer distribution is a newer base image.

use dockerfile::Severity;

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::invocation::Argument;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DistributionUpgrade",
    summary: "A newer distribution comes from a newer base image, not from dist-upgrade",
    severity: Severity::Info,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "dist-upgrade and full-upgrade install and remove packages as they like; what changed is stored beside what the base has, and differs from day to day. Found are apt-get, apt and aptitude with dist-upgrade or full-upgrade, and do-release-upgrade. Let pass is `upgrade`, which some use for the fixes of security since the base was made, though a newer base gives the same without the bytes; and zypper, for which DL3035 says it.",
        bad: "FROM debian:bookworm-slim\nRUN apt-get update && apt-get dist-upgrade -y && rm -rf /var/lib/apt/lists/*\n",
        good: "FROM debian:bookworm-20241111-slim\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for run in file.runs() {
        for command in run.invocations() {
            let verb = command
                .word(&["dist-upgrade", "full-upgrade"])
                .filter(|_| command.is(&["apt-get", "apt", "aptitude"]));
            let release = command.is(&["do-release-upgrade"]).then_some(&command.name);
            if let Some(word) = verb.or(release) {
                let message = format!(
                    "{} makes another distribution of the base, and stores it beside the old one",
                    word.text
                );
                let edit = |word: &Argument| Edit::replace(word.span, "upgrade");
                let fix = verb.map(|word| Fix::guess("write upgrade", [edit(word)]));
                let help = "name a newer base image, and build again when there is one";
                let here = Found::new(run.instruction.span, word.span, message).help(help);
                found.push(here.fix(fix.and_then(|fix| run.fix(fix))));
            }
        }
    }
    found
}
