//! Nobody logs in to a container by SSH.

use dockerfile::ast::{Kind, Word};
use dockerfile::{Severity, Span};

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::stages::unquoted;

pub(crate) const RULE: Rule = Rule {
    name: "SshPortExposed",
    summary: "Port 22 is not exposed",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "A container with an SSH server has one more program to keep up to date, with passwords or keys in the image. `docker exec` and `kubectl exec` do the same without it. Found is EXPOSE 22, with and without /tcp. An image whose purpose is SSH (a git server, a jump host) skips the rule.",
        bad: "FROM debian:bookworm-slim\nEXPOSE 22\n",
        good: "FROM debian:bookworm-slim\nEXPOSE 8080\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for instruction in file.instructions() {
        let Kind::Expose(words) = &instruction.kind else {
            continue;
        };
        let ssh = words.iter().filter(|word| {
            matches!(
                unquoted(&word.text).to_lowercase().as_str(),
                "22" | "22/tcp"
            )
        });
        found.extend(ssh.map(|word| {
            let message = "Port 22 is that of an SSH server";
            Found::new(instruction.span, word.span, message)
                .help("take it out; `docker exec -it CONTAINER sh` opens a shell")
                .fix(fix(words, word))
        }));
    }
    found
}

/// Takes the port out from among others.
fn fix(words: &[Word], word: &Word) -> Option<Fix> {
    let at = words.iter().position(|other| other.span == word.span)?;
    let place = match (
        at.checked_sub(1).and_then(|before| words.get(before)),
        words.get(at + 1),
    ) {
        (Some(before), _) => Span::new(before.span.end, word.span.end),
        (None, Some(behind)) => Span::new(word.span.start, behind.span.start),
        (None, None) => return None,
    };
    Some(Fix::guess("take it out", [Edit::delete(place)]))
}
