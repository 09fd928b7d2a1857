//! From another stage comes what is needed, not all there is.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use crate::file::File;
use crate::images::{ImageName, Libc};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::stages::{Copied, CopyOrigin, absolute};

use super::builds::with_development;

pub(crate) const RULE: Rule = Rule {
    name: "WholeTreeCopied",
    summary: "COPY --from takes the files that are needed, not a tree with the toolchain or the sources in it",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: None,
    twins: &["DL3067"],
    page: Page {
        why: "A second stage helps only if little comes along. Looked at is each COPY --from an earlier stage in the stages whose layers are in the image. Found is a copy of a whole system folder (/, /usr, /usr/local where a toolchain's image has its toolchain, /root, /go, /var, /lib), and of the folder where that stage works, if all sources were copied into it and the program was built there, or the dependencies of development were installed there and never pruned. Let pass are stages on an image of which nothing is known, as it may be a bundle that is made to be copied, and a copy of `/` to `scratch` from a stage that builds nothing, which makes one layer of many on purpose.",
        bad: "FROM rust:1.82 AS build\nWORKDIR /src\nCOPY . .\nRUN cargo build --release\nFROM debian:bookworm-slim\nCOPY --from=build /src /src\nCMD [\"/src/target/release/app\"]\n",
        good: "FROM rust:1.82 AS build\nWORKDIR /src\nCOPY . .\nRUN cargo build --release\nFROM debian:bookworm-slim\nCOPY --from=build /src/target/release/app /usr/local/bin/\nCMD [\"app\"]\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let shipped = file.shipped();
    for copied in file.copies_of(&shipped) {
        let CopyOrigin::Stage(from) = copied.origin else {
            continue;
        };
        for (word, path) in copied.paths() {
            let path = absolute(Some("/"), path).unwrap_or_default();
            if let Some((message, help)) = wrong(file, &shipped, &copied, from, &path) {
                found.push(Found::new(copied.instruction.span, word.span, message).help(help));
            }
        }
    }
    found
}

fn wrong(
    file: &File<'_>,
    shipped: &[usize],
    copied: &Copied<'_>,
    from: usize,
    path: &str,
) -> Option<(String, String)> {
    let image = file.image_below(from);
    let toolchain = image.and_then(|image| Some((image.toolchain()?, image)));
    let is_onto_scratch = shipped
        .first()
        .and_then(|stage| file.image_below(*stage))
        .is_some_and(|image| image.name == "scratch");
    let is_same = copied.destination.as_deref() == Some(path);
    // An image of which nothing is known can be a bundle of files that is made to be copied: `COPY --from=xx / /`.
    let is_distribution = matches!(
        file.image_below(from).and_then(ImageName::libc),
        Some(Libc::Glibc | Libc::Musl)
    );
    match (path, toolchain) {
        ("/", None) if is_onto_scratch => None,
        ("/go" | "/root", Some(_)) => Some((
            format!("{path} of this stage holds what the toolchain downloaded and cached"),
            "copy the program that was built, by its path".to_owned(),
        )),
        ("/usr" | "/usr/local" | "/" | "/opt", Some((toolchain, image))) => Some((
            format!("{path} of this stage holds {} ({})", toolchain.name, image.size_of(toolchain)),
            "copy the program that was built, by its path".to_owned(),
        )),
        ("/" | "/usr" | "/var" | "/lib" | "/root", None) if is_distribution && (is_same || path == "/") => Some((
            format!("{path} of this stage comes over with all that is in it, and doubles what the base has already"),
            "copy the files that are needed, by their paths; install into a folder of its own (--prefix, DESTDIR) to have them together".to_owned(),
        )),
        _ => work_folder(file, from, path),
    }
}

/// The folder in which a stage works, with its sources and what only the build needs.
fn work_folder(file: &File<'_>, from: usize, path: &str) -> Option<(String, String)> {
    let lineage = file.lineage(from);
    let last = file
        .placed(&lineage)
        .into_iter()
        .rev()
        .find(|one| matches!(one.instruction.kind, Kind::Copy(_) | Kind::Run(_)))?;
    let workdir = last.workdir.filter(|workdir| workdir != "/")?;
    if workdir == path && super::single_stage_build::builds(file, &lineage).is_some() {
        let has_sources = file.copies_of(&lineage).iter().any(|copied| {
            copied.whole_context().is_some() && copied.destination.as_deref() == Some(path)
        });
        let message =
            format!("{path} holds the sources and all that was built on the way to the program");
        return has_sources.then(|| {
            (
                message,
                "copy the program that was built, by its path".to_owned(),
            )
        });
    }
    let is_modules = path == format!("{}/node_modules", workdir.trim_end_matches('/'));
    if (workdir == path || is_modules) && with_development(file, &lineage).is_some() {
        let message = format!("{path} holds the dependencies of development");
        let help = "end the stage with `RUN npm prune --omit=dev`, or install with --omit=dev in the last stage and copy only what was built";
        return Some((message, help.to_owned()));
    }
    None
}
