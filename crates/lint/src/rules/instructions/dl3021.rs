//! What several files are copied to is a folder.

use dockerfile::Severity;
use dockerfile::ast::Copy;
use dockerfile::ast::Kind;

use super::seen::seen;
use super::words::{base_name, trimmed};
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::edits::inside_quotes;

pub(crate) const RULE: Rule = Rule {
    name: "DL3021",
    summary: "COPY with more than 2 arguments requires the last argument to end with /",
    severity: Severity::Error,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "Several sources go into a folder. With a slash at its end the destination is one, and is made if it is not there; without it the build may fail, or a file gets in the way. `.` and `..` are folders anyway. Heredocs are sources as others.",
        bad: "FROM debian:bookworm\nCOPY package.json yarn.lock /app\n",
        good: "FROM debian:bookworm\nCOPY package.json yarn.lock /app/\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for seen in seen(file) {
        if let Kind::Copy(copy) = seen.kind()
            && is_wrong(file, copy)
        {
            let place = copy.arguments.destination.span;
            let end = inside_quotes(file, place).end;
            let fix = Fix::safe("add the slash", [Edit::insert(end, "/")]);
            found.push(
                seen.found(place, RULE.summary)
                    .help(format!(
                        "write {}/",
                        trimmed(&copy.arguments.destination.text)
                    ))
                    .fix(fix),
            );
        }
    }
    found
}

fn is_wrong(file: &File<'_>, copy: &Copy) -> bool {
    let target = trimmed(&copy.arguments.destination.text);
    let is_folder = match file.options.compatible {
        true => target.ends_with('/'),
        // A backslash ends a folder of Windows, and may escape something.
        false => target.ends_with(['/', '\\']) || matches!(base_name(target), "." | ".."),
    };
    copy.arguments.sources.len() > 1 && !is_folder
}
