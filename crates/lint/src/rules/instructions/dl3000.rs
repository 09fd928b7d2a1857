//! `WORKDIR` does not depend on the base image's.

use dockerfile::Severity;
use dockerfile::ast::Kind;
use dockerfile::ast::Word;

use super::seen::seen;
use super::words::{is_absolute, trimmed};
use super::workdirs::from_root;
use crate::analysis::Origin;
use crate::file::File;
use crate::fix::{Fix, Safety};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3000",
    summary: "Use absolute WORKDIR",
    severity: Severity::Error,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "A relative path starts from the working directory of the base image, which its next version may change. An absolute path, a path on a Windows drive and one that begins with a variable are let pass, and so is a relative path after another `WORKDIR` of the same file: that one says where it starts.",
        bad: "FROM debian:bookworm\nWORKDIR app\n",
        good: "FROM debian:bookworm\nWORKDIR /app\nWORKDIR src\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    if file.options.compatible {
        let relative = seen(file).filter_map(|seen| match seen.kind() {
            Kind::Workdir(path) if is_relative(file, path) => Some((seen, path)),
            _ => None,
        });
        return relative
            .map(|(seen, path)| seen.found(path.span, RULE.summary))
            .collect();
    }
    let mut found = Vec::new();
    for (stage, steps) in file.stages() {
        for at in steps {
            let Kind::Workdir(path) = &at.instruction.kind else {
                continue;
            };
            let is_of_text = matches!(at.step.origin, Origin::Text(_));
            if is_of_text && !at.step.has_workdir && is_relative(file, path) {
                let fix = fix(file, path, stage.base.text == "scratch");
                found.push(
                    Found::new(at.instruction.span, path.span, RULE.summary)
                        .help("write it from the root")
                        .fix(fix),
                );
            }
        }
    }
    found
}

fn is_relative(file: &File<'_>, path: &Word) -> bool {
    let text = trimmed(&path.text);
    // A single letter would be a drive if it had a colon: hadolint fails on it.
    let is_of_windows = file.dockerfile.directives.escape.sign() == '`' && text.starts_with('\\');
    !is_absolute(text) && (file.options.compatible || !is_of_windows)
}

/// `scratch` starts from the root.
fn fix(file: &File<'_>, path: &Word, is_root: bool) -> Option<Fix> {
    let fix = from_root(file, path)?;
    let safety = match is_root {
        true => Safety::Safe,
        false => fix.safety,
    };
    Some(Fix { safety, ..fix })
}
