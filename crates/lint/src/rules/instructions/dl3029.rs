//! A stage is not tied to one platform.

use dockerfile::Severity;
use dockerfile::ast::Stage;

use super::platforms::without_platform;
use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3029",
    summary: "Do not use --platform flag with FROM",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "A stage with a constant platform is built for that one whatever was asked for, and then does not run on the others. Variables are let pass, and constants where the name of the stage says so: `AS tools-amd64`.",
        bad: "FROM --platform=linux/amd64 debian:bookworm\n",
        good: "FROM --platform=$BUILDPLATFORM golang:1.23 AS build\nFROM --platform=linux/amd64 debian:bookworm AS tools-amd64\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for stage in &file.dockerfile.stages {
        if let Some(platform) = stage.platform.as_ref()
            && is_wrong(file, stage, &platform.text)
        {
            found.push(
                Found::new(stage.span, platform.span, RULE.summary)
                    .help("leave it out, use a variable, or say it in the stage's name")
                    .fix(without_platform(file, stage, Safety::Unsafe)),
            );
        }
    }
    found
}

fn is_wrong(file: &File<'_>, stage: &Stage, platform: &str) -> bool {
    if file.options.compatible {
        return !platform.contains("BUILDPLATFORM") && !platform.contains("TARGETPLATFORM");
    }
    let name = stage.name.as_ref().map_or("", |name| name.text.as_str());
    let parts = (file.facts.names.platform)(platform);
    let is_named = parts.is_some_and(|(os, machine)| name.contains(&os) || name.contains(&machine));
    !platform.contains('$') && !is_named
}
