//! The settings: those of the environment, of hadolint's file, of `carafe.toml`, and of the command line, each over those
//! before it.

mod environment;
mod layer;
mod node;
mod read;
mod rule_names;
mod search;
mod toml;
mod yaml;

pub(super) use environment::label;
pub(super) use layer::{Layer, THRESHOLDS, threshold};

use super::flags::Args;
use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use crate::terminal::clean;
use read::{Keys, Problem, ProblemKind};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// No configuration is longer.
const LIMIT: u64 = 1 << 20;

/// The settings of a run.
#[derive(Debug)]
pub(super) struct Configuration {
    /// The environment's and hadolint's.
    under: Layer,
    flags: Layer,
    compatible: bool,
    verbose: bool,
    /// Whether files other than the one that was named are looked for.
    searches: bool,
    /// What holds for the files in a folder.
    folders: BTreeMap<PathBuf, Rc<Layer>>,
    /// What the own files say that were read.
    own: BTreeMap<PathBuf, Layer>,
}

impl Configuration {
    /// Reads what holds wherever files are.
    pub(super) fn read(args: &Args, config: &Config) -> Result<Self, CommandError> {
        let variable = |name: &str| config.variable(name)?.into_string().ok();
        let (environment, problems) = environment::read(variable);
        let is_true = |name| variable(name).is_some_and(|text| environment::is_true(&text));
        let mut this = Self {
            under: environment,
            flags: args.layer(),
            compatible: args.hadolint_compat,
            verbose: args.verbose || is_true("HADOLINT_VERBOSE"),
            searches: args.config.is_none(),
            folders: BTreeMap::new(),
            own: BTreeMap::new(),
        };
        this.tell_environment(&problems)?;
        let file = match &args.config {
            Some(path) => Some(path.clone()),
            None => {
                let folder = std::env::current_dir().unwrap_or_default();
                let home = variable("HOME").map(PathBuf::from);
                let config_home = config.config_home();
                let places =
                    search::places_of_hadolint(&folder, config_home.as_deref(), home.as_deref());
                places.into_iter().find(|path| path.is_file())
            }
        };
        if let Some(path) = file {
            let keys = match path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                true => Keys::Carafe,
                false => Keys::Hadolint,
            };
            let layer = this.file(&path, keys)?;
            this.under = layer.over(std::mem::take(&mut this.under));
        }
        Ok(this)
    }

    /// What holds for the files in a folder.
    pub(super) fn of(&mut self, folder: &Path) -> Result<Rc<Layer>, CommandError> {
        if let Some(known) = self.folders.get(folder) {
            return Ok(Rc::clone(known));
        }
        let own = match self.searches {
            true => search::own(folder),
            false => None,
        };
        let mut layer = self.under.clone();
        if let Some(path) = own {
            if !self.own.contains_key(&path) {
                let read = self.file(&path, Keys::Carafe)?;
                self.own.insert(path.clone(), read);
            }
            layer = self.own[&path].clone().over(layer);
        }
        let layer = Rc::new(self.flags.clone().over(layer));
        self.folders.insert(folder.to_owned(), Rc::clone(&layer));
        Ok(layer)
    }

    /// Reads a file. What is wrong in it is an error; with hadolint's behaviour it is a warning, and the file counts
    /// as empty.
    fn file(&self, path: &Path, keys: Keys) -> Result<Layer, CommandError> {
        let text = text(path).map_err(|error| {
            let error = CommandError::file("read the configuration", path, error);
            match self.compatible {
                true => error,
                false => error.exit_with(Exit::Usage),
            }
        })?;
        self.note(&format!("configuration: {}", path.display()));
        let loaded = match keys {
            Keys::Hadolint => yaml::load(&text),
            Keys::Carafe => toml::load(&text),
        };
        let reader = match loaded {
            Ok(node) => read::read(&node, keys),
            Err(error) => {
                let problem = Problem {
                    line: error.line,
                    kind: ProblemKind::Value,
                    message: error.message,
                };
                return self.refuse(path, &[problem]).map(|()| Layer::default());
            }
        };
        let is_warning = |problem: &Problem| problem.kind == ProblemKind::RuleName;
        let (warnings, errors): (Vec<Problem>, Vec<Problem>) =
            reader.problems.into_iter().partition(is_warning);
        if !self.compatible {
            for problem in &warnings {
                warn(&format!(
                    "{}:{}: {}",
                    path.display(),
                    problem.line,
                    problem.message
                ));
            }
        }
        if errors.is_empty() {
            return Ok(reader.layer);
        }
        self.refuse(path, &errors)?;
        // To hadolint unknown keys are none.
        match errors
            .iter()
            .all(|problem| problem.kind == ProblemKind::Key)
        {
            true => Ok(reader.layer),
            false => Ok(Layer::default()),
        }
    }

    /// Tells what is wrong in a file; an error, unless hadolint would go on.
    fn refuse(&self, path: &Path, problems: &[Problem]) -> Result<(), CommandError> {
        let lines = problems
            .iter()
            .map(|problem| format!("{}:{}: {}", path.display(), problem.line, problem.message));
        let lines: Vec<String> = lines.collect();
        if self.compatible {
            lines.iter().for_each(|line| warn(line));
            return Ok(());
        }
        Err(CommandError::usage(lines.join("\n")).hint(
            "docs/lint.md tells what a configuration says; another one is named with --config FILE",
        ))
    }

    fn tell_environment(&self, problems: &[String]) -> Result<(), CommandError> {
        if self.compatible {
            problems.iter().for_each(|line| warn(line));
            return Ok(());
        }
        if !problems.is_empty() {
            return Err(CommandError::usage(problems.join("\n")));
        }
        let of_flags = environment::unknown_rules(&self.flags);
        let unknown = environment::unknown_rules(&self.under)
            .into_iter()
            .chain(of_flags);
        unknown.for_each(|line| warn(&line));
        Ok(())
    }

    /// Tells what is going on, with `--verbose`.
    pub(super) fn note(&self, line: &str) {
        if self.verbose {
            output::note(&format!("{}\n", clean::line(line.as_bytes())));
        }
    }
}

fn warn(line: &str) {
    output::note(&format!("warning: {}\n", clean::line(line.as_bytes())));
}

fn text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?
        .take(LIMIT)
        .read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
