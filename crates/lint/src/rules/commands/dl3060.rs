//! yarn leaves no cache behind.

use dockerfile::Severity;

use super::endings::clean_up;
use super::looking::in_runs;
use super::stages;
use crate::file::File;
use crate::fix::Safety;
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

pub(crate) const RULE: Rule = Rule {
    name: "DL3060",
    summary: "`yarn cache clean` missing after `yarn install` was run.",
    severity: Severity::Info,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "yarn keeps what it downloads for the next installation, which in an image never comes. Looked at are `yarn install` in the last stage and those that it stands on, and in triggers. `yarn cache clean` behind it and `--mount=type=cache` or `type=tmpfs` on `.cache/yarn` are let pass; so are, unless hadolint's exact behaviour is wanted, deletions of the cache and a cache folder that is mounted.",
        bad: "FROM node:22\nRUN yarn install --frozen-lockfile\n",
        good: "FROM node:22\nRUN yarn install --frozen-lockfile && yarn cache clean\n",
        configure: None,
    },
    find,
};

const CLEAN: &str = "yarn cache clean";

fn find(file: &File<'_>) -> Vec<Found> {
    let kept = stages::kept(file);
    let is_alike = file.options.compatible;
    in_runs(file, |run| {
        let is_kept = run.is_trigger || kept.contains(&run.stage);
        let programs = run.invocations();
        let is_install = |one: &Invocation| one.is(&["yarn"]) && installs(one, is_alike);
        let Some(at) = programs.iter().position(is_install).filter(|_| is_kept) else {
            return Vec::new();
        };
        let program = &programs[at];
        // For hadolint, a cleaning before it voids those behind, and it can itself be one.
        let (before, behind) = match is_alike {
            true => programs.split_at(at),
            false => (&[][..], &programs[at + 1..]),
        };
        let cleans = |one: &Invocation| cleans(one, is_alike);
        let is_clean = behind.iter().any(cleans) && !before.iter().any(cleans);
        if is_clean || is_kept_out(run, program, is_alike) {
            return Vec::new();
        }
        let found = Found::new(run.instruction.span, program.span, RULE.summary)
            .help(format!("end the `RUN` with `&& {CLEAN}`"));
        vec![found.fix(clean_up(file, run, program, CLEAN))]
    })
}

/// hadolint looks for the word anywhere.
fn installs(program: &Invocation, is_alike: bool) -> bool {
    let mut words = super::packages::operands(&program.arguments, super::packages::YARN.valued);
    let first = words.drain(..).next();
    match is_alike {
        true => program.has_word(&["install"]),
        false => first.is_some_and(|word| word.text == "install"),
    }
}

fn cleans(program: &Invocation, is_alike: bool) -> bool {
    let deletes =
        || program.is(&["rm"]) && program.arguments.iter().any(|w| w.text.contains("cache"));
    let is_clean = match is_alike {
        true => program.has_word(&["cache", "clean"]),
        false => program.has_word(&["cache"]) && program.has_word(&["clean"]),
    };
    program.is(&["yarn"]) && is_clean || !is_alike && deletes()
}

fn is_kept_out(run: &RunStep<'_>, program: &Invocation, is_alike: bool) -> bool {
    let folder = program.flag_value(&["cache-folder"]);
    let mut targets = run.kept_out().map(|target| target.trim_end_matches('/'));
    targets.any(|target| {
        let is_above = || target.ends_with("/.cache") || target.contains(".yarn");
        target.contains(".cache/yarn") || !is_alike && (is_above() || folder == Some(target))
    })
}
