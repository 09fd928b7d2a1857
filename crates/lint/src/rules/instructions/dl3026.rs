//! Images come from registries that are trusted.

use dockerfile::Severity;
use dockerfile::Span;
use dockerfile::ast::Kind;

use super::images::{Reference, bases};
use super::registries::is_trusted;
use super::seen::seen;
use super::stages::Earlier;
use crate::file::File;
use crate::outline::mount_from;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3026",
    summary: "Use only an allowed registry in the FROM image",
    severity: Severity::Error,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Only looked at where the configuration names trusted registries: then all images come from one of them, those of `FROM`, of `COPY --from` and of `RUN --mount=from=`. Stages of the file and `scratch` are no images. An image without a registry is of `docker.io`. Where a variable has no value, nothing is said.",
        bad: "FROM ghcr.io/somebody/app:1\n",
        good: "FROM debian:bookworm\n",
        configure: Some(
            "`trustedRegistries` in hadolint's configuration file, or `--trusted-registry REGISTRY`, as often as needed: `docker.io`, `my.example.com:5000`, `*.example.com`, `example*`, `*`.",
        ),
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    if file.options.trusted_registries.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut earlier = Earlier::none(file);
    for base in bases(file) {
        earlier.advance(file, base.index);
        if !is_allowed(file, &earlier, base.text) {
            found.push(Found::new(
                base.stage.span,
                base.stage.base.span,
                RULE.summary,
            ));
        }
    }
    let mut earlier = Earlier::none(file);
    for seen in seen(file) {
        earlier.advance(file, seen.stage);
        for (image, place) in sources(seen.kind()) {
            // hadolint knows stages by name only.
            let is_stage = match file.options.compatible {
                true => earlier.named(image).is_some(),
                false => {
                    earlier.find(image).is_some()
                        || super::stages::is_name_of(file, seen.stage, image)
                }
            };
            // A trigger sees the stages of the file whose base this one is.
            let is_elsewhere = seen.is_trigger() && !image.contains(['/', ':', '@']);
            if !is_stage && !is_elsewhere && !is_allowed(file, &earlier, image) {
                found.push(seen.found(place, RULE.summary));
            }
        }
    }
    found.sort_by_key(|found| found.place.start);
    found
}

/// What an instruction takes files from.
fn sources(kind: &Kind) -> Vec<(&str, Span)> {
    match kind {
        Kind::Copy(copy) => copy
            .from
            .iter()
            .map(|word| (word.text.as_str(), word.span))
            .collect(),
        Kind::Run(run) => {
            let mounts = run.mounts.iter();
            mounts
                .filter_map(|mount| Some((mount_from(mount)?, mount.span)))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn is_allowed(file: &File<'_>, earlier: &Earlier, image: &str) -> bool {
    let parts = Reference::of(file, image);
    // hadolint looks for the name without its registry among the stages.
    let is_stage = file.options.compatible && earlier.named(parts.name).is_some();
    let is_unknown = !file.options.compatible && image.contains('$');
    image == "scratch" || is_stage || is_unknown || is_trusted(file, parts.registry)
}
