//! `--platform=$TARGETPLATFORM` says nothing.

use dockerfile::Severity;

use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::instructions::platforms::without_platform;

pub(crate) const RULE: Rule = Rule {
    name: "RedundantTargetPlatform",
    summary: "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &["DL3065"],
    page: Page {
        why: "A stage is for the target's platform anyway.",
        bad: "FROM --platform=$TARGETPLATFORM debian:stable
",
        good: "FROM debian:stable
",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let target = file.analysis.globals.values.get("TARGETPLATFORM");
    let stages = file.dockerfile.stages.iter().zip(&file.analysis.stages);
    stages
        .filter_map(|(stage, analysed)| {
            let (word, used) = (stage.platform.as_ref()?, analysed.platform.as_ref()?);
            let is_target = used.set == ["TARGETPLATFORM"]
                && used.unset.is_empty()
                && Some(used.text.as_str()) == target;
            let message = format!(
                "Setting platform to predefined {} in FROM is redundant as this is the default behavior",
                word.text
            );
            is_target.then(|| {
                Found::new(stage.span, word.span, message)
                    .help("leave it out")
                    .fix(without_platform(file, stage, Safety::Safe))
            })
        })
        .collect()
}
