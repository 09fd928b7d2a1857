//! `ADD` of what is elsewhere: steps that fetch it, and what is copied of each.

use dockerfile::ast::{Add, Instruction};

use super::problem::Problem;
use super::{Planner, Stage, literal};
use crate::Error;
use crate::remote::{GitRepository, Remote, WebFile};
use crate::step::{CopyItem, CopyOperation, Operation, Step, StepId};
use crate::times::Normalise;

impl Planner<'_> {
    /// Puts steps that fetch before a copy whose sources are elsewhere.
    pub(super) fn fetch_remotes(
        &mut self,
        stage: &mut Stage,
        instruction: &Instruction,
        add: &Add,
        copy: &mut CopyOperation,
    ) -> Result<(), Error> {
        let span = stage.span_of(instruction);
        let checksum = match &add.checksum {
            Some(word) => Some(self.expand(stage, word)?),
            None => None,
        };
        if checksum.is_some() && copy.items.len() != 1 {
            let message = "--checksum is for one source, and there are several";
            return Err(Problem::new("add-checksum", span, message).into());
        }
        let mut remotes = 0;
        for item in &mut copy.items {
            let CopyItem::Path(path) = &item else {
                continue;
            };
            let wrong = |message: String| Problem::new("add-remote", span, message);
            let Some(remote) = Remote::parse(path).map_err(|error| wrong(error.to_string()))?
            else {
                continue;
            };
            remotes += 1;
            let checksum = checksum.as_deref();
            *item = match remote {
                Remote::Web(mut file) => {
                    file.checksum = match checksum {
                        Some(text) => Some(text.parse().map_err(|error| {
                            Problem::new("add-checksum", span, format!("{error}"))
                        })?),
                        None => None,
                    };
                    self.fetched_file(stage, instruction, file, add.unpack == Some(true))
                }
                Remote::Git(repository) => {
                    let repository = git_with_flags(repository, add, checksum).map_err(wrong)?;
                    let step = self.fetch_step(stage, instruction, Remote::Git(repository));
                    CopyItem::Fetched {
                        step,
                        path: "/".to_owned(),
                        unpack: false,
                    }
                }
            };
        }
        if checksum.is_some() && remotes == 0 {
            let message = "--checksum is for a URL or a git repository, and the source is neither";
            return Err(Problem::new("add-checksum", span, message).into());
        }
        Ok(())
    }

    fn fetched_file(
        &mut self,
        stage: &Stage,
        instruction: &Instruction,
        file: WebFile,
        unpack: bool,
    ) -> CopyItem {
        let path = literal(&format!("/{}", file.name));
        let step = self.fetch_step(stage, instruction, Remote::Web(file));
        CopyItem::Fetched { step, path, unpack }
    }

    fn fetch_step(&mut self, stage: &Stage, instruction: &Instruction, remote: Remote) -> StepId {
        let title = format!("[internal] fetch {}", remote.shown());
        self.step(Step {
            below: None,
            operation: Operation::Fetch(remote),
            span: Some(stage.span_of(instruction)),
            title,
            stage: None,
            no_cache: self.no_cache(stage.index),
            normalise: Normalise::Nothing,
        })
    }
}

/// What the flags say of a repository has to agree with what its URL says.
fn git_with_flags(
    mut repository: GitRepository,
    add: &Add,
    checksum: Option<&str>,
) -> Result<GitRepository, String> {
    match (add.keep_git_dir, repository.keep_git_dir) {
        (Some(flag), Some(url)) if flag != url => {
            return Err(format!("--keep-git-dir={flag}, but the URL says {url}"));
        }
        (flag, url) => repository.keep_git_dir = url.or(flag),
    }
    match (checksum, &repository.checksum) {
        (Some(flag), Some(url)) if flag != url => {
            return Err(format!("--checksum={flag}, but the URL says {url}"));
        }
        (Some(flag), None) => repository.checksum = Some(flag.to_owned()),
        _ => {}
    }
    Ok(repository)
}
