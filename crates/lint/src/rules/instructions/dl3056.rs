//! Labels that hold a version do.

use dockerfile::Severity;

use super::labels::{CONFIGURE, wrong_values};
use super::values::{By, is_version};
use crate::LabelType;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::edits::inside_quotes;

pub(crate) const RULE: Rule = Rule {
    name: "DL3056",
    summary: "Label does not conform to semantic versioning",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "Labels of the type `semver` hold a version as semver.org 2.0 has it: three numbers, and what may follow them; no `v` before it. Empty labels are left to DL3051, and values with variables are let pass.",
        bad: "FROM debian:bookworm\nLABEL version=v1.2\n",
        good: "FROM debian:bookworm\nLABEL version=1.2.0\n",
        configure: Some(CONFIGURE),
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let wrong = wrong_values(file, LabelType::Semver, is_version, |name| {
        format!("Label `{name}` does not conform to semantic versioning.")
    });
    wrong.into_iter().map(|found| mended(file, found)).collect()
}

/// Takes a `v` off, and writes out what is left out.
fn mended(file: &File<'_>, found: Found) -> Found {
    let place = inside_quotes(file, found.place);
    let bare = file.source.slice(place).trim_start_matches('v');
    let candidates = [bare.to_owned(), format!("{bare}.0"), format!("{bare}.0.0")];
    let version = candidates
        .into_iter()
        .find(|version| is_version(version, By::Specification));
    match version {
        Some(version) => found.help(format!("write {version}")).fix(Fix::guess(
            format!("write {version}"),
            [Edit::replace(place, version)],
        )),
        None => found,
    }
}
