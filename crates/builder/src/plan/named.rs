//! Named contexts: what `--build-context name=…` puts in the place of a stage, an image, or a source of files.

use dockerfile::Span;
use dockerfile::ast;
use oci::{Platform, Reference};

use super::from::{Named, scratch};
use super::{HistoryEntry, Planner, StageImage};
use crate::Error;
use crate::context::{ContextName, NamedContext};
use crate::remote::{CONTEXT_FILE, Remote};
use crate::step::{CopyOperation, Operation, Step, StepId};
use crate::times::Normalise;

/// Names that mean what they mean.
const RESERVED: [&str; 2] = ["scratch", "context"];

impl<'a> Planner<'a> {
    /// The context for a name, which may be an image's, also in its long form. One that is for just this platform
    /// (`name::os/architecture`) goes first.
    pub(super) fn context_named(&self, name: &str, platform: &Platform) -> Option<ContextName> {
        let familiar = name.parse::<Reference>().ok()?.familiar();
        let short = familiar.strip_suffix(":latest").unwrap_or(&familiar);
        if RESERVED.contains(&name) || RESERVED.contains(&short) {
            return None;
        }
        let for_platform = format!("{short}::{}", platform.normalise());
        [for_platform.as_str(), short, &familiar, name]
            .into_iter()
            .find(|key| self.options.named_contexts.contains_key(*key))
            .map(|key| ContextName::Named(key.to_owned()))
    }

    /// What stands in for a whole stage: none of its instructions counts.
    pub(super) fn replacement(&mut self, from: &ast::Stage) -> Result<Option<StageImage>, Error> {
        let Some(name) = &from.name else {
            return Ok(None);
        };
        let platform = self.platform(from)?;
        match self.context_named(&name.text, &platform) {
            None => Ok(None),
            Some(context) => self
                .context_as_base(&context, &platform, name.span)
                .map(Some),
        }
    }

    /// A context that a stage stands on: an image with its config, or files and the config of an empty image.
    pub(super) fn context_as_base(
        &mut self,
        context: &ContextName,
        platform: &Platform,
        span: Span,
    ) -> Result<StageImage, Error> {
        let step = match self.given(context) {
            Some(NamedContext::Scratch) => return Ok(scratch(platform)),
            Some(NamedContext::Image(reference)) => {
                let base = self.bases.resolve(reference, platform);
                return Ok(self.on_image(base.map_err(|error| error.at(span))?, platform, None));
            }
            Some(NamedContext::Layout(layout)) => {
                let base = self.bases.layout(layout, platform);
                return Ok(self.on_image(base.map_err(|error| error.at(span))?, platform, None));
            }
            Some(NamedContext::Built(root)) => {
                let base = self.bases.built(&context.to_string(), root, platform);
                return Ok(self.on_image(base.map_err(|error| error.at(span))?, platform, None));
            }
            Some(NamedContext::Remote(remote)) => self.remote_context(context, remote, span),
            Some(NamedContext::Folder(_)) | None => self.context_step(context.clone(), "/", "/"),
        };
        let mut image = scratch(platform);
        image.filesystem = Some(step);
        image.layers.push(step);
        image
            .history
            .push(HistoryEntry::layer(&format!("FROM {context}"), step));
        Ok(image)
    }

    /// The files of a context.
    pub(super) fn context_source(
        &mut self,
        context: ContextName,
        platform: &Platform,
        span: Span,
    ) -> Result<Named, Error> {
        if let Some(NamedContext::Folder(_)) | None = self.given(&context) {
            return Ok(Named::Context(context));
        }
        let image = self.context_as_base(&context, platform, span)?;
        Ok(Named::Filesystem(image.filesystem))
    }

    /// A step with the files of a repository, or of an archive or file of the web.
    fn remote_context(&mut self, context: &ContextName, remote: &Remote, span: Span) -> StepId {
        let fetch = self.step(Step {
            below: None,
            operation: Operation::Fetch(remote.clone()),
            span: Some(span),
            title: format!("[internal] fetch {}", remote.shown()),
            stage: None,
            no_cache: false,
            normalise: Normalise::Nothing,
        });
        if let Remote::Git(_) = remote {
            return fetch;
        }
        self.step(Step {
            below: None,
            operation: Operation::Copy(CopyOperation {
                unpack: true,
                ..CopyOperation::to_root(fetch, format!("/{CONTEXT_FILE}"))
            }),
            span: Some(span),
            title: format!("[internal] files of {context}"),
            stage: None,
            no_cache: false,
            normalise: Normalise::Nothing,
        })
    }

    fn given(&self, context: &ContextName) -> Option<&'a NamedContext> {
        match context {
            ContextName::Main => None,
            ContextName::Named(name) => self.options.named_contexts.get(name),
        }
    }
}
