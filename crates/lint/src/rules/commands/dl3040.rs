//! dnf leaves no cache behind.

use dockerfile::Severity;

use super::cleaning::{Alike, Cleaning};
use super::packages::DNF;
use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3040",
    summary: "`dnf clean all` missing after dnf command.",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "What `dnf` downloads and knows of its repositories stays in the layer unless the same `RUN` cleans it up behind the installation. `dnf clean` by the same program (`dnf`, `microdnf`, `dnf5`) and, unless hadolint's exact behaviour is wanted, a deletion of its cache and a cache mount on it are let pass; for hadolint any `rm -rf` will do.",
        bad: "FROM rockylinux:9\nRUN dnf install -y git-2.43.5\n",
        good: "FROM rockylinux:9\nRUN dnf install -y git-2.43.5 && dnf clean all\n",
        configure: None,
    },
    find,
};

const CLEANING: Cleaning = Cleaning {
    manager: &DNF,
    fills: &[
        "install",
        "in",
        "upgrade",
        "up",
        "upgrade-minimal",
        "reinstall",
    ],
    caches: &["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum"],
    cleans: &["clean"],
    command: "clean all",
    alike: Alike {
        cleans: &["clean", "all"],
        is_any_deletion: true,
        mount: Some("/var/cache/libdnf5"),
    },
};

fn find(file: &File<'_>) -> Vec<Found> {
    CLEANING.find(file, RULE.summary)
}
