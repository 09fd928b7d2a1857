//! What the package managers of distributions install and remove.

use crate::invocation::{Argument, Invocation};

/// Flags of package managers whose value stands behind them.
const WITH_VALUE: [&str; 12] = [
    "-t",
    "--virtual",
    "-X",
    "--repository",
    "-p",
    "--root",
    "-o",
    "-c",
    "--target-release",
    "--default-release",
    "--setopt",
    "--arch",
];

/// Verbs that install.
const INSTALL: [&str; 4] = ["install", "add", "groupinstall", "in"];

/// Verbs that remove.
const REMOVE: [&str; 7] = [
    "remove",
    "purge",
    "autoremove",
    "autopurge",
    "del",
    "erase",
    "rm",
];

const MANAGERS: [&str; 9] = [
    "apt-get", "apt", "aptitude", "apk", "dnf", "microdnf", "yum", "tdnf", "zypper",
];

/// The packages that a command installs.
pub(super) fn installed(command: &Invocation) -> Vec<&Argument> {
    behind(command, &INSTALL)
}

/// Whether a command installs packages of the distribution.
pub(super) fn installs(command: &Invocation) -> bool {
    verb(command).is_some_and(|(_, verb)| INSTALL.contains(&verb))
}

/// Whether a command removes packages.
pub(super) fn removes(command: &Invocation) -> bool {
    verb(command).is_some_and(|(_, verb)| REMOVE.contains(&verb))
        || command.is(&["apt-get", "apt"]) && command.has_flag(&["auto-remove", "autoremove"])
}

/// A package's name without a version, a release or an architecture.
pub(super) fn plain_name(argument: &Argument) -> &str {
    let end = argument.text.find(['=', ':', '~', '<', '>', '@', '/']);
    &argument.text[..end.unwrap_or(argument.text.len())]
}

fn behind<'i>(command: &'i Invocation, verbs: &[&str]) -> Vec<&'i Argument> {
    match verb(command) {
        Some((at, verb)) if verbs.contains(&verb) => plain_words(&command.arguments[at + 1..]),
        _ => Vec::new(),
    }
}

/// What a package manager is to do, and which argument says so.
fn verb(command: &Invocation) -> Option<(usize, &str)> {
    if !command.is(&MANAGERS) {
        return None;
    }
    let mut at = 0;
    while let Some(argument) = command.arguments.get(at) {
        match argument.text.as_str() {
            flag if WITH_VALUE.contains(&flag) => at += 2,
            flag if flag.starts_with('-') => at += 1,
            verb => return Some((at, verb)),
        }
    }
    None
}

/// The words that are neither flags nor values of flags.
fn plain_words(arguments: &[Argument]) -> Vec<&Argument> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(argument) = arguments.get(at) {
        at += match WITH_VALUE.contains(&argument.text.as_str()) {
            true => 2,
            false => 1,
        };
        if !argument.text.starts_with('-') {
            words.push(argument);
        }
    }
    words
}
