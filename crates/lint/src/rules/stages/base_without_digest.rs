//! A base is named by what is in it.

use dockerfile::Severity;

use crate::file::File;
use crate::images::ImageName;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "BaseWithoutDigest",
    summary: "A base image is named with its digest",
    severity: Severity::Info,
    set: Set::Carafe,
    activation: Activation::Off,
    twins: &[],
    page: Page {
        why: "Tags move: `debian:bookworm` is another image every few weeks. A name with a digest is one image for ever, so that a build can be repeated, and what was looked at is what is built on. The price is that somebody, or a program like Renovate or Dependabot, has to update it; therefore the rule is off by itself. Let pass are stages, `scratch`, and names with variables that have no value.",
        bad: "FROM debian:bookworm-slim\n",
        good: "FROM debian:bookworm-slim@sha256:f70dc8d6a8b6a06824c92471a1a258030836b26b043881358b967bf73de7c5ab\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let stages = file.dockerfile.stages.iter().zip(&file.analysis.stages);
    let wrong = stages.filter(|(_, analysed)| {
        let base = &analysed.base;
        let is_image = analysed.parent.is_none() && base.unset.is_empty() && !base.is_broken;
        is_image
            && base.text != "scratch"
            && !base.text.is_empty()
            && !ImageName::of(&base.text).has_digest
    });
    wrong
        .map(|(stage, analysed)| {
            let message = format!("{} can be another image tomorrow", analysed.base.text);
            Found::new(stage.span, stage.base.span, message)
                .help("put the digest behind it: `NAME:TAG@sha256:…`")
        })
        .collect()
}
