//! yum leaves no cache behind.

use dockerfile::Severity;

use super::cleaning::{Alike, Cleaning};
use super::packages::YUM;
use crate::file::File;
use crate::fix::Safety;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3032",
    summary: "`yum clean all` missing after yum command.",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "What `yum` downloads and knows of its repositories stays in the layer unless the same `RUN` cleans it up behind the installation. `yum clean` and, unless hadolint's exact behaviour is wanted, a deletion of `/var/cache/yum` and a cache mount on it are let pass; for hadolint any `rm -rf` will do.",
        bad: "FROM centos:7\nRUN yum install -y git-1.8.3.1\n",
        good: "FROM centos:7\nRUN yum install -y git-1.8.3.1 && yum clean all\n",
        configure: None,
    },
    find,
};

const CLEANING: Cleaning = Cleaning {
    manager: &YUM,
    fills: &["install"],
    caches: &["/var/cache/yum"],
    cleans: &["clean"],
    command: "clean all",
    alike: Alike {
        cleans: &["clean", "all"],
        is_any_deletion: true,
        mount: None,
    },
};

fn find(file: &File<'_>) -> Vec<Found> {
    CLEANING.find(file, RULE.summary)
}
