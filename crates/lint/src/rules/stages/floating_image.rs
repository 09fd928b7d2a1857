//! Every image that is named has a version, wherever its name comes from.

use dockerfile::ast::{Kind, Word};
use dockerfile::{Severity, Span};

use crate::file::File;
use crate::images::ImageName;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "FloatingImage",
    summary: "An image that is built on or copied from has a version",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: None,
    twins: &["DL3006", "DL3007"],
    page: Page {
        why: "An image without a tag is `latest`, which is whatever was pushed last: the same Dockerfile gives another image tomorrow. DL3006 and DL3007 say so of FROM; this rule says it of COPY --from and RUN --mount=from, too, and of FROM where those are silent (a default of an ARG). Let pass are digests, stages, `scratch`, and names with variables that have no value; in COPY --from and mounts, names without a `/` or `:`, too, which can be named contexts.",
        bad: "FROM alpine:3.20\nCOPY --from=ghcr.io/astral-sh/uv:latest /uv /usr/local/bin/\n",
        good: "FROM alpine:3.20\nCOPY --from=ghcr.io/astral-sh/uv:0.5.4 /uv /usr/local/bin/\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (stage, analysed) in file.dockerfile.stages.iter().zip(&file.analysis.stages) {
        let is_image =
            analysed.parent.is_none() && analysed.base.unset.is_empty() && !analysed.base.is_broken;
        if is_image && analysed.base.text != "scratch" && floats(&analysed.base.text) {
            found.push(wrong(stage.span, stage.base.span, &analysed.base.text));
        }
        for instruction in &stage.instructions {
            for (name, place) in images(file, &instruction.kind) {
                if name.contains(['/', ':']) && floats(name) {
                    found.push(wrong(instruction.span, place, name));
                }
            }
        }
    }
    found
}

/// The images that an instruction takes files from.
fn images<'f>(file: &File<'_>, kind: &'f Kind) -> Vec<(&'f str, Span)> {
    let is_stage = |word: &Word| file.stage_named(word).is_some();
    match kind {
        Kind::Copy(copy) => copy
            .from
            .iter()
            .filter(|word| !is_stage(word))
            .map(|word| (word.text.as_str(), word.span))
            .collect(),
        Kind::Run(run) => run
            .mounts
            .iter()
            .filter_map(|mount| {
                let (_, from) = mount.fields.iter().find(|(key, _)| key == "from")?;
                Some((from.as_deref()?, mount.span))
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn floats(name: &str) -> bool {
    let image = ImageName::of(name);
    !name.is_empty()
        && !name.contains('$')
        && !image.has_digest
        && matches!(image.tag, None | Some("latest"))
}

fn wrong(instruction: Span, place: Span, name: &str) -> Found {
    let message = match ImageName::of(name).tag {
        Some(_) => format!("{name} is whatever was pushed last"),
        None => format!("{name} has no tag: it is whatever was pushed last as latest"),
    };
    Found::new(instruction, place, message)
        .help("name a release, as `:1.27` or `:bookworm-20241111`")
}
