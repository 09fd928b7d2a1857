//! Ports are numbers that there are.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use super::seen::seen;
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3011",
    summary: "Valid UNIX ports range from 0 to 65535",
    severity: Severity::Error,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "A port has 16 bits. Looked at are all ports of `EXPOSE`, both ends of ranges, behind `ONBUILD` too; variables are let pass.",
        bad: "FROM debian:bookworm\nEXPOSE 80000\n",
        good: "FROM debian:bookworm\nEXPOSE 8000-8010/tcp\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for seen in seen(file) {
        let Kind::Expose(ports) = seen.kind() else {
            continue;
        };
        let wrong = ports.iter().filter(|port| is_beyond(file, &port.text));
        // hadolint says it once.
        let count = if file.options.compatible {
            1
        } else {
            usize::MAX
        };
        found.extend(
            wrong
                .take(count)
                .map(|port| seen.found(port.span, RULE.summary)),
        );
    }
    found
}

/// Whether a port, or one end of a range, is too big.
fn is_beyond(file: &File<'_>, text: &str) -> bool {
    let ports = text.split('/').next().unwrap_or(text);
    let ports = ports.rsplit(':').next().unwrap_or(ports);
    let is_number = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let mut ends = ports.split('-').filter(|port| is_number(port));
    let is_known = !(file.options.compatible && text.contains('$'));
    is_known && ends.any(|port| port.parse::<u16>().is_err())
}
