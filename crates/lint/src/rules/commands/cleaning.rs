//! Package managers that keep what they download in the layer, and how one makes them let go: DL3032, DL3036, DL3040.

use super::endings::clean_up;
use super::looking::in_runs;
use super::packages::Manager;
use crate::file::File;
use crate::invocation::Invocation;
use crate::rule::Found;
use crate::runs::RunStep;

/// A package manager's cache.
pub(super) struct Cleaning {
    /// The package manager.
    pub(super) manager: &'static Manager,
    /// Verbs that fill the cache.
    pub(super) fills: &'static [&'static str],
    /// Where it is.
    pub(super) caches: &'static [&'static str],
    /// Words of the command that cleans it.
    pub(super) cleans: &'static [&'static str],
    /// What is written behind the program's name to clean it.
    pub(super) command: &'static str,
    /// What hadolint takes for it.
    pub(super) alike: Alike,
}

/// What hadolint takes for a cleaning.
pub(super) struct Alike {
    /// Words of the command.
    pub(super) cleans: &'static [&'static str],
    /// Whether any `rm -rf` will do.
    pub(super) is_any_deletion: bool,
    /// A part of the target of a cache mount that will do.
    pub(super) mount: Option<&'static str>,
}

impl Cleaning {
    /// `RUN`s that fill the cache, and do not clean it behind.
    pub(super) fn find(&self, file: &File<'_>, message: &'static str) -> Vec<Found> {
        in_runs(file, |run| {
            let programs = run.invocations();
            let is_install = |one: &Invocation| self.manager.verb(file, one, self.fills).is_some();
            let Some(at) = programs.iter().position(is_install) else {
                return Vec::new();
            };
            let program = &programs[at];
            // For hadolint, a cleaning before it voids those behind.
            let before = match file.options.compatible {
                true => &programs[..=at],
                false => &[],
            };
            let cleans = |one: &Invocation| self.cleans(file, one, program);
            let is_clean = programs[at + 1..].iter().any(cleans) && !before.iter().any(cleans);
            if is_clean || self.is_kept_out(file, run) {
                return Vec::new();
            }
            let command = format!("{} {}", program.name.text, self.command);
            let found = Found::new(run.instruction.span, program.span, message)
                .help(format!("end the `RUN` with `&& {command}`"));
            vec![found.fix(clean_up(file, run, program, &command))]
        })
    }

    /// Whether a program cleans the cache that another one has filled.
    fn cleans(&self, file: &File<'_>, program: &Invocation, filler: &Invocation) -> bool {
        let is_it = |words| program.name.text == filler.name.text && program.has_word(words);
        match file.options.compatible {
            true => is_it(self.alike.cleans) || self.alike.is_any_deletion && is_rf(program),
            false => is_it(self.cleans) || self.deletes(program),
        }
    }

    fn deletes(&self, program: &Invocation) -> bool {
        let is_cache = |text: &str| {
            let mut caches = self.caches.iter();
            text == "/var/cache" || caches.any(|path| text.contains(path))
        };
        let mut words = program.arguments.iter();
        program.is(&["rm", "find"])
            && words.any(|word| is_cache(word.text.trim_end_matches(['*', '/'])))
    }

    /// Whether the cache is not in the layer.
    fn is_kept_out(&self, file: &File<'_>, run: &RunStep<'_>) -> bool {
        let is_cache = |target: &str| match file.options.compatible {
            true => self.alike.mount.is_some_and(|part| target.contains(part)),
            false => {
                let mut caches = self.caches.iter();
                caches.any(|path| target.contains(path) || path.starts_with(target))
            }
        };
        run.kept_out().any(is_cache)
    }
}

fn is_rf(program: &Invocation) -> bool {
    program.is(&["rm"]) && program.arguments.iter().any(|word| word.text == "-rf")
}
