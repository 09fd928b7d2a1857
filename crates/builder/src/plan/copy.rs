//! `COPY` and `ADD`.

use dockerfile::Span;
use dockerfile::ast::{Add, Copy, CopyArguments, CopySource, Instruction, Word};
use dockerfile::chmod::{self, Chmod};

use super::problem::{self, Problem};
use super::{Planner, Stage};
use crate::Error;
use crate::context::ContextName;
use crate::remote::Remote;
use crate::step::{CopyItem, CopyOperation, Operation, Source};

impl Planner<'_> {
    /// `COPY`.
    pub(super) fn copy(
        &mut self,
        stage: &mut Stage,
        instruction: &Instruction,
        copy: &Copy,
    ) -> Result<(), Error> {
        let source = match &copy.from {
            Some(from) => self.source(stage, from)?,
            None => Source::Context(ContextName::Main),
        };
        let mut operation = self.copy_operation(stage, &copy.arguments, source)?;
        self.check_link(stage, &copy.arguments, &operation);
        operation.parents = copy.parents;
        for item in &operation.items {
            if let CopyItem::Path(path) = item
                && Remote::parse(path).is_ok_and(|found| found.is_some())
            {
                let message = format!("COPY cannot fetch `{path}`");
                return Err(
                    Problem::new("copy-url", stage.span_of(instruction), message)
                        .help("use ADD for URLs and git repositories")
                        .into(),
                );
            }
        }
        let created_by = self.created_by(stage, "COPY", &operation, &copy.arguments)?;
        self.layer(stage, instruction, Operation::Copy(operation), &created_by);
        Ok(())
    }

    /// `ADD`.
    pub(super) fn add(
        &mut self,
        stage: &mut Stage,
        instruction: &Instruction,
        add: &Add,
    ) -> Result<(), Error> {
        let source = Source::Context(ContextName::Main);
        let mut operation = self.copy_operation(stage, &add.arguments, source)?;
        self.check_link(stage, &add.arguments, &operation);
        operation.unpack = add.unpack.unwrap_or(true);
        let created_by = self.created_by(stage, "ADD", &operation, &add.arguments)?;
        self.fetch_remotes(stage, instruction, add, &mut operation)?;
        self.layer(stage, instruction, Operation::Copy(operation), &created_by);
        Ok(())
    }

    fn copy_operation(
        &self,
        stage: &mut Stage,
        arguments: &CopyArguments,
        source: Source,
    ) -> Result<CopyOperation, Error> {
        let mut items = Vec::with_capacity(arguments.sources.len());
        for source in &arguments.sources {
            items.push(self.copy_item(stage, source)?);
        }
        // As BuildKit does: heredocs come last, whatever the order in the text.
        items.sort_by_key(|item| matches!(item, CopyItem::Inline { .. }));
        let destination = self.expand(stage, &arguments.destination)?;
        // A variable without a value asks for nothing, as in BuildKit.
        let chown = match &arguments.chown {
            Some(word) => Some(self.chown(stage, word)?).filter(|owner| !owner.is_empty()),
            None => None,
        };
        let chmod = match &arguments.chmod {
            Some(word) => self.chmod(stage, word)?,
            None => None,
        };
        Ok(CopyOperation {
            source,
            items,
            destination: stage.absolute(&destination),
            // As BuildKit does, without --link where modes are to be changed; and also where names
            // must be looked up in the image below, of which a linked layer knows nothing.
            link: arguments.link && chmod.is_none() && chown.as_deref().is_none_or(is_numeric),
            chmod,
            chown,
            parents: false,
            excludes: arguments
                .excludes
                .iter()
                .map(|word| word.text.clone())
                .collect(),
            unpack: false,
        })
    }

    /// A linked layer knows nothing of the image below, so names cannot be looked up for it.
    fn check_link(&mut self, stage: &Stage, arguments: &CopyArguments, operation: &CopyOperation) {
        let (Some(word), Some(owner)) = (&arguments.chown, &operation.chown) else {
            return;
        };
        if !arguments.link || is_numeric(owner) {
            return;
        }
        let span = stage.trigger_of.unwrap_or(word.span);
        let message = format!("--link cannot look up `{owner}`: the layer is not a linked one");
        let problem = Problem::new("link-chown", span, message)
            .help("give numbers (BuildKit fails otherwise), or leave --link out");
        self.warnings.push(problem.warning());
    }

    fn copy_item(&self, stage: &Stage, source: &CopySource) -> Result<CopyItem, Error> {
        match source {
            CopySource::Path(word) => Ok(CopyItem::Path(self.expand(stage, word)?)),
            CopySource::Heredoc(heredoc) => {
                let content = if heredoc.expand {
                    let variables = &stage.image.variables;
                    let lookup = |name: &str| variables.get(name).map(str::to_owned);
                    let span = stage.trigger_of.unwrap_or(heredoc.body_span);
                    dockerfile::expand_heredoc(&heredoc.body, &lookup)
                        .map_err(|error| problem::expansion(&error, span))?
                        .text
                } else {
                    heredoc.body.clone()
                };
                Ok(CopyItem::Inline {
                    name: heredoc.name.clone(),
                    content,
                })
            }
        }
    }

    /// BuildKit's line of history: of the flags only these three are shown.
    fn created_by(
        &self,
        stage: &Stage,
        keyword: &str,
        operation: &CopyOperation,
        arguments: &CopyArguments,
    ) -> Result<String, Error> {
        let mut words = vec![keyword.to_owned()];
        if operation.parents {
            words.push("--parents".to_owned());
        }
        if let Some(chown) = &operation.chown {
            words.push(format!("--chown={chown}"));
        }
        if let Some(chmod) = &arguments.chmod {
            words.push(format!("--chmod={}", self.expand(stage, chmod)?));
        }
        words.extend(operation.items.iter().map(|item| match item {
            CopyItem::Path(path) | CopyItem::Fetched { path, .. } => path.clone(),
            CopyItem::Inline { name, .. } => format!("<<{name}"),
        }));
        words.push(self.expand(stage, &arguments.destination)?);
        Ok(words.join(" "))
    }

    fn chown(&self, stage: &Stage, word: &Word) -> Result<String, Error> {
        let owner = self.expand(stage, word)?;
        Self::check_names(stage, &owner, stage.trigger_of.unwrap_or(word.span))?;
        Ok(owner)
    }

    /// Without any image below there is nowhere to look the names in an owner up.
    pub(super) fn check_names(stage: &Stage, owner: &str, span: Span) -> Result<(), Error> {
        let is_name = |part: &str| !part.is_empty() && !is_numeric(part);
        if stage.image.filesystem.is_none()
            && let Some(name) = owner.split(':').find(|part| is_name(part))
        {
            let message = format!("there is no user or group `{name}`: this stage is empty");
            return Err(Problem::new("owner", span, message)
                .help("give the owner in numbers, such as 1000:1000")
                .into());
        }
        Ok(())
    }

    fn chmod(&self, stage: &Stage, word: &Word) -> Result<Option<Chmod>, Error> {
        let text = self.expand(stage, word)?;
        if text.is_empty() {
            return Ok(None);
        }
        let span = stage.trigger_of.unwrap_or(word.span);
        chmod::parse(&text).map(Some).map_err(|error| {
            Problem::new("chmod", span, error.to_string())
                .help("write an octal mode such as 0755, or changes such as u=rwX,go=rX")
                .into()
        })
    }
}

/// Whether an owner is given by numbers only.
fn is_numeric(owner: &str) -> bool {
    owner
        .split(':')
        .all(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
}
