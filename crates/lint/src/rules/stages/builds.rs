//! What a program needs to be built, and no longer once it is.

use crate::file::File;
use crate::runs::RunStep;

use super::dependencies::{DependencyInstall, Manager, install};

/// Whether the dependencies of development are left out, by a flag, a variable or a setting.
pub(super) fn leaves_out_development(
    file: &File<'_>,
    stages: &[usize],
    run: &RunStep<'_>,
    found: &DependencyInstall<'_>,
) -> bool {
    let has = |names: &[&str]| {
        found
            .behind
            .iter()
            .any(|a| names.iter().any(|name| a.has_flag(name)))
    };
    let text = file.source.slice(run.instruction.span);
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_production = || {
        let value = file.variable(stages, "NODE_ENV");
        value.is_some_and(|value| value == "production" || value.contains('$'))
            || says(&["NODE_ENV=production"])
    };
    match found.manager {
        Manager::Npm => {
            has(&["omit", "production", "only", "prod"])
                || says(&["omit", "npm_config_production"])
                || is_production()
                || file.variable(stages, "NPM_CONFIG_OMIT").is_some()
        }
        Manager::Yarn => has(&["production", "prod"]) || is_production(),
        Manager::Pnpm => has(&["prod", "production", "P"]) || is_production(),
        Manager::Bun => has(&["production", "omit"]) || is_production(),
        Manager::Composer => {
            has(&["no-dev"])
                || file.variable(stages, "COMPOSER_NO_DEV").is_some()
                || says(&["COMPOSER_NO_DEV"])
        }
        Manager::Bundler => {
            has(&["without", "deployment"])
                || says(&["without", "BUNDLE_WITHOUT", "deployment"])
                || file.variable(stages, "BUNDLE_WITHOUT").is_some()
                || file
                    .runs_of(stages)
                    .any(|run| file.source.slice(run.instruction.span).contains("without"))
        }
        Manager::Poetry => {
            has(&["no-dev", "only", "without", "only-root"]) || says(&["POETRY_WITHOUT"])
        }
        Manager::Uv => {
            has(&["no-dev", "no-default-groups", "only-group", "no-group"])
                || found.verb.text != "sync"
                || file.variable(stages, "UV_NO_DEV").is_some()
        }
        Manager::Pipenv => !has(&["dev", "d"]),
        Manager::Pip | Manager::Go | Manager::Maven => true,
    }
}

/// Whether a later command of these stages takes the dependencies of development out again.
pub(super) fn prunes(file: &File<'_>, stages: &[usize], manager: Manager) -> bool {
    file.runs_of(stages)
        .flat_map(RunStep::invocations)
        .any(|command| match manager {
            Manager::Npm | Manager::Pnpm | Manager::Yarn | Manager::Bun => {
                command.is(&["npm", "pnpm", "yarn", "bun"])
                    && (command.has_word(&["prune"])
                        || command.has_flag(&["omit", "prod", "production"]))
                    || command.is(&["node-prune"])
                    || command.is(&["rm"])
                        && command
                            .words()
                            .any(|word| word.text.ends_with("node_modules"))
            }
            Manager::Composer => command.is(&["composer"]) && command.has_flag(&["no-dev"]),
            _ => false,
        })
}

/// The first install of JavaScript packages in these stages that brings those of development, too, to stay.
pub(super) fn with_development<'f>(
    file: &'f File<'_>,
    stages: &'f [usize],
) -> Option<&'f RunStep<'f>> {
    let is_one = |run: &&RunStep<'_>| {
        run.invocations().iter().filter_map(install).any(|found| {
            matches!(found.manager, Manager::Npm | Manager::Yarn | Manager::Pnpm)
                && !leaves_out_development(file, stages, run, &found)
                && !prunes(file, stages, found.manager)
        })
    };
    file.runs_of(stages).find(is_one)
}

/// Whether a command of Node's package managers builds: `npm run build`, `yarn build`, `npx tsc`.
pub(super) fn is_script_build(command: &crate::invocation::Invocation) -> bool {
    let words: Vec<&str> = command.words().map(|word| word.text.as_str()).collect();
    let is_build = |word: &&str| {
        word.split(':')
            .any(|part| matches!(part, "build" | "compile" | "bundle"))
    };
    match command.name.text.as_str() {
        "npm" | "pnpm" | "bun" => {
            words
                .first()
                .is_some_and(|word| matches!(*word, "run" | "run-script"))
                && words.get(1).is_some_and(is_build)
                || command.name.text == "pnpm" && words.first().is_some_and(is_build)
        }
        "yarn" => words.first().is_some_and(|word| {
            is_build(word) || *word == "run" && words.get(1).is_some_and(is_build)
        }),
        "npx" => words
            .first()
            .is_some_and(|word| matches!(*word, "tsc" | "webpack" | "vite")),
        "tsc" | "webpack" => true,
        _ => false,
    }
}
