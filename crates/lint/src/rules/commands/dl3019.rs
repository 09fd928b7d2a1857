//! apk leaves no index behind.

use dockerfile::Severity;

use super::looking::in_programs;
use super::packages::APK;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

pub(crate) const RULE: Rule = Rule {
    name: "DL3019",
    summary: "Use the `--no-cache` switch to avoid the need to use `--update` and remove `/var/cache/apk/*` when done installing packages",
    severity: Severity::Info,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "Without `--no-cache`, `apk add` needs an index that an `apk update` before it has left in the layer. With it, the index is fetched, used and forgotten. `--mount=type=cache` or `type=tmpfs` on `/var/cache/apk` is let pass; unless hadolint's exact behaviour is wanted, `/etc/apk/cache` and folders above them are, too.",
        bad: "FROM alpine:3.20\nRUN apk add git=2.45.2-r0\n",
        good: "FROM alpine:3.20\nRUN apk add --no-cache git=2.45.2-r0\n",
        configure: None,
    },
    find,
};

const CACHE: &str = "/var/cache/apk";

fn find(file: &File<'_>) -> Vec<Found> {
    let is_alike = file.options.compatible;
    in_programs(file, |run, program| {
        let add = APK.verb(file, program, &["add"])?;
        if program.has_flag(&["no-cache"]) || is_kept_out(run, is_alike) {
            return None;
        }
        let edit = Edit::insert(add.span.end, " --no-cache");
        let found = Found::new(run.instruction.span, program.span, RULE.summary)
            .help("write `apk add --no-cache`");
        Some(found.fix(run.fix_of(program, Fix::safe("add --no-cache", [edit]))))
    })
}

/// Whether the cache is on a mount.
fn is_kept_out(run: &RunStep<'_>, is_alike: bool) -> bool {
    let is_above = |target: &str, path: &str| {
        let rest = path.strip_prefix(target.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    run.kept_out().any(|target| match is_alike {
        true => target.contains("var/cache/apk"),
        false => {
            target.starts_with(CACHE)
                || is_above(target, CACHE)
                || is_above(target, "/etc/apk/cache")
        }
    })
}
