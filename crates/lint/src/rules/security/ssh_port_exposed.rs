//! Nobody logs in to a container by SSH.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::stages::unquoted;

pub(crate) const RULE: Rule = Rule {
    name: "SshPortExposed",
    summary: "Port 22 is not exposed",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
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
            Found::new(
                instruction.span,
                word.span,
                "Port 22 is that of an SSH server",
            )
            .help("take it out; `docker exec -it CONTAINER sh` opens a shell")
        }));
    }
    found
}
