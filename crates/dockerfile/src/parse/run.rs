//! `RUN [--mount=…] [--network=…] [--security=…] [--device=…] COMMAND`.

use super::request::Request;
use crate::ast::{MountFlag, Network, Run, Security, Word};
use crate::flags::{Flags, Known, Takes};
use crate::{Diagnostic, forms, mount, suggest};

const FLAGS: &Known = &[
    ("mount", Takes::Values),
    ("network", Takes::Value),
    ("security", Takes::Value),
    ("device", Takes::Values),
];

const NETWORKS: [(&str, Network); 3] = [
    ("default", Network::Default),
    ("none", Network::None),
    ("host", Network::Host),
];

const SECURITIES: [(&str, Security); 2] = [
    ("sandbox", Security::Sandbox),
    ("insecure", Security::Insecure),
];

/// Reads a `RUN`.
pub(super) fn read(request: &Request<'_>) -> Result<Run, Diagnostic> {
    let flags = request.flags(FLAGS)?;
    let mounts: Result<Vec<MountFlag>, Diagnostic> =
        flags.words("mount").iter().map(mount::fields).collect();
    Ok(Run {
        mounts: mounts?,
        network: choice(&flags, "network", "invalid network mode", &NETWORKS)?,
        security: choice(&flags, "security", "invalid security mode", &SECURITIES)?,
        devices: flags.words("device"),
        command: forms::form(request.arguments, request.keyword)?,
        heredocs: request
            .heredocs
            .iter()
            .map(|found| found.heredoc.clone())
            .collect(),
    })
}

/// The value of a flag that is one of a few words.
fn choice<T: Copy + Default>(
    flags: &Flags,
    name: &str,
    complaint: &str,
    choices: &[(&str, T)],
) -> Result<T, Diagnostic> {
    let Some(Word { text, span }) = flags.given(name).next() else {
        return Ok(T::default());
    };
    if let Some((_, value)) = choices.iter().find(|(word, _)| word == text) {
        return Ok(*value);
    }
    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
    let message = format!("{complaint} \"{text}\" for --{name}");
    let help = match suggest(text, words.iter().copied()) {
        Some(word) => format!("did you mean {word}?"),
        None => format!("one of {}", words.join(", ")),
    };
    Err(Diagnostic::error("invalid-flag-value", *span, message).with_help(help))
}
