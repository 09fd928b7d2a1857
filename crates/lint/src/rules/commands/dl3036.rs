//! zypper leaves no cache behind.

use dockerfile::Severity;

use super::cleaning::{Alike, Cleaning};
use super::packages::ZYPPER;
use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3036",
    summary: "`zypper clean` missing after zypper use.",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "What `zypper` downloads and knows of its repositories stays in the layer unless the same `RUN` cleans it up behind the installation. `zypper clean` and `zypper cc` are let pass, and so is `--mount=type=cache` or `type=tmpfs` on `/var/cache/zypp`. A deletion of that folder is let pass unless hadolint's exact behaviour is wanted.",
        bad: "FROM opensuse/leap:15.6\nRUN zypper -n install git=2.43.0\n",
        good: "FROM opensuse/leap:15.6\nRUN zypper -n install git=2.43.0 && zypper clean --all\n",
        configure: None,
    },
    find,
};

const CLEANING: Cleaning = Cleaning {
    manager: &ZYPPER,
    fills: &["install", "in"],
    caches: &["/var/cache/zypp"],
    cleans: &["clean", "cc"],
    command: "clean --all",
    alike: Alike {
        cleans: &["clean", "cc"],
        is_any_deletion: false,
        mount: Some("/var/cache/zypp"),
    },
};

fn find(file: &File<'_>) -> Vec<Found> {
    CLEANING.find(file, RULE.summary)
}
