//! A base image has a name without any `--build-arg` too.

use dockerfile::Severity;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "InvalidDefaultArgInFrom",
    summary: "Default value for global ARG results in an empty or invalid base image name",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Without `--build-arg` the name of the base image is empty or cannot be one. Who builds without having read the file gets an error that a default would spare them.",
        bad: "ARG TAG
FROM debian:${TAG}
",
        good: "ARG TAG=stable
FROM debian:${TAG}
",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let Some(defaults) = &file.analysis.globals.defaults else {
        return Vec::new();
    };
    let escape = file.dockerfile.directives.escape;
    let mut found = Vec::new();
    for stage in &file.dockerfile.stages {
        // What cannot be expanded ends the build, and Docker's look at the defaults.
        let Ok(name) = defaults.expand(&stage.base.text, escape) else {
            break;
        };
        if !(file.facts.names.is_image)(&name) {
            let message = format!(
                "Default value for ARG {} results in empty or invalid base image name",
                stage.base.text
            );
            found.push(
                Found::new(stage.span, stage.base.span, message)
                    .help("give the ARG a default before the first FROM"),
            );
        }
    }
    found
}
