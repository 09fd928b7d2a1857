//! Dependencies of development stay behind.

use dockerfile::Severity;

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

use super::builds::{is_script_build, leaves_out_development, prunes};
use super::dependencies::{DependencyInstall, Manager, install, requirements};

pub(crate) const RULE: Rule = Rule {
    name: "DevelopmentDependencies",
    summary: "Dependencies of development (test tools, compilers, types) are not installed in the image",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "Package managers install what development needs, too, unless they are told otherwise; node_modules is often two to five times as big with it. Looked at is the last stage with those that it stands on, if it is a program's (it has a CMD or ENTRYPOINT, and is not called dev, test or the like). Found are npm install and npm ci without --omit=dev, yarn without --production, pnpm without --prod, composer install without --no-dev, bundle install without the setting `without`, poetry install without --only main, uv sync without --no-dev, pipenv install --dev, and pip install -r with a file whose name says dev or test. Let pass is NODE_ENV=production, what a later command prunes, and a stage that builds with them (SingleStageBuild speaks of that).",
        bad: "FROM node:20-slim\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCMD [\"node\", \"index.js\"]\n",
        good: "FROM node:20-slim\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci --omit=dev\nCMD [\"node\", \"index.js\"]\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let shipped = file.shipped_program();
    let is_built_here = file
        .runs_of(&shipped)
        .flat_map(RunStep::invocations)
        .any(is_script_build);
    let mut found = Vec::new();
    for run in file.runs_of(&shipped) {
        for install in run.invocations().iter().filter_map(install) {
            let is_pruned = is_script(install.manager) && is_built_here
                || prunes(file, &shipped, install.manager);
            let leaves_out = match install.manager {
                Manager::Pip => {
                    !requirements(install.behind).is_some_and(|file| is_for_development(&file.text))
                }
                _ => leaves_out_development(file, &shipped, run, &install),
            };
            if !leaves_out && !is_pruned {
                found.push(wrong(run, &install));
            }
        }
    }
    found
}

fn is_script(manager: Manager) -> bool {
    matches!(
        manager,
        Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun
    )
}

fn wrong(run: &RunStep<'_>, install: &DependencyInstall<'_>) -> Found {
    let (what, help) = advice(install);
    let place = match install.manager {
        Manager::Pip => requirements(install.behind).map_or(install.command.span, |file| file.span),
        _ => install.command.span,
    };
    let fix = flag(install.manager).map(|flag| {
        let edit = Edit::insert(install.verb.span.end, format!(" {flag}"));
        Fix::guess(format!("add {flag}"), [edit])
    });
    let message = format!("{what} installs the dependencies of development in the image");
    Found::new(run.instruction.span, place, message)
        .help(help)
        .fix(fix.and_then(|fix| run.fix(fix)))
}

/// The flag that leaves them out, where there is one.
fn flag(manager: Manager) -> Option<&'static str> {
    Some(match manager {
        Manager::Npm => "--omit=dev",
        Manager::Yarn | Manager::Bun => "--production",
        Manager::Pnpm => "--prod",
        Manager::Composer | Manager::Uv => "--no-dev",
        Manager::Poetry => "--only main",
        _ => return None,
    })
}

/// What was written, and what to write.
fn advice(install: &DependencyInstall<'_>) -> (&'static str, String) {
    let (what, help) = match install.manager {
        Manager::Npm => ("npm", "--omit=dev, or set NODE_ENV=production above"),
        Manager::Yarn => (
            "yarn",
            "--production, or set NODE_ENV=production above; with Yarn 2 and later `yarn workspaces focus --production`",
        ),
        Manager::Pnpm => ("pnpm", "--prod"),
        Manager::Bun => ("bun", "--production"),
        Manager::Composer => ("composer", "--no-dev"),
        Manager::Poetry => ("poetry", "--only main"),
        Manager::Uv => ("uv", "--no-dev"),
        Manager::Bundler => (
            "bundle",
            "the setting: `bundle config set --local without 'development test'` before it, or ENV BUNDLE_WITHOUT=\"development:test\"",
        ),
        Manager::Pipenv => return ("pipenv", "leave out --dev".to_owned()),
        Manager::Pip | Manager::Go | Manager::Maven => {
            return ("pip", "install the requirements of the program alone here, and these in a stage for tests that stands on it".to_owned());
        }
    };
    (what, format!("add {help}"))
}

/// Whether the name of a file of requirements says that it is not for the program.
fn is_for_development(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let words = [
        "dev",
        "test",
        "tests",
        "testing",
        "develop",
        "development",
        "lint",
        "docs",
    ];
    name.split(['-', '_', '.'])
        .any(|part| words.contains(&part))
}
