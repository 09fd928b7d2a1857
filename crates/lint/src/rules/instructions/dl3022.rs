//! `COPY --from` names what there is.

use dockerfile::Severity;
use dockerfile::ast::Kind;
use dockerfile::ast::Word;
use dockerfile::suggest;

use super::seen::seen;
use super::stages::{Earlier, is_name_of};
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3022",
    summary: "`COPY --from` should reference a previously defined `FROM` alias",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "A name that is no stage above is taken for an image, or for a named build context. Where a stage was meant, that is a slip which a build finds late. Behind `ONBUILD` names are those of another file, and are let pass. Images with a registry, a tag or a digest are let pass, and numbers of stages above. A stage of that name further down does not count.",
        bad: "FROM golang:1.23 AS build\nRUN go build -o /app .\nFROM debian:bookworm\nCOPY --from=biuld /app /app\n",
        good: "FROM golang:1.23 AS build\nRUN go build -o /app .\nFROM debian:bookworm\nCOPY --from=build /app /app\n",
        configure: None,
    },
    find,
};

/// Names like an unknown one are only looked for so often: each time all names are gone through.
const SUGGESTIONS_AT_MOST: usize = 200;

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut earlier = Earlier::none(file);
    for seen in seen(file) {
        // A trigger sees the stages of the file whose base this one is.
        let Kind::Copy(copy) = &seen.outer.kind else {
            continue;
        };
        earlier.advance(file, seen.stage);
        let Some(from) = copy
            .from
            .as_ref()
            .filter(|from| !is_known(file, &earlier, seen.stage, from))
        else {
            continue;
        };
        let similar = (found.len() < SUGGESTIONS_AT_MOST)
            .then(|| suggest(&from.text, earlier.names()))
            .flatten();
        let fix = similar.map(|name| {
            Fix::guess(
                format!("copy from {name}"),
                [Edit::replace(from.span, name)],
            )
        });
        let help = similar.map_or_else(
            || "name a stage above, or an image with its tag".to_owned(),
            |name| format!("did you mean {name}?"),
        );
        found.push(seen.found(from.span, RULE.summary).help(help).fix(fix));
    }
    found
}

/// Whether a name is that of a stage, its own one included, or of an image.
fn is_known(file: &File<'_>, earlier: &Earlier, stage: usize, from: &Word) -> bool {
    // hadolint leaves quotes on.
    let name = match file.options.compatible {
        true => file.source.slice(from.span),
        false => &from.text,
    };
    let is_image = match file.options.compatible {
        true => name.contains(':'),
        false => name.contains([':', '@', '/']),
    };
    let is_number = name.parse::<usize>().is_ok_and(|number| number <= stage);
    is_image || is_number || earlier.named(name).is_some() || is_name_of(file, stage, name)
}
