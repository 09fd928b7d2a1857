//! How the stages of a file stand to each other: which one is shipped, what it stands on, and what is copied where.

use dockerfile::ast::{CopyArguments, CopySource, Instruction, Kind, Word};
use dockerfile::glob;

use crate::file::File;
use crate::images::ImageName;
use crate::runs::RunStep;

/// No file that people write has stages upon stages like this.
const STAGES_AT_MOST: usize = 100;

/// Words in the names of stages that are built for people, not shipped.
const FOR_PEOPLE: [&str; 14] = [
    "dev",
    "devel",
    "development",
    "devcontainer",
    "debug",
    "test",
    "tests",
    "tester",
    "testing",
    "lint",
    "build",
    "builder",
    "ci",
    "docs",
];

/// Files that are there to install dependencies from.
const MANIFESTS: [&str; 10] = [
    "package.json",
    "requirements.txt",
    "pyproject.toml",
    "go.mod",
    "Cargo.toml",
    "pom.xml",
    "Gemfile",
    "composer.json",
    "Pipfile",
    "package*.json",
];

/// An instruction of a stage, and the folder that it starts in.
#[derive(Clone, Debug)]
pub(crate) struct Placed<'a> {
    /// The instruction.
    pub(crate) instruction: &'a Instruction,
    /// The folder, if it is known.
    pub(crate) workdir: Option<String>,
}

/// A `COPY` or `ADD`.
#[derive(Clone, Debug)]
pub(crate) struct Copied<'a> {
    /// The instruction.
    pub(crate) instruction: &'a Instruction,
    /// What it says.
    pub(crate) arguments: &'a CopyArguments,
    /// Where the sources are.
    pub(crate) origin: CopyOrigin,
    /// The destination from the root on, if it is known, without a last `/`.
    pub(crate) destination: Option<String>,
    /// Whether it is `ADD`.
    pub(crate) is_add: bool,
}

/// Where the sources of a `COPY` are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CopyOrigin {
    /// In the build context.
    Context,
    /// In a stage of this file.
    Stage(usize),
    /// In an image or a named context.
    Elsewhere,
}

impl<'a> File<'a> {
    /// The stage that is built: the last one that is looked at.
    pub(crate) fn shipped_stage(&self) -> Option<usize> {
        let count = self.dockerfile.stages.len();
        match &self.facts.stages {
            Some(stages) => stages.iter().rev().copied().find(|index| *index < count),
            None => count.checked_sub(1),
        }
    }

    /// A stage and those that it stands on, the lowest first.
    pub(crate) fn lineage(&self, stage: usize) -> Vec<usize> {
        let next = |index: &usize| self.analysis.stages.get(*index)?.parent;
        let mut lineage: Vec<usize> = std::iter::successors(Some(stage), next)
            .take(STAGES_AT_MOST)
            .collect();
        lineage.reverse();
        lineage
    }

    /// The stages whose layers are in the image, the lowest first.
    pub(crate) fn shipped(&self) -> Vec<usize> {
        self.shipped_stage()
            .map_or_else(Vec::new, |stage| self.lineage(stage))
    }

    /// The same if the image is there to run a program: it says what to start, holds sources or what was built of them,
    /// and is not called `dev` or `test`. Otherwise none: what such an image is for cannot be told.
    pub(crate) fn shipped_program(&self) -> Vec<usize> {
        let shipped = self.shipped();
        let is_for_people = shipped
            .last()
            .is_some_and(|stage| self.is_for_people(*stage));
        let is_started = shipped.last().is_some_and(|stage| self.is_started(*stage));
        let is_filled = || {
            self.copies_of(&shipped)
                .iter()
                .any(Copied::brings_a_program)
        };
        match !is_for_people && is_started && is_filled() {
            true => shipped,
            false => Vec::new(),
        }
    }

    /// Whether a stage, or one that it stands on, says what to start.
    pub(crate) fn is_started(&self, stage: usize) -> bool {
        let lineage = self.lineage(stage);
        self.instructions_of(&lineage)
            .any(|instruction| matches!(instruction.kind, Kind::Cmd(_) | Kind::Entrypoint(_)))
    }

    /// Whether a stage is by its name one that is built for people, not shipped: `dev`, `unit-test`.
    pub(crate) fn is_for_people(&self, stage: usize) -> bool {
        let name = self
            .dockerfile
            .stages
            .get(stage)
            .and_then(|stage| stage.name.as_ref());
        name.is_some_and(|name| {
            name.text
                .split(['-', '_', '.'])
                .any(|word| FOR_PEOPLE.contains(&word))
        })
    }

    /// The image below a stage, in its parts; nothing where a variable without a value is in its name.
    pub(crate) fn image_below(&self, stage: usize) -> Option<ImageName<'_>> {
        let lowest = *self.lineage(stage).first()?;
        let base = &self.analysis.stages.get(lowest)?.base;
        let is_known = base.unset.is_empty() && !base.is_broken;
        is_known.then(|| ImageName::of(&base.text))
    }

    /// The instructions of stages, in order.
    pub(crate) fn instructions_of<'s>(
        &self,
        stages: &'s [usize],
    ) -> impl Iterator<Item = &'a Instruction> + use<'a, 's> {
        let all = &self.dockerfile.stages;
        stages
            .iter()
            .filter_map(|index| all.get(*index))
            .flat_map(|stage| &stage.instructions)
    }

    /// The `RUN`s of stages, in order, but for those behind `ONBUILD`.
    pub(crate) fn runs_of<'s>(
        &'s self,
        stages: &'s [usize],
    ) -> impl Iterator<Item = &'s RunStep<'a>> + use<'a, 's> {
        let runs = self.runs();
        let of_stage = move |stage: &usize| {
            let start = runs.partition_point(|run| run.stage < *stage);
            let behind = &runs[start..];
            &behind[..behind.partition_point(|run| run.stage == *stage)]
        };
        let found = stages.iter().flat_map(of_stage);
        found.filter(|run| !run.is_trigger)
    }

    /// The instruction behind another one in a stage.
    pub(crate) fn following(
        &self,
        stage: usize,
        instruction: &Instruction,
    ) -> Option<&'a Instruction> {
        let all = &self.dockerfile.stages.get(stage)?.instructions;
        let behind = all.partition_point(|one| one.span.start <= instruction.span.start);
        all.get(behind)
    }

    /// The instruction before another one in a stage.
    pub(crate) fn preceding(
        &self,
        stage: usize,
        instruction: &Instruction,
    ) -> Option<&'a Instruction> {
        let all = &self.dockerfile.stages.get(stage)?.instructions;
        let at = all.partition_point(|one| one.span.start < instruction.span.start);
        all.get(at.checked_sub(1)?)
    }

    /// The instructions of stages with the folders that they start in.
    pub(crate) fn placed(&self, stages: &[usize]) -> Vec<Placed<'a>> {
        let is_empty = stages
            .first()
            .and_then(|stage| self.image_below(*stage))
            .is_some_and(|image| image.name == "scratch");
        let mut workdir = is_empty.then(|| "/".to_owned());
        let mut placed = Vec::new();
        for instruction in self.instructions_of(stages) {
            placed.push(Placed {
                instruction,
                workdir: workdir.clone(),
            });
            if let Kind::Workdir(word) = &instruction.kind {
                workdir = absolute(workdir.as_deref(), &word.text);
            }
        }
        placed
    }

    /// The `COPY`s and `ADD`s of stages, in order.
    pub(crate) fn copies_of(&self, stages: &[usize]) -> Vec<Copied<'a>> {
        let placed = self.placed(stages).into_iter();
        placed.filter_map(|placed| self.copied(&placed)).collect()
    }

    /// The `COPY` or `ADD` that an instruction is.
    pub(crate) fn copied(&self, placed: &Placed<'a>) -> Option<Copied<'a>> {
        let (arguments, from, is_add) = match &placed.instruction.kind {
            Kind::Copy(copy) => (&copy.arguments, copy.from.as_ref(), false),
            Kind::Add(add) => (&add.arguments, None, true),
            _ => return None,
        };
        let origin = match from {
            None => CopyOrigin::Context,
            Some(word) => self
                .stage_named(word)
                .map_or(CopyOrigin::Elsewhere, CopyOrigin::Stage),
        };
        Some(Copied {
            instruction: placed.instruction,
            arguments,
            origin,
            destination: absolute(placed.workdir.as_deref(), &arguments.destination.text),
            is_add,
        })
    }

    /// The stage that `--from=` names: one above it, by name or number.
    pub(crate) fn stage_named(&self, word: &Word) -> Option<usize> {
        let lower = word.text.to_lowercase();
        let stages = &self.dockerfile.stages;
        let above = stages.partition_point(|stage| stage.span.start < word.span.start);
        let above = &stages[..above.saturating_sub(1)];
        let is_it = |stage: &dockerfile::ast::Stage| {
            stage.name.as_ref().is_some_and(|name| name.text == lower)
        };
        let by_number = || lower.parse().ok().filter(|number| *number < above.len());
        above.iter().rposition(is_it).or_else(by_number)
    }

    /// The last value that `ENV` or `ARG` gives to a variable in stages, without quotes, or that of the image below.
    pub(crate) fn variable(&self, stages: &[usize], name: &str) -> Option<String> {
        let mut value = stages.first().and_then(|stage| {
            let env = &self.facts.bases.get(stage)?.env;
            env.iter()
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
                .map(str::to_owned)
        });
        for instruction in self.instructions_of(stages) {
            let (names, values): (Vec<&Word>, Vec<Option<&Word>>) = match &instruction.kind {
                Kind::Env(pairs) => pairs
                    .iter()
                    .map(|pair| (&pair.name, Some(&pair.value)))
                    .unzip(),
                Kind::Arg(args) => args
                    .iter()
                    .map(|arg| (&arg.name, arg.default.as_ref()))
                    .unzip(),
                _ => continue,
            };
            for (declared, given) in names.into_iter().zip(values) {
                if let Some(given) = given.filter(|_| declared.text == name) {
                    value = Some(unquoted(&given.text).to_owned());
                }
            }
        }
        value
    }
}

impl<'a> Copied<'a> {
    /// The sources that are paths, without quotes.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (&'a Word, &'a str)> + use<'a> {
        self.arguments
            .sources
            .iter()
            .filter_map(|source| match source {
                CopySource::Path(word) => Some((word, unquoted(&word.text))),
                CopySource::Heredoc(_) => None,
            })
    }

    /// The source that is all of the context.
    pub(crate) fn whole_context(&self) -> Option<&'a Word> {
        let mut paths = self.paths().filter(|_| self.origin == CopyOrigin::Context);
        paths
            .find(|(_, path)| matches!(*path, "." | "./" | "/" | "*" | "./*"))
            .map(|(word, _)| word)
    }

    /// Whether it copies sources, what they are installed from, or what another stage made.
    fn brings_a_program(&self) -> bool {
        let is_folder = |path: &str| {
            let last = path
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or(path);
            path.ends_with('/')
                || matches!(last, "src" | "app" | "lib" | "cmd" | "server" | "public")
        };
        match self.origin {
            CopyOrigin::Stage(_) => true,
            CopyOrigin::Elsewhere => false,
            CopyOrigin::Context => {
                self.whole_context().is_some()
                    || self.paths().any(|(_, path)| {
                        let last = path.rsplit('/').next().unwrap_or(path);
                        is_folder(path) || MANIFESTS.contains(&last) || last.ends_with(".jar")
                    })
            }
        }
    }
}

/// A word without the quotes around it.
pub(crate) fn unquoted(text: &str) -> &str {
    let inside = |sign: char| text.strip_prefix(sign)?.strip_suffix(sign);
    inside('"').or_else(|| inside('\'')).unwrap_or(text)
}

/// A path from the root on; nothing where it cannot be told.
pub(crate) fn absolute(workdir: Option<&str>, path: &str) -> Option<String> {
    let path = unquoted(path);
    if path.is_empty() || path.contains(['$', '\\', '"', '\'']) {
        return None;
    }
    match path.starts_with('/') {
        true => Some(glob::clean(path)),
        false => Some(glob::clean(&format!("{}/{path}", workdir?))),
    }
}

/// Whether a path is another one or lies below it.
pub(crate) fn is_within(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a file is small by its name: scripts, settings, lists, keys.
pub(crate) fn is_small(path: &str) -> bool {
    const ENDS: [&str; 20] = [
        "sh",
        "bash",
        "py",
        "pl",
        "rb",
        "conf",
        "cfg",
        "cnf",
        "ini",
        "yml",
        "yaml",
        "toml",
        "json",
        "xml",
        "properties",
        "env",
        "txt",
        "md",
        "repo",
        "list",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.')
        .is_some_and(|(_, end)| ENDS.contains(&end))
}
