//! apt installs what was asked for, and not what goes well with it.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages::APT;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3015",
    summary: "Avoid additional packages by specifying `--no-install-recommends`",
    severity: Severity::Info,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "Recommended packages are what most people want at a desk. In an image they are often half of its size. `--no-install-recommends` and `-o APT::Install-Recommends=false` are let pass. The fix is a guess: something that is needed may only have come as a recommendation.",
        bad: "FROM debian:bookworm\nRUN apt-get install -y git=1:2.39.5-0+deb12u2\n",
        good: "FROM debian:bookworm\nRUN apt-get install --no-install-recommends -y git=1:2.39.5-0+deb12u2\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    in_programs(file, |run, program| {
        let install = APT.verb(file, program, &["install"])?;
        if is_sparing(program, file.options.compatible) {
            return None;
        }
        let edit = Edit::insert(install.span.end, " --no-install-recommends");
        let fix = Fix::guess("add --no-install-recommends", [edit]);
        let found = Found::new(run.instruction.span, program.span, RULE.summary)
            .help("write `apt-get install --no-install-recommends`");
        Some(found.fix(run.fix_of(program, fix)))
    })
}

fn is_sparing(program: &Invocation, is_alike: bool) -> bool {
    let is_setting = |text: &str| {
        let text = text.to_ascii_lowercase();
        let value = text.split_once("apt::install-recommends=").map(|it| it.1);
        value.is_some_and(|value| matches!(value, "false" | "0" | "no" | "off"))
    };
    let mut words = program.arguments.iter();
    program.has_flag(&["no-install-recommends"])
        || match is_alike {
            true => words.any(|word| word.text == "APT::Install-Recommends=false"),
            false => words.any(|word| is_setting(&word.text)),
        }
}
