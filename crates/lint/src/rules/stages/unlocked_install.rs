//! Where a lock file is there, it is what is installed.

use dockerfile::{Severity, glob};

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;
use crate::stages::CopyOrigin;

use super::dependencies::{DependencyInstall, Manager, install};

pub(crate) const RULE: Rule = Rule {
    name: "UnlockedInstall",
    summary: "Where a lock file is copied, the install fails if it does not fit, and changes nothing in it",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "`npm install` and others bring the lock file up to date if it does not fit the manifest: then the image has versions that nobody tried. `npm ci` and the flags named here take what is locked, or fail; npm ci is faster, too. Looked at is an install of what the manifest lists in a stage into which its lock file was copied by name, or by a pattern or with the whole context where that is known to have one: npm install, and yarn, pnpm, bun, uv sync and pipenv install without their flag. Let pass are installs of single packages, global ones, and those whose lock file was not seen.",
        bad: "FROM node:20-slim\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm install --omit=dev\n",
        good: "FROM node:20-slim\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci --omit=dev\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for run in file.runs().iter().filter(|run| !run.is_trigger) {
        for install in run.invocations().iter().filter_map(install) {
            if !is_locked(file, run, &install) && has_lock(file, run, install.manager) {
                found.push(wrong(run, &install));
            }
        }
    }
    found
}

/// Whether the command keeps to the lock file.
fn is_locked(file: &File<'_>, run: &RunStep<'_>, install: &DependencyInstall<'_>) -> bool {
    let has = |names: &[&str]| {
        install
            .behind
            .iter()
            .any(|a| names.iter().any(|name| a.has_flag(name)))
    };
    let verb = install.verb.text.as_str();
    let text = file.source.slice(run.instruction.span);
    match install.manager {
        Manager::Npm => {
            verb.starts_with('c')
                || has(&[
                    "package-lock",
                    "no-package-lock",
                    "no-save",
                    "package-lock-only",
                ])
        }
        Manager::Yarn => has(&[
            "frozen-lockfile",
            "immutable",
            "pure-lockfile",
            "no-lockfile",
        ]),
        // In what looks like a CI system, pnpm keeps to it by itself.
        Manager::Pnpm => {
            has(&["frozen-lockfile", "no-frozen-lockfile", "no-lockfile"])
                || text.contains("CI=")
                || file.variable(&file.lineage(run.stage), "CI").is_some()
        }
        Manager::Bun => has(&["frozen-lockfile", "no-save"]),
        Manager::Uv => {
            verb != "sync"
                || has(&["locked", "frozen"])
                || text.contains("UV_")
                || ["UV_LOCKED", "UV_FROZEN"]
                    .iter()
                    .any(|name| file.variable(&file.lineage(run.stage), name).is_some())
        }
        Manager::Pipenv => verb == "sync" || has(&["deploy", "ignore-pipfile", "skip-lock"]),
        _ => true,
    }
}

/// Whether the lock file is there, for sure.
fn has_lock(file: &File<'_>, run: &RunStep<'_>, manager: Manager) -> bool {
    let Some(lock) = manager.lock_file() else {
        return false;
    };
    let is_in_context = || {
        let context = file.facts.context.as_ref();
        context.is_some_and(|context| context.entries.iter().any(|entry| entry.name == lock))
    };
    let copies = file.copies_of(&file.lineage(run.stage));
    let above = copies
        .iter()
        .filter(|copied| copied.instruction.span.start < run.instruction.span.start);
    above
        .filter(|copied| copied.origin == CopyOrigin::Context)
        .any(|copied| {
            let is_named = copied
                .paths()
                .any(|(_, path)| path.rsplit('/').next() == Some(lock));
            let may_be = || {
                copied
                    .paths()
                    .any(|(_, path)| glob::matches(path, lock) == Ok(true))
            };
            is_named || (copied.whole_context().is_some() || may_be()) && is_in_context()
        })
}

fn wrong(run: &RunStep<'_>, install: &DependencyInstall<'_>) -> Found {
    let lock = install.manager.lock_file().unwrap_or_default();
    let (help, fix) = match install.manager {
        Manager::Npm => (
            "npm ci",
            Fix::guess("write npm ci", [Edit::replace(install.verb.span, "ci")]),
        ),
        Manager::Yarn => (
            "yarn install --frozen-lockfile; with Yarn 2 and later --immutable",
            add(install, "--frozen-lockfile"),
        ),
        Manager::Uv => ("uv sync --locked", add(install, "--locked")),
        Manager::Pipenv => ("pipenv install --deploy", add(install, "--deploy")),
        Manager::Bun => (
            "bun install --frozen-lockfile",
            add(install, "--frozen-lockfile"),
        ),
        _ => (
            "pnpm install --frozen-lockfile",
            add(install, "--frozen-lockfile"),
        ),
    };
    let message =
        format!("{lock} is copied, but this installs other versions where it does not fit");
    Found::new(run.instruction.span, install.command.span, message)
        .help(format!("write {help}"))
        .fix(run.fix(fix))
}

fn add(install: &DependencyInstall<'_>, flag: &str) -> Fix {
    // `yarn` alone has no verb, but takes the flags of `install`.
    let edit = Edit::insert(install.verb.span.end, format!(" {flag}"));
    Fix::guess(format!("add {flag}"), [edit])
}
