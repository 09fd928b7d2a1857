//! `FROM`: where a stage begins, and the names of stages, images and contexts.

use std::sync::Arc;

use dockerfile::Span;
use dockerfile::ast::{self, Word};
use oci::{ImageConfig, Platform, Reference};

use super::problem::{self, Problem};
use super::{Planner, Stage, StageImage};
use crate::context::ContextName;
use crate::scope::{DEFAULT_PATH, Variables};
use crate::step::{Filesystem, Source};
use crate::{BaseImage, Error, StageBase};

/// What a name in `--from` stands for.
pub(super) enum Named {
    /// A named context.
    Context(ContextName),
    /// The files of a stage or an image.
    Filesystem(Filesystem),
    /// An earlier stage, by index.
    Stage(usize),
}

impl Planner<'_> {
    /// Begins a stage: resolves its base and takes over its config.
    pub(super) fn begin(&mut self, index: usize, from: &ast::Stage) -> Result<Stage, Error> {
        let platform = self.platform(from)?;
        let base = self.global_word(&from.base)?;
        if base.is_empty() {
            let text = &from.base.text;
            return Err(Problem::new(
                "empty-base",
                from.base.span,
                format!("the base image of this stage ({text}) is empty"),
            )
            .help("give the ARG a default before the first FROM, or pass it with --build-arg")
            .into());
        }
        let mut image = self.base(index, from, &base, &platform)?;
        ensure_path(&mut image);
        Ok(Stage {
            index,
            image,
            env: None,
            cmd_set: false,
            trigger_of: None,
        })
    }

    fn base(
        &mut self,
        index: usize,
        from: &ast::Stage,
        base: &str,
        platform: &Platform,
    ) -> Result<StageImage, Error> {
        if base == "scratch" {
            self.stands_on(index, None, platform);
            // There is nothing in it that could be for another platform: BuildKit does not heed the flag.
            return Ok(scratch(&self.target_platform));
        }
        if let Some(parent) = self.earlier_stage(base, index) {
            let mut image = self.stage(parent)?.clone();
            let env = image.config.config.env.clone();
            for (name, value) in Variables::from_env(&env).iter() {
                image.variables.set(name, value);
            }
            return Ok(image);
        }
        if let Some(context) = self.context_named(base, platform) {
            self.stands_on(index, None, platform);
            return self.context_as_base(&context, platform, from.base.span);
        }
        let base = self.image(base, platform, from.base.span)?;
        self.stands_on(index, Some(&base), platform);
        Ok(self.on_image(base, platform, Some(index)))
    }

    /// A stage that begins with an image.
    pub(super) fn on_image(
        &mut self,
        base: Arc<BaseImage>,
        platform: &Platform,
        stage: Option<usize>,
    ) -> StageImage {
        let config = base.config.clone();
        StageImage {
            filesystem: Some(self.image_step(&base, stage)),
            base: Some(base),
            layers: Vec::new(),
            variables: Variables::from_env(&config.config.env),
            config,
            history: Vec::new(),
            arguments: Vec::new(),
            platform: platform.clone(),
        }
    }

    /// Notes what a stage stands on. An image that is for another platform only serves too, as in BuildKit; that most
    /// of them will not run is for a rule to say.
    fn stands_on(&mut self, index: usize, image: Option<&Arc<BaseImage>>, wanted: &Platform) {
        let base = StageBase {
            image: image.cloned(),
            wanted: wanted.clone(),
        };
        self.survey().bases.insert(index, base);
    }

    /// Looks up an image, and says where in the text it is asked for if there is none.
    fn image(&self, name: &str, platform: &Platform, span: Span) -> Result<Arc<BaseImage>, Error> {
        let reference: Reference = name.parse().map_err(|error| {
            Problem::new(
                "image-name",
                span,
                format!("`{name}` names no image: {error}"),
            )
        })?;
        self.bases
            .resolve(&reference, platform)
            .map_err(|error| error.at(span))
    }

    /// Expands a word of a `FROM` line: only global `ARG`s count there.
    pub(super) fn global_word(&self, word: &Word) -> Result<String, Error> {
        let escape = self.file.directives.escape;
        let expanded = self.scope.globals().expand(&word.text, escape);
        Ok(expanded.map_err(|error| problem::expansion(&error, word.span))?)
    }

    pub(super) fn platform(&self, from: &ast::Stage) -> Result<Platform, Error> {
        let Some(word) = &from.platform else {
            return Ok(self.target_platform.clone());
        };
        let text = self.global_word(word)?;
        if text.is_empty() {
            return Err(Problem::new(
                "empty-platform",
                word.span,
                format!("the platform of this stage ({}) is empty", word.text),
            )
            .into());
        }
        text.parse().map_err(|error| {
            Problem::new(
                "platform",
                word.span,
                format!("cannot read platform `{text}`: {error}"),
            )
            .into()
        })
    }

    /// The last stage of that name before stage `before`.
    pub(super) fn earlier_stage(&self, name: &str, before: usize) -> Option<usize> {
        let name = name.to_lowercase();
        self.file.stages[..before]
            .iter()
            .rposition(|stage| stage.name.as_ref().is_some_and(|n| n.text == name))
    }

    /// What `--from=name` stands for in a stage.
    pub(super) fn named(&mut self, stage: &Stage, from: &Word) -> Result<Named, Error> {
        // A trigger's text is none of this file's.
        let span = stage.trigger_of.unwrap_or(from.span);
        let from = &Word {
            span,
            text: from.text.clone(),
        };
        let name = from.text.as_str();
        if name.contains('$') {
            return Err(Problem::new(
                "from-variable",
                from.span,
                format!("variables are not replaced in `from` ({name})"),
            )
            .help("name a stage: `FROM <image with the variable> AS <name>`, with the ARG before the first FROM")
            .into());
        }
        // As in BuildKit, of the platform that the build is for, whatever that of the stage.
        let platform = self.target_platform.clone();
        if let Some(context) = self.context_named(name, &platform) {
            return self.context_source(context, &platform, from.span);
        }
        if let Some(index) = self.earlier_stage(name, stage.index) {
            return Ok(Named::Stage(index));
        }
        if let Ok(index) = name.parse::<usize>() {
            return self.stage_index(index, stage, from).map(Named::Stage);
        }
        self.not_a_later_stage(stage, from)?;
        if name.eq_ignore_ascii_case("scratch") {
            return Ok(Named::Filesystem(None));
        }
        let base = self.image(name, &platform, from.span)?;
        Ok(Named::Filesystem(Some(self.image_step(&base, None))))
    }

    /// The files that `--from=name` stands for.
    pub(super) fn source(&mut self, stage: &Stage, from: &Word) -> Result<Source, Error> {
        Ok(match self.named(stage, from)? {
            Named::Context(context) => Source::Context(context),
            Named::Filesystem(filesystem) => Source::Filesystem(filesystem),
            Named::Stage(index) => Source::Filesystem(self.stage(index)?.filesystem),
        })
    }

    fn stage_index(&self, index: usize, stage: &Stage, from: &Word) -> Result<usize, Error> {
        if index < stage.index {
            return Ok(index);
        }
        let message = if index == stage.index {
            format!("stage {index} copies from itself")
        } else if index < self.file.stages.len() {
            format!("stage {index} comes later and cannot be used here")
        } else {
            format!(
                "there is no stage {index}: the file has {}",
                self.file.stages.len()
            )
        };
        Err(Problem::new("stage-index", from.span, message).into())
    }

    /// A stage cannot use itself or a later one; BuildKit's words for it are kept.
    fn not_a_later_stage(&self, stage: &Stage, from: &Word) -> Result<(), Error> {
        let name = from.text.to_lowercase();
        let place = self.file.stages[stage.index..]
            .iter()
            .position(|s| s.name.as_ref().is_some_and(|n| n.text == name));
        let own = &self.stages[stage.index].name;
        let problem = match place {
            None => return Ok(()),
            Some(0) => Problem::new(
                "circular-stage",
                from.span,
                format!("circular dependency: stage `{}` uses itself", from.text),
            ),
            Some(_) => Problem::new(
                "later-stage",
                from.span,
                format!(
                    "cannot copy from stage `{}`: it is defined after stage `{own}`",
                    from.text
                ),
            )
            .help(format!("move the stage `{}` up", from.text)),
        };
        Err(problem.into())
    }
}

/// An empty image: BuildKit gives it a working directory, and a path where that means something.
pub(super) fn scratch(platform: &Platform) -> StageImage {
    let mut config = ImageConfig::new(platform);
    let is_windows = is_windows(&config.os);
    let runtime = &mut config.config;
    if is_windows {
        runtime.working_dir = "\\".to_owned();
    } else {
        runtime.env = vec![format!("PATH={DEFAULT_PATH}")];
        runtime.working_dir = "/".to_owned();
    }
    StageImage {
        filesystem: None,
        base: None,
        layers: Vec::new(),
        variables: Variables::from_env(&runtime.env),
        arguments: Vec::new(),
        config,
        history: Vec::new(),
        platform: platform.clone(),
    }
}

/// An image without a search path gets the usual one.
pub(super) fn ensure_path(image: &mut StageImage) {
    if is_windows(&image.config.os) {
        return;
    }
    let config = &mut image.config.config;
    if !config.env.iter().any(|entry| entry.starts_with("PATH=")) {
        config.env.push(format!("PATH={DEFAULT_PATH}"));
        image.variables.set("PATH", DEFAULT_PATH);
    }
}

fn is_windows(os: &str) -> bool {
    os == "windows"
}
