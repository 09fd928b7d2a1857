//! Going through the instructions of a stage.

use std::rc::Rc;

use dockerfile::ast::{
    ArgDeclaration, CopyArguments, CopySource, Dockerfile, Escape, Instruction, Kind, MountFlag,
    Pair, Stage, Word,
};
use dockerfile::{Mount, Span, Variables, expand, suggest};

use super::ground::Ground;
use super::words::{self, Reading};
use super::{Argument, Globals, Origin, Step, Unset};
use crate::Facts;

/// Names like an unset one are only looked for so often: each time all names are gone through.
const SUGGESTIONS_AT_MOST: usize = 200;

/// Variables that are handed from stage to stage, all in all. No file that people write has a hundredth of it; a build
/// gives up long before.
const COPIES_AT_MOST: usize = 200_000;

/// Goes from stage to stage.
pub(crate) struct Walk<'a> {
    facts: &'a Facts<'a>,
    globals: &'a Globals,
    escape: Escape,
    suggestions: usize,
    copies: usize,
}

/// An instruction that is being looked at.
struct Look<'w, 'a> {
    walk: &'w mut Walk<'a>,
    ground: &'w mut Ground,
    step: Step,
}

impl<'a> Walk<'a> {
    pub(super) fn new(file: &Dockerfile, facts: &'a Facts<'a>, globals: &'a Globals) -> Self {
        Self {
            facts,
            globals,
            escape: file.directives.escape,
            suggestions: 0,
            copies: 0,
        }
    }

    /// What the instructions of a stage come to, and what a stage on top of it begins with.
    pub(super) fn stage(&mut self, stage: &Stage, below: Rc<Ground>) -> (Vec<Step>, Rc<Ground>) {
        let changes = !stage.instructions.is_empty() || !below.triggers.is_empty();
        self.copies += if changes { below.size() } else { 0 };
        if !changes || self.copies > COPIES_AT_MOST {
            return (Vec::new(), below);
        }
        let mut ground = Rc::unwrap_or_clone(below);
        let mut steps = Vec::with_capacity(stage.instructions.len());
        for trigger in std::mem::take(&mut ground.triggers) {
            if let (Some(instruction), _) = dockerfile::parse_trigger(&trigger) {
                let origin = Origin::Trigger(Box::new(instruction.clone()));
                steps.push(self.step(&instruction, (origin, stage.span), &mut ground));
            }
        }
        for (index, instruction) in stage.instructions.iter().enumerate() {
            let origin = (Origin::Text(index), instruction.span);
            steps.push(self.step(instruction, origin, &mut ground));
        }
        (steps, Rc::new(ground))
    }

    fn step(
        &mut self,
        instruction: &Instruction,
        (origin, place): (Origin, Span),
        ground: &mut Ground,
    ) -> Step {
        let step = Step {
            origin,
            place,
            words: Vec::new(),
            unset: Vec::new(),
            arguments: Vec::new(),
            mounts: Vec::new(),
            has_shell: ground.has_shell,
            has_workdir: ground.has_workdir,
        };
        let mut look = Look {
            walk: self,
            ground,
            step,
        };
        look.at(instruction);
        look.step
    }
}

impl Look<'_, '_> {
    fn at(&mut self, instruction: &Instruction) {
        match &instruction.kind {
            Kind::Add(add) => {
                self.copy(&add.arguments, true);
                add.checksum.iter().for_each(|word| drop(self.word(word)));
            }
            Kind::Arg(args) => args.iter().for_each(|arg| self.arg(arg)),
            Kind::Copy(copy) => self.copy(&copy.arguments, copy.from.is_none()),
            Kind::Env(pairs) => self.env(pairs),
            Kind::Expose(words) => words.iter().for_each(|word| self.port(word)),
            Kind::Label(pairs) => drop(self.pairs(pairs)),
            Kind::Onbuild(onbuild) => self.ground.triggers.push(onbuild.trigger.clone()),
            Kind::Run(run) => run.mounts.iter().for_each(|mount| self.mount(mount)),
            Kind::Shell(_) => self.ground.has_shell = true,
            Kind::Stopsignal(word) | Kind::User(word) => drop(self.word(word)),
            Kind::Volume(words) => words.iter().for_each(|word| drop(self.word(word))),
            Kind::Workdir(word) => {
                let path = self.word(word);
                self.step.words.push(path);
                self.ground.has_workdir = true;
            }
            Kind::Cmd(_) | Kind::Entrypoint(_) | Kind::Healthcheck(_) | Kind::Maintainer(_) => {}
        }
    }

    /// Expands a word, and notes what is unset in it.
    fn word(&mut self, word: &Word) -> String {
        self.text(word, Reading::Word(self.walk.escape))
    }

    fn text(&mut self, word: &Word, reading: Reading) -> String {
        let used = words::used(&word.text, reading, &self.ground.variables);
        self.note(used.unset, word.span);
        used.text
    }

    fn note(&mut self, unset: Vec<String>, span: Span) {
        if !self.ground.is_known {
            return;
        }
        for name in unset {
            // What the scanner is told is no variable of the stage.
            let is_setting = name.starts_with("BUILDKIT_SBOM_SCAN_");
            if is_setting || self.ground.declared.contains(&name) {
                continue;
            }
            self.walk.suggestions += 1;
            let names = self.ground.variables.iter().map(|(name, _)| name.as_str());
            let similar = match self.walk.suggestions > SUGGESTIONS_AT_MOST {
                true => None,
                false => suggest(&name, names).map(str::to_owned),
            };
            let place = match self.step.origin {
                Origin::Text(_) => span,
                Origin::Trigger(_) => self.step.place,
            };
            self.step.unset.push(Unset {
                name,
                similar,
                place,
            });
        }
    }

    /// One line of `ARG` may declare several, and a later one sees an earlier one.
    fn arg(&mut self, arg: &ArgDeclaration) {
        let (name, facts) = (&arg.name.text, self.walk.facts);
        let given = facts.build_args.get(name).cloned();
        let global = self.walk.globals.values.get(name).map(str::to_owned);
        let is_inherited = given.is_none() && arg.default.is_none() && global.is_some();
        let value = match (given, &arg.default) {
            (Some(given), _) => Some(given),
            (None, Some(default)) => Some(self.word(default)),
            (None, None) => global,
        };
        match &value {
            Some(value) => self.ground.variables.set(name, value),
            None => drop(self.ground.declared.insert(name.clone())),
        }
        self.step.arguments.push(Argument {
            name: name.clone(),
            value,
            is_inherited,
        });
    }

    /// All values of a line see the variables from before it.
    fn env(&mut self, pairs: &[Pair]) {
        let values = self.pairs(pairs);
        for (name, value) in values {
            self.ground.variables.set(&name, &value);
            self.step.words.push(name);
        }
    }

    fn pairs(&mut self, pairs: &[Pair]) -> Vec<(String, String)> {
        let expanded = pairs.iter();
        expanded
            .map(|pair| (self.word(&pair.name), self.word(&pair.value)))
            .collect()
    }

    fn port(&mut self, word: &Word) {
        let ports = words::split(&word.text, self.walk.escape, &self.ground.variables);
        self.step.words.extend(ports);
    }

    /// The sources, which are paths of the build context or not, and the flags.
    fn copy(&mut self, arguments: &CopyArguments, from_context: bool) {
        for source in &arguments.sources {
            match source {
                CopySource::Path(word) => {
                    let path = self.word(word);
                    if from_context && !is_remote(&path) {
                        self.step.words.push(path);
                    }
                }
                CopySource::Heredoc(heredoc) if heredoc.expand => {
                    let body = Word {
                        text: heredoc.body.clone(),
                        span: heredoc.body_span,
                    };
                    self.text(&body, Reading::Heredoc);
                }
                CopySource::Heredoc(_) => {}
            }
        }
        let flags = [&arguments.chown, &arguments.chmod].into_iter().flatten();
        for word in std::iter::once(&arguments.destination).chain(flags) {
            self.word(word);
        }
    }

    fn mount(&mut self, mount: &MountFlag) {
        let (escape, variables): (_, &Variables) = (self.walk.escape, &self.ground.variables);
        let (unset, read) = words::unset_in(variables, |lookup| {
            let expand = |text: &str| expand(text, escape, lookup).map(|expansion| expansion.text);
            Mount::read(mount, &expand)
        });
        // What is wrong with a mount is for the build to say.
        self.step.mounts.extend(read);
        self.note(unset, mount.span);
    }
}

/// Whether a source is a URL or a git repository.
fn is_remote(path: &str) -> bool {
    ["http://", "https://", "git://", "ssh://", "git@"]
        .iter()
        .any(|scheme| path.starts_with(scheme))
}
