//! Protocols in `EXPOSE` are in small letters.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "ExposeProtoCasing",
    summary: "Protocol in EXPOSE instruction should be lowercase",
    severity: Severity::Style,
    set: Set::Docker,
    activation: Activation::On,
    twins: &[],
    page: Page {
        why: "The protocol is written `tcp`, `udp` or `sctp` everywhere else.",
        bad: "FROM debian:stable
EXPOSE 53/UDP
",
        good: "FROM debian:stable
EXPOSE 53/udp
",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let exposed = { file.steps() }.filter(|at| matches!(at.instruction.kind, Kind::Expose(_)));
    exposed
        .flat_map(|at| {
            let shouted = at.step.words.iter().filter(|port| has_capitals(port));
            shouted.map(move |port| {
                let message =
                    format!("Defined protocol '{port}' in EXPOSE instruction should be lowercase");
                Found::new(at.step.place, at.step.place, message)
            })
        })
        .collect()
}

fn has_capitals(port: &str) -> bool {
    let protocol = port.split_once('/').map_or("", |(_, protocol)| protocol);
    protocol.contains(char::is_uppercase)
}
