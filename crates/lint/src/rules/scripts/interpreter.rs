//! Which shell a script is for, and what that understands.

use crate::file::File;
use crate::runs::RunStep;
use crate::shell::Dialect;

/// What runs a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interpreter {
    /// What it understands.
    pub(super) language: Language,
    /// Whether the text names `dash` or `ash`, rather than `sh`.
    pub(super) is_dash: bool,
}

/// What a shell understands beyond POSIX.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// Nothing for sure.
    Posix,
    /// dash: `local`, `echo -n`, `read -p`.
    Dash,
    /// dash from version 0.5.13 on, as ShellCheck knows it: `set -o pipefail`.
    NewDash,
    /// The shell of busybox.
    Busybox,
    /// bash, whatever its name.
    Bash,
}

/// Images whose `/bin/sh` is that of busybox.
const BUSYBOX: [&str; 2] = ["alpine", "busybox"];

/// Images whose `/bin/sh` is bash.
const BASH: [&str; 17] = [
    "almalinux",
    "amazonlinux",
    "archlinux",
    "azurelinux",
    "centos",
    "clefos",
    "fedora",
    "leap",
    "mageia",
    "opensuse",
    "oraclelinux",
    "photon",
    "rockylinux",
    "tumbleweed",
    "ubi",
    "ubi8",
    "ubi9",
];

/// What runs the script of a `RUN`.
pub(super) fn interpreter(file: &File<'_>, step: &RunStep<'_>, dialect: Dialect) -> Interpreter {
    let shell = step.shell.first().map_or("", String::as_str);
    let name = shell.rsplit('/').next().unwrap_or(shell);
    let is_dash = matches!(name, "dash" | "ash");
    let language = match (dialect, name) {
        (Dialect::Bash, _) => Language::Bash,
        (Dialect::Sh, "dash") => Language::Dash,
        (Dialect::Sh, "ash") => Language::Busybox,
        (Dialect::Sh, _) => of_image(base(file, step.stage)),
    };
    Interpreter { language, is_dash }
}

impl Interpreter {
    /// What ShellCheck takes a program for.
    pub(super) fn for_hadolint(shell: &str) -> Option<Self> {
        let name = shell.rsplit('/').next().unwrap_or(shell);
        let is_dash = matches!(name, "dash" | "ash");
        let language = match Dialect::of(shell)? {
            Dialect::Bash => Language::Bash,
            Dialect::Sh if is_dash => Language::NewDash,
            Dialect::Sh => Language::Posix,
        };
        Some(Self { language, is_dash })
    }
}

/// The image that a stage stands on, through other stages.
fn base<'f>(file: &'f File<'_>, mut stage: usize) -> &'f str {
    let stages = &file.dockerfile.stages;
    loop {
        let base = stages[stage].base.text.as_str();
        let is_base = |other: &dockerfile::ast::Stage| {
            let name = other.name.as_ref().map(|name| name.text.as_str());
            name.is_some_and(|name| name.eq_ignore_ascii_case(base))
        };
        match stages[..stage].iter().rposition(is_base) {
            Some(below) => stage = below,
            None => return base,
        }
    }
}

/// What the `sh` of an image understands, as far as its name tells. Debian's and Ubuntu's is dash, and so is what is not
/// known: it is the one that understands least.
fn of_image(image: &str) -> Language {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rsplit('/').next().unwrap_or(image);
    let (name, tag) = last.split_once(':').unwrap_or((last, ""));
    let is_among = |names: &[&str]| {
        names.contains(&name)
            || tag.split('-').any(|part| {
                names
                    .iter()
                    .any(|name| { part.strip_prefix(name) }.is_some_and(is_version))
            })
    };
    if is_among(&BUSYBOX) {
        Language::Busybox
    } else if is_among(&BASH) || name.starts_with("ubi") {
        Language::Bash
    } else {
        Language::Dash
    }
}

fn is_version(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte == b'.' || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Language, of_image};

    #[test]
    fn images_have_shells() {
        for (image, language) in [
            ("alpine", Language::Busybox),
            ("docker.io/library/alpine:3.20", Language::Busybox),
            ("node:22-alpine3.20", Language::Busybox),
            ("python:3.13-alpine@sha256:0", Language::Busybox),
            ("localhost:5000/fedora:41", Language::Bash),
            (
                "registry.access.redhat.com/ubi9/ubi-minimal:9",
                Language::Bash,
            ),
            ("debian:bookworm", Language::Dash),
            ("$BASE", Language::Dash),
        ] {
            assert_eq!(of_image(image), language, "{image}");
        }
    }
}
