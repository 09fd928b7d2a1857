//! A stage takes from others what it needs.

use dockerfile::Severity;
use dockerfile::ast::Kind;
use dockerfile::ast::{Copy, CopySource};

use super::seen::seen;
use super::stages::parents;
use super::words::trimmed;
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3067",
    summary: "Do not copy an entire filesystem from another stage",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "`COPY --from=build / /` takes the toolchain along that the stages were there to leave behind, and writes over files of the base. Let pass is a copy that a stage on `scratch` begins with: it makes one layer of many.",
        bad: "FROM golang:1.23 AS build\nRUN go build -o /app .\nFROM debian:bookworm\nCOPY --from=build / /\n",
        good: "FROM golang:1.23 AS build\nRUN go build -o /app .\nFROM debian:bookworm\nCOPY --from=build /app /app\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let parents = parents(file);
    // Whether each stage has anything in it so far.
    let mut is_empty: Vec<bool> = Vec::with_capacity(parents.len());
    let mut found = Vec::new();
    for seen in seen(file) {
        while is_empty.len() <= seen.stage {
            let index = is_empty.len();
            let on_scratch = file.dockerfile.stages[index].base.text == "scratch";
            let below = parents[index].map_or(on_scratch, |parent| is_empty[parent]);
            is_empty.push(below && !file.options.compatible);
        }
        if let Kind::Copy(copy) = seen.kind()
            && is_all(file, copy)
            && !is_empty[seen.stage]
        {
            let place = copy.arguments.destination.span;
            let sources = copy
                .arguments
                .sources
                .iter()
                .filter_map(|source| match source {
                    CopySource::Path(word) => Some(word.span),
                    CopySource::Heredoc(_) => None,
                });
            let place = sources.fold(place, dockerfile::Span::to);
            found.push(seen.found(place, RULE.summary).help("name what is needed"));
        }
        if matches!(seen.kind(), Kind::Copy(_) | Kind::Run(_) | Kind::Add(_)) {
            is_empty[seen.stage] = false;
        }
    }
    found
}

/// Whether the root of another stage goes to the root.
fn is_all(file: &File<'_>, copy: &Copy) -> bool {
    let is_root = |path: &str| match file.options.compatible {
        true => path == "/",
        false => {
            !path.is_empty()
                && path.starts_with('/')
                && path.chars().all(|sign| "/.".contains(sign))
                && !path.contains("..")
        }
    };
    let is_source = |path: &str| is_root(path) || !file.options.compatible && path == "/*";
    copy.from.is_some()
        && is_root(trimmed(&copy.arguments.destination.text))
        && copy.arguments.sources.iter().any(|source| match source {
            CopySource::Path(word) => is_source(trimmed(&word.text)),
            CopySource::Heredoc(_) => false,
        })
}
