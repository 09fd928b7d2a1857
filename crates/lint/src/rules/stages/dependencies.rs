//! The commands of languages' package managers that install what a manifest lists.

use crate::invocation::{Argument, Invocation};

/// A package manager of a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manager {
    Npm,
    Yarn,
    Pnpm,
    Bun,
    Pip,
    Pipenv,
    Poetry,
    Uv,
    Bundler,
    Composer,
    Go,
    Maven,
}

/// A command that installs what a manifest lists.
#[derive(Clone, Debug)]
pub(super) struct DependencyInstall<'i> {
    /// Whose it is.
    pub(super) manager: Manager,
    /// The command.
    pub(super) command: &'i Invocation,
    /// The word that makes it install (`ci`), or the program's name where there is none (`yarn`).
    pub(super) verb: &'i Argument,
    /// What stands behind the word.
    pub(super) behind: &'i [Argument],
}

/// Flags whose value stands behind them.
const WITH_VALUE: [&str; 16] = [
    "--prefix",
    "-C",
    "--dir",
    "--filter",
    "-F",
    "--registry",
    "--cache",
    "--cache-folder",
    "--network-timeout",
    "--loglevel",
    "--cwd",
    "--jobs",
    "-j",
    "--retry",
    "--working-dir",
    "-d",
];

impl Manager {
    /// The files that list what is to be installed, as `COPY` takes them.
    pub(super) fn manifests(self) -> &'static str {
        match self {
            Self::Npm => "package*.json",
            Self::Yarn => "package.json yarn.lock*",
            Self::Pnpm => "package.json pnpm-lock.yaml*",
            Self::Bun => "package.json bun.lock*",
            Self::Pip => "requirements.txt",
            Self::Pipenv => "Pipfile Pipfile.lock*",
            Self::Poetry => "pyproject.toml poetry.lock*",
            Self::Uv => "pyproject.toml uv.lock*",
            Self::Bundler => "Gemfile Gemfile.lock*",
            Self::Composer => "composer.json composer.lock*",
            Self::Go => "go.mod go.sum*",
            Self::Maven => "pom.xml",
        }
    }

    /// The file that holds the exact versions.
    pub(super) fn lock_file(self) -> Option<&'static str> {
        Some(match self {
            Self::Npm => "package-lock.json",
            Self::Yarn => "yarn.lock",
            Self::Pnpm => "pnpm-lock.yaml",
            Self::Bun => "bun.lock",
            Self::Pipenv => "Pipfile.lock",
            Self::Uv => "uv.lock",
            _ => return None,
        })
    }
}

/// The install that a command is.
pub(super) fn install(command: &Invocation) -> Option<DependencyInstall<'_>> {
    let (manager, name, arguments) = program(command)?;
    let words: Vec<(usize, &Argument)> = plain_words(arguments);
    let first = words.first().map_or("", |(_, word)| word.text.as_str());
    let is_install = match manager {
        Manager::Npm => {
            matches!(first, "install" | "i" | "ci" | "clean-install") && words.len() == 1
        }
        Manager::Yarn => matches!(first, "install" | "") && words.len() < 2,
        Manager::Pnpm | Manager::Bun => matches!(first, "install" | "i") && words.len() == 1,
        Manager::Pip => {
            first == "install" && requirements(arguments).is_some() && !installs_project(arguments)
        }
        Manager::Poetry => first == "install",
        Manager::Pipenv | Manager::Uv => matches!(first, "install" | "sync") && words.len() == 1,
        Manager::Bundler => matches!(first, "install" | "") && words.len() < 2,
        Manager::Composer => matches!(first, "install" | "i"),
        Manager::Go => {
            first == "mod"
                && words
                    .get(1)
                    .is_some_and(|(_, word)| word.text == "download")
        }
        Manager::Maven => words
            .iter()
            .any(|(_, word)| word.text.ends_with(":go-offline") || word.text.ends_with(":resolve")),
    };
    let is_other = ["g", "global", "version", "help", "v", "h"]
        .iter()
        .any(|flag| arguments.iter().any(|a| a.has_flag(flag)));
    let at = words.first().map_or(0, |(at, _)| at + 1);
    (is_install && !(is_other && is_script(manager))).then(|| DependencyInstall {
        manager,
        command,
        verb: words.first().map_or(name, |(_, word)| *word),
        behind: arguments.get(at..).unwrap_or_default(),
    })
}

fn is_script(manager: Manager) -> bool {
    matches!(
        manager,
        Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun
    )
}

/// The package manager that a command starts, also as a module of Python.
fn program(command: &Invocation) -> Option<(Manager, &Argument, &[Argument])> {
    let arguments = command.arguments.as_slice();
    let name = command.name.text.as_str();
    if name.starts_with("python")
        && let [flag, module, rest @ ..] = arguments
        && flag.text == "-m"
    {
        return Some((python_module(&module.text)?, module, rest));
    }
    let manager = match name {
        "npm" => Manager::Npm,
        "yarn" | "yarnpkg" => Manager::Yarn,
        "pnpm" => Manager::Pnpm,
        "bun" => Manager::Bun,
        "bundle" | "bundler" => Manager::Bundler,
        "composer" | "composer.phar" => Manager::Composer,
        "go" => Manager::Go,
        "mvn" | "mvnw" => Manager::Maven,
        "pip" | "pip3" | "pipenv" | "poetry" | "uv" => python_module(name)?,
        _ => return None,
    };
    Some((manager, &command.name, arguments))
}

fn python_module(name: &str) -> Option<Manager> {
    Some(match name {
        "pip" | "pip3" => Manager::Pip,
        "pipenv" => Manager::Pipenv,
        "poetry" => Manager::Poetry,
        "uv" => Manager::Uv,
        _ => return None,
    })
}

/// The words that are neither flags nor values of flags, with their numbers.
fn plain_words(arguments: &[Argument]) -> Vec<(usize, &Argument)> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(argument) = arguments.get(at) {
        if !argument.text.starts_with('-') {
            words.push((at, argument));
        }
        at += match WITH_VALUE.contains(&argument.text.as_str()) {
            true => 2,
            false => 1,
        };
    }
    words
}

/// The file behind `-r`.
pub(super) fn requirements(arguments: &[Argument]) -> Option<&Argument> {
    let at = arguments
        .iter()
        .position(|a| matches!(a.text.as_str(), "-r" | "--requirement"))?;
    arguments.get(at + 1)
}

/// Whether pip installs the project itself, too: `.`, `-e .`.
fn installs_project(arguments: &[Argument]) -> bool {
    arguments.iter().any(|argument| {
        let text = argument.text.as_str();
        text.starts_with('.') && !text.ends_with(".txt") || text == "-e" || text == "--editable"
    })
}
