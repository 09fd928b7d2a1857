//! What a package manager downloaded is gone when its layer is done.

use dockerfile::Severity;

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;

pub(crate) const RULE: Rule = Rule {
    name: "PackageCacheInLayer",
    summary: "The download cache of a package manager stays out of the image",
    severity: Severity::Info,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "npm, Composer, Poetry, pipenv, conda and pacman keep what they downloaded in case that it is installed again, which never happens in an image. Looked at are the stages whose layers are in the image; in others it does not matter. Let pass is a RUN with a cache mount or a tmpfs over the cache, one that empties the cache (npm cache clean, composer clear-cache, conda clean, rm -rf) or puts it elsewhere, and one that is told not to keep any. Nothing is said of pnpm and uv, whose packages are hard links to their caches, nor of apk, apt, dnf, pip, Yarn and zypper, which have rules of hadolint's.",
        bad: "FROM node:20-slim\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci --omit=dev\n",
        good: "FROM node:20-slim\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN --mount=type=cache,target=/root/.npm npm ci --omit=dev\n",
        configure: None,
    },
    find,
};

/// A package manager that keeps what it downloads.
struct Cache {
    programs: &'static [&'static str],
    verbs: &'static [&'static str],
    /// Where it is for root.
    path: &'static str,
    /// Texts in a RUN that show that it is taken care of.
    cleans: &'static [&'static str],
    /// A variable that puts it elsewhere or switches it off.
    variables: &'static [&'static str],
    help: &'static str,
}

const CACHES: [Cache; 6] = [
    Cache {
        programs: &["npm"],
        verbs: &["install", "i", "ci", "clean-install"],
        path: "/root/.npm",
        cleans: &[
            "cache clean",
            "cache verify",
            ".npm",
            "--cache",
            "npm_config_cache",
            "NPM_CONFIG_CACHE",
            "_cacache",
        ],
        variables: &["NPM_CONFIG_CACHE", "npm_config_cache"],
        help: "write `RUN --mount=type=cache,target=/root/.npm …`, or end the RUN with `&& npm cache clean --force`; npm's cache is often as big as node_modules",
    },
    Cache {
        programs: &["composer"],
        verbs: &["install", "require", "create-project"],
        path: "/root/.composer/cache",
        cleans: &[
            "clear-cache",
            "clearcache",
            "cache:clear",
            ".composer",
            "--no-cache",
            "COMPOSER_CACHE_DIR",
            "COMPOSER_HOME",
        ],
        variables: &["COMPOSER_CACHE_DIR", "COMPOSER_HOME", "COMPOSER_NO_CACHE"],
        help: "add --no-cache, or write `RUN --mount=type=cache,target=/root/.composer/cache …`",
    },
    Cache {
        programs: &["poetry"],
        verbs: &["install"],
        path: "/root/.cache/pypoetry",
        cleans: &["--no-cache", "cache clear", ".cache", "POETRY_CACHE_DIR"],
        variables: &["POETRY_CACHE_DIR", "POETRY_NO_CACHE"],
        help: "add --no-cache, or write `RUN --mount=type=cache,target=/root/.cache/pypoetry …`",
    },
    Cache {
        programs: &["pipenv"],
        verbs: &["install", "sync"],
        path: "/root/.cache/pip",
        cleans: &[".cache", "--clear", "PIP_NO_CACHE_DIR", "PIPENV_CACHE_DIR"],
        variables: &["PIP_NO_CACHE_DIR", "PIPENV_CACHE_DIR"],
        help: "set PIP_NO_CACHE_DIR=1 for the RUN, or write `RUN --mount=type=cache,target=/root/.cache …`",
    },
    Cache {
        programs: &["conda", "mamba", "micromamba"],
        verbs: &["install", "create", "update"],
        path: "/opt/conda/pkgs",
        cleans: &[" clean", "/pkgs", "CONDA_PKGS_DIRS"],
        variables: &["CONDA_PKGS_DIRS"],
        help: "end the RUN with `&& conda clean -afy`; conda's cache is often several hundred MB",
    },
    Cache {
        programs: &["pacman"],
        verbs: &[],
        path: "/var/cache/pacman/pkg",
        cleans: &["-Sc", "/var/cache/pacman"],
        variables: &[],
        help: "end the RUN with `&& pacman -Scc --noconfirm`",
    },
];

fn find(file: &File<'_>) -> Vec<Found> {
    let shipped = file.shipped();
    let mut found = Vec::new();
    for run in file.runs_of(&shipped) {
        let mut caches = CACHES.iter().filter_map(|cache| {
            let command = run
                .invocations()
                .iter()
                .find(|command| cache.is_filled_by(command))?;
            (!cache.is_cared_for(file, &shipped, run)).then_some((cache, command))
        });
        if let Some((cache, command)) = caches.next() {
            let message = format!(
                "What {} downloads stays in {}",
                command.name.text, cache.path
            );
            found.push(
                Found::new(run.instruction.span, command.span, message)
                    .help(cache.help)
                    .fix(cache.fix(run, command)),
            );
        }
    }
    found
}

impl Cache {
    fn is_filled_by(&self, command: &Invocation) -> bool {
        let is_pacman = command.is(&["pacman"])
            && command
                .arguments
                .iter()
                .any(|a| a.text.starts_with("-S") && !a.text.starts_with("-Sc"));
        let first = command.words().next();
        let is_verb = first.is_some_and(|word| self.verbs.contains(&word.text.as_str()));
        command.is(self.programs) && (is_pacman || is_verb)
    }

    fn is_cared_for(&self, file: &File<'_>, shipped: &[usize], run: &RunStep<'_>) -> bool {
        let text = file.source.slice(run.instruction.span);
        run.mounts(&["cache", "tmpfs"], self.path)
            || text.contains("type=cache")
            || self.cleans.iter().any(|clean| text.contains(clean))
            || self.variables.iter().any(|name| file.variable(shipped, name).is_some())
            // What another user keeps is in a folder that is not known, and may be dropped by hand.
            || text.contains("rm -rf ~") || text.contains("rm -rf $HOME")
    }

    /// npm's own command empties the cache wherever it is.
    fn fix(&self, run: &RunStep<'_>, command: &Invocation) -> Option<Fix> {
        let text = match *self.programs.first()? {
            "npm" => " && npm cache clean --force",
            "conda" if command.is(&["conda", "mamba"]) => " && conda clean -afy",
            _ => return None,
        };
        let edit = Edit::insert(command.span.end, text);
        let has_tail = run.script.as_ref()?.parsed.list.items.len() > 1;
        (!has_tail && command.through.is_none())
            .then(|| {
                run.fix(Fix::safe(
                    format!("add `{}`", text.trim_start_matches(" && ")),
                    [edit],
                ))
            })
            .flatten()
    }
}
