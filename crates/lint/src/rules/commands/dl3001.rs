//! A container has no use for some programs.

use dockerfile::Severity;

use super::looking::in_programs;
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3001",
    summary: "For some bash commands it makes no sense running them in a Docker container like `ssh`, `vim`, `shutdown`, `service`, `ps`, `free`, `top`, `kill`, `mount`, `ifconfig`",
    severity: Severity::Info,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "A `RUN` is a process in a container that lives as long as this process does: there are no services to start, nobody is there to look at `top` or to type into `vim`, and what is mounted or killed is gone in the next step. The programs are `free`, `kill`, `mount`, `ps`, `service`, `shutdown`, `ssh`, `top` and `vim`, started by the shell itself or, unless hadolint's exact behaviour is wanted, by `sudo` and its like. Their names in the words of other programs are let pass.",
        bad: "FROM debian:bookworm\nRUN service nginx start\n",
        good: "FROM debian:bookworm\nCMD [\"nginx\", \"-g\", \"daemon off;\"]\n",
        configure: None,
    },
    find,
};

const PROGRAMS: [&str; 9] = [
    "free", "kill", "mount", "ps", "service", "shutdown", "ssh", "top", "vim",
];

fn find(file: &File<'_>) -> Vec<Found> {
    in_programs(file, |run, program| {
        let found = Found::new(run.instruction.span, program.name.span, RULE.summary);
        let help = format!("leave `{}` out", program.name.text);
        program.is(&PROGRAMS).then(|| found.help(help))
    })
}
