//! `--platform=$TARGETPLATFORM` says nothing.

use dockerfile::Severity;
use dockerfile::ast::Word;

use super::platforms::without_platform;
use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3065",
    summary: "Setting `FROM --platform` to predefined `$TARGETPLATFORM` in is redundant as this is the default behavior",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "A stage is for the target's platform anyway. Nothing is said where an `ARG` of the file gives the variable a default of its own.",
        bad: "FROM --platform=$TARGETPLATFORM debian:bookworm\n",
        good: "FROM debian:bookworm\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let declared = file.analysis.globals.declared.get("TARGETPLATFORM");
    let is_own = declared.is_some_and(|argument| argument.value.is_some());
    if is_own && !file.options.compatible {
        return Vec::new();
    }
    let mut found = Vec::new();
    for stage in &file.dockerfile.stages {
        let redundant = stage.platform.as_ref().filter(|word| is_target(file, word));
        if let Some(platform) = redundant {
            found.push(
                Found::new(stage.span, platform.span, RULE.summary)
                    .help("leave it out")
                    .fix(without_platform(file, stage, Safety::Safe)),
            );
        }
    }
    found
}

fn is_target(file: &File<'_>, word: &Word) -> bool {
    // hadolint leaves single quotes on.
    let is_quoted = file.source.slice(word.span).starts_with('\'');
    matches!(word.text.as_str(), "$TARGETPLATFORM" | "${TARGETPLATFORM}")
        && !(is_quoted && file.options.compatible)
}
