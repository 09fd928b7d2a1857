//! Protocols in `EXPOSE` are in small letters.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use crate::analysis::Origin;
use crate::file::{At, File};
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "ExposeProtoCasing",
    summary: "Protocol in EXPOSE instruction should be lowercase",
    severity: Severity::Style,
    set: Set::Docker,
    activation: Activation::On,
    fix: Some(Safety::Safe),
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
                Found::new(at.step.place, at.step.place, message).fix(fix(at, port))
            })
        })
        .collect()
}

/// Small letters, where the port stands in the text as it is.
fn fix(at: At<'_>, port: &str) -> Option<Fix> {
    let (Kind::Expose(words), Origin::Text(_)) = (&at.instruction.kind, &at.step.origin) else {
        return None;
    };
    let word = words.iter().find(|word| word.text == port)?;
    let small = port.to_lowercase();
    let edit = Edit::replace(word.span, small.clone());
    Some(Fix::safe(format!("write {small}"), [edit]))
}

fn has_capitals(port: &str) -> bool {
    let protocol = port.split_once('/').map_or("", |(_, protocol)| protocol);
    protocol.contains(char::is_uppercase)
}
