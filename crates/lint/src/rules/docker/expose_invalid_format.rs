//! `EXPOSE` names ports of the container, and nothing of the host.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "ExposeInvalidFormat",
    summary: "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "`EXPOSE` says which ports the container listens on. Where they are published on the host is for `run -p` to say; an address or a port of the host before the colon is left out.",
        bad: "FROM debian:stable
EXPOSE 127.0.0.1:8080:80
",
        good: "FROM debian:stable
EXPOSE 80
",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let exposed = { file.steps() }.filter(|at| matches!(at.instruction.kind, Kind::Expose(_)));
    exposed
        .flat_map(|at| {
            let mapped = at.step.words.iter().filter(|port| is_mapped(port));
            mapped.map(move |port| {
                let message = format!(
                    "EXPOSE instruction should not define an IP address or host-port mapping, found '{port}'"
                );
                Found::new(at.step.place, at.step.place, message)
                    .help("name the container's port only; `run -p` publishes it")
            })
        })
        .collect()
}

/// Whether there is an address or a port before the container's port.
fn is_mapped(port: &str) -> bool {
    let ports = port.split_once('/').map_or(port, |(ports, _)| ports);
    let host = ports.rsplit_once(':').map_or("", |(host, _)| host);
    host.contains(|sign| sign != ':')
}
