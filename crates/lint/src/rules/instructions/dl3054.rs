//! Labels that hold a licence do.

use dockerfile::Severity;

use super::labels::{CONFIGURE, wrong_values};
use super::values::{is_license, successor};
use crate::LabelType;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::edits::inside_quotes;

pub(crate) const RULE: Rule = Rule {
    name: "DL3054",
    summary: "Label is not a valid SPDX identifier",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "Labels of the type `spdx` hold an identifier of the SPDX License List that is not deprecated, or an expression of some: `MIT OR Apache-2.0`, `LicenseRef-own`. Empty labels are left to DL3051, and values with variables are let pass.",
        bad: "FROM debian:bookworm\nLABEL license=GPL-3.0\n",
        good: "FROM debian:bookworm\nLABEL license=GPL-3.0-only\n",
        configure: Some(CONFIGURE),
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let wrong = wrong_values(file, LabelType::Spdx, is_license, |name| {
        format!("Label `{name}` is not a valid SPDX identifier.")
    });
    wrong.into_iter().map(|found| mended(file, found)).collect()
}

/// Says what stands for an identifier now that is deprecated.
fn mended(file: &File<'_>, found: Found) -> Found {
    let place = inside_quotes(file, found.place);
    match successor(file.source.slice(place)) {
        Some(name) => found.help(format!("write {name}")).fix(Fix::guess(
            format!("write {name}"),
            [Edit::replace(place, name)],
        )),
        None => found,
    }
}
