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
    fix: None,
    twins: &[],
    page: Page {
        why: "Tags move: `debian:bookworm` is another image every few weeks. A name with a digest is one image for ever, so that a build can be repeated, and what was looked at is what is built on. The price is that somebody, or a program like Renovate or Dependabot, has to update it; therefore the rule is off by itself. Let pass are stages, `scratch`, and names that begin with a variable that has no value.",
        bad: "FROM debian:bookworm-slim\n",
        good: "FROM debian:bookworm-slim@sha256:f70dc8d6a8b6a06824c92471a1a258030836b26b043881358b967bf73de7c5ab\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let stages = file.dockerfile.stages.iter().zip(&file.analysis.stages);
    let wrong = stages.filter(|(stage, analysed)| {
        let base = &analysed.base;
        let is_known = base.unset.is_empty() && !base.is_broken;
        let name = if is_known {
            &base.text
        } else {
            &stage.base.text
        };
        let is_image = analysed.parent.is_none() && !matches!(name.as_str(), "scratch" | "");
        is_image && !name.starts_with('$') && !ImageName::of(name).has_digest
    });
    wrong
        .map(|(stage, _)| {
            let message = format!("{} can be another image tomorrow", stage.base.text);
            Found::new(stage.span, stage.base.span, message)
                .help("put the digest behind it: `NAME:TAG@sha256:…`")
        })
        .collect()
}
