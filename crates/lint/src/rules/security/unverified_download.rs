//! What ADD fetches is what it was.

use std::collections::HashSet;

use dockerfile::Severity;
use dockerfile::ast::{CopySource, Kind};

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::stages::unquoted;

pub(crate) const RULE: Rule = Rule {
    name: "UnverifiedDownload",
    summary: "ADD of a URL says which checksum the file has",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "What a URL gives can be another file tomorrow, by mistake or by an attack, and the build takes it. With --checksum the build fails then, and does not even ask the server for what it has already. Looked at are ADDs of http and https URLs. Let pass are git repositories, whose commit is a checksum, and files whose signature is fetched, too (the same URL with .sig, .asc, .sha256 or the like behind it).",
        bad: "FROM debian:bookworm-slim\nADD https://example.com/tool-1.2.tar.gz /tmp/\n",
        good: "FROM debian:bookworm-slim\nADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.com/tool-1.2.tar.gz /tmp/\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let signed = signed(file);
    for instruction in file.instructions() {
        let kind = match &instruction.kind {
            Kind::Onbuild(onbuild) => &onbuild.instruction.kind,
            kind => kind,
        };
        let Kind::Add(add) = kind else { continue };
        let sources = add
            .arguments
            .sources
            .iter()
            .filter(|_| add.checksum.is_none());
        for source in sources {
            if let CopySource::Path(word) = source
                && is_file(unquoted(&word.text))
                && !signed.contains(unquoted(&word.text))
            {
                let message = "Nothing checks that this is the file that it was";
                let help = "`ADD --checksum=sha256:… URL`, with the output of `curl -fsSL URL | sha256sum`";
                found.push(Found::new(instruction.span, word.span, message).help(help));
            }
        }
    }
    found
}

/// The URLs whose signature is fetched, too.
fn signed<'a>(file: &File<'a>) -> HashSet<&'a str> {
    let sources = file
        .instructions()
        .filter_map(|instruction| match &instruction.kind {
            Kind::Add(add) => Some(&add.arguments.sources),
            _ => None,
        });
    let urls = sources.flatten().filter_map(|source| match source {
        CopySource::Path(word) => Some(unquoted(&word.text)),
        CopySource::Heredoc(_) => None,
    });
    urls.filter_map(|url| SIGNATURES.iter().find_map(|end| url.strip_suffix(end)))
        .collect()
}

/// Ends of files that are there to check others.
const SIGNATURES: [&str; 6] = [".sig", ".asc", ".sha256", ".sha512", ".md5", ".minisig"];

fn is_file(url: &str) -> bool {
    let path = url.split(['#', '?']).next().unwrap_or(url);
    let is_http = ["http://", "https://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    is_http && !path.ends_with(".git") && !SIGNATURES.iter().any(|end| path.ends_with(end))
}
