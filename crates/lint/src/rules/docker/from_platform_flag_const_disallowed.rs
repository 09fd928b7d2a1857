//! A stage is not tied to one platform, unless its name says so.

use dockerfile::Severity;

use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::instructions::platforms::without_platform;

pub(crate) const RULE: Rule = Rule {
    name: "FromPlatformFlagConstDisallowed",
    summary: "FROM --platform flag should not use a constant value",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &["DL3029"],
    page: Page {
        why: "A stage with a constant platform is built for that one whatever was asked for, and then does not run on the others. If that is meant, put the system or the machine into the stage's name: `AS tools-amd64` is not found fault with.",
        bad: "FROM --platform=linux/amd64 debian:stable AS builder
",
        good: "FROM --platform=$BUILDPLATFORM debian:stable AS builder
FROM --platform=linux/amd64 debian:stable AS tools-amd64
",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let stages = file.dockerfile.stages.iter().zip(&file.analysis.stages);
    stages
        .filter_map(|(stage, analysed)| {
            let (word, used) = (stage.platform.as_ref()?, analysed.platform.as_ref()?);
            if used.is_broken || !used.set.is_empty() || !used.unset.is_empty() {
                return None;
            }
            let (os, machine) = (file.facts.names.platform)(&used.text)?;
            let name = stage.name.as_ref().map_or("", |name| name.text.as_str());
            if name.contains(&os) || name.contains(&machine) {
                return None;
            }
            let message = format!(
                "FROM --platform flag should not use constant value {:?}",
                used.text
            );
            Some(
                Found::new(stage.span, word.span, message).fix(without_platform(
                    file,
                    stage,
                    Safety::Unsafe,
                )),
            )
        })
        .collect()
}
