//! A base image is for the platform that was asked for.

use dockerfile::Severity;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "InvalidBaseImagePlatform",
    summary: "Base image platform does not match expected target platform",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "The base image is for one platform only, and it is not the one that was asked for. The build goes on with it; its programs run only if this machine can run or emulate them. This takes a look at the image, so it is found in a build and by `build --check`.",
        bad: "# an image for linux/amd64 only, built with --platform=linux/arm64
FROM example.com/amd64-only
",
        good: "FROM debian:stable
",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let stages = file.dockerfile.stages.iter().zip(&file.analysis.stages);
    stages
        .enumerate()
        .filter_map(|(index, (stage, analysed))| {
            let mismatch = file.facts.bases.get(&index)?.mismatch.as_ref()?;
            let message = format!(
                "Base image {} was pulled with platform {:?}, expected {:?} for current build",
                analysed.base.text, mismatch.found, mismatch.wanted
            );
            let help = "its programs run only where its platform is this machine's, or is emulated";
            Some(Found::new(stage.span, stage.base.span, message).help(help))
        })
        .collect()
}
