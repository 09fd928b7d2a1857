//! What each instruction does to the stage that is being planned.

use dockerfile::Span;
use dockerfile::ast::{self, Instruction, Kind, Word};
use oci::Config;

use super::problem::{self, Problem};
use super::{
    HistoryEntry, INSTRUCTIONS_AT_MOST, INSTRUCTIONS_IN_ALL_AT_MOST, LAYERS_AT_MOST, Places,
    Planner, STEPS_AT_MOST, Stage,
};
use crate::Error;
use crate::step::{Operation, Step, StepId};
use crate::times::Normalise;

impl Planner<'_> {
    /// Refuses one instruction too many.
    fn check_size(&self, stage: &Stage, span: Span) -> Result<(), Error> {
        let image = &stage.image;
        let (limit, what) = if image.layers.len() >= LAYERS_AT_MOST {
            (LAYERS_AT_MOST, "layers in a stage")
        } else if image.history.len() >= INSTRUCTIONS_AT_MOST {
            (INSTRUCTIONS_AT_MOST, "instructions in a stage")
        } else if self.instructions > INSTRUCTIONS_IN_ALL_AT_MOST {
            (INSTRUCTIONS_IN_ALL_AT_MOST, "instructions in all")
        } else if self.steps.len() >= STEPS_AT_MOST {
            (STEPS_AT_MOST, "steps in all")
        } else {
            return Ok(());
        };
        let message = format!("there are more than {limit} {what}");
        let help = "do more in one RUN, or build several images";
        Err(Problem::new("too-large", span, message).help(help).into())
    }

    /// Plans one instruction.
    pub(super) fn instruction(
        &mut self,
        stage: &mut Stage,
        instruction: &Instruction,
    ) -> Result<(), Error> {
        let span = stage.span_of(instruction);
        self.instructions += 1;
        self.check_size(stage, span)?;
        match &instruction.kind {
            Kind::Add(add) => self.add(stage, instruction, add),
            Kind::Arg(args) => self.arg(stage, args, span),
            Kind::Cmd(form) => self.cmd(stage, form),
            Kind::Copy(copy) => self.copy(stage, instruction, copy),
            Kind::Entrypoint(form) => self.entrypoint(stage, form),
            Kind::Env(pairs) => self.env(stage, pairs, span),
            Kind::Expose(ports) => self.expose(stage, ports),
            Kind::Healthcheck(check) => self.healthcheck(stage, check),
            Kind::Label(pairs) => self.label(stage, pairs, span),
            Kind::Maintainer(author) => self.maintainer(stage, author),
            Kind::Onbuild(onbuild) => self.onbuild(stage, onbuild),
            Kind::Run(run) => self.run(stage, instruction, run),
            Kind::Shell(shell) => self.shell(stage, shell),
            Kind::Stopsignal(signal) => self.stopsignal(stage, signal),
            Kind::User(user) => self.user(stage, user),
            Kind::Volume(volumes) => self.volume(stage, volumes),
            Kind::Workdir(path) => self.workdir(stage, instruction, path),
        }
    }

    /// Runs the triggers that the base left, and clears them.
    pub(super) fn triggers(&mut self, stage: &mut Stage, from: &ast::Stage) -> Result<(), Error> {
        let triggers = std::mem::take(&mut stage.config().on_build);
        stage.trigger_of = Some(from.base.span);
        for text in triggers {
            let (instruction, diagnostics) = dockerfile::parse_trigger(&text);
            let Some(instruction) = instruction else {
                let why = diagnostics
                    .first()
                    .map_or("it cannot be read", |d| d.message.as_str());
                return Err(Problem::new(
                    "onbuild-trigger",
                    from.base.span,
                    format!("the base image's trigger `ONBUILD {text}` is wrong: {why}"),
                )
                .into());
            };
            self.instruction(stage, &instruction)?;
        }
        stage.trigger_of = None;
        Ok(())
    }

    /// Adds a step with a layer of its own to the stage.
    pub(super) fn layer(
        &mut self,
        stage: &mut Stage,
        instruction: &Instruction,
        operation: Operation,
        created_by: &str,
    ) -> StepId {
        let id = self.step(Step {
            below: stage.image.filesystem,
            operation,
            span: Some(stage.span_of(instruction)),
            title: instruction.original.clone(),
            stage: Some(stage.index),
            no_cache: self.no_cache(stage.index),
            normalise: Normalise::Nothing,
        });
        if stage.trigger_of.is_none() {
            let places = || Places::of(instruction);
            self.places.entry(id).or_insert_with(places);
        }
        stage.image.filesystem = Some(id);
        stage.image.layers.push(id);
        stage
            .image
            .history
            .push(HistoryEntry::layer(created_by, id));
        id
    }

    /// Replaces the variables in a word with the stage's values.
    pub(super) fn expand(&self, stage: &Stage, word: &Word) -> Result<String, Error> {
        let escape = self.file.directives.escape;
        let expanded = stage.image.variables.expand(&word.text, escape);
        let span = stage.trigger_of.unwrap_or(word.span);
        Ok(expanded.map_err(|error| problem::expansion(&error, span))?)
    }
}

impl Stage {
    /// The config that containers see.
    pub(super) fn config(&mut self) -> &mut Config {
        &mut self.image.config.config
    }

    /// Notes a line of history without a layer.
    pub(super) fn note(&mut self, created_by: String) {
        self.image.history.push(HistoryEntry::empty(created_by));
    }

    /// The shell in force.
    pub(super) fn shell(&mut self) -> Vec<String> {
        match self.config().shell.as_slice() {
            [] => vec!["/bin/sh".to_owned(), "-c".to_owned()],
            shell => shell.to_vec(),
        }
    }

    /// Where to point for an instruction: a trigger has no text of its own in this file.
    pub(super) fn span_of(&self, instruction: &Instruction) -> Span {
        self.trigger_of.unwrap_or(instruction.span)
    }

    /// A path from the working directory, cleaned; a slash or `/.` at its end is kept as a slash.
    pub(super) fn absolute(&mut self, path: &str) -> String {
        let workdir = self.config().working_dir.clone();
        let joined = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{workdir}/{path}")
        };
        let mut clean = dockerfile::glob::clean(&joined);
        let directory =
            path.is_empty() || path == "." || path.ends_with('/') || path.ends_with("/.");
        if directory && !clean.ends_with('/') {
            clean.push('/');
        }
        clean
    }
}
