//! A base image is for the platform that was asked for.

use dockerfile::Severity;

use crate::file::File;
use crate::rule::{Found, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "InvalidBaseImagePlatform",
    summary: "Base image platform does not match expected target platform",
    severity: Severity::Warning,
    experimental: false,
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
