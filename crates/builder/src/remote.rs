//! What comes from elsewhere: files of the web, and git repositories.
//!
//! Each is found out about first — a digest or a commit, which is what the cache goes by — and fetched only if the
//! store does not have it: into a snapshot of its own, from which `ADD` copies as it does from a stage.

mod checksum;
mod context;
mod git;
mod git_url;
mod program;
mod tidy;
mod web;

use std::collections::BTreeMap;

use store::SnapshotId;

pub use checksum::Checksum;
pub use context::{
    CONTEXT_FILE, FetchedContext, empty_context, fetch_context, fetch_file, read_context,
};
pub use git_url::{GitRepository, GitUrlError};
pub use program::GitSettings;
pub use web::WebFile;

use crate::key::{Key, KeyWriter};
use crate::{Environment, Error, SecretSource, SshSource, StepId};

/// Something that is elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remote {
    /// A file of the web.
    Web(WebFile),
    /// A commit of a git repository.
    Git(GitRepository),
}

impl Remote {
    /// What a source of `ADD` names, if it is elsewhere.
    ///
    /// # Errors
    /// When it is a git repository, and the rest of its URL makes no sense.
    pub fn parse(text: &str) -> Result<Option<Self>, GitUrlError> {
        if let Some(repository) = GitRepository::parse(text)? {
            return Ok(Some(Self::Git(repository)));
        }
        Ok(is_web(text).then(|| Self::Web(WebFile::new(text))))
    }

    /// A file of the web that is a context.
    #[must_use]
    pub fn web_context(url: &str) -> Self {
        Self::Web(WebFile {
            name: CONTEXT_FILE.to_owned(),
            ..WebFile::new(url)
        })
    }

    /// What people are shown: its URL without a password.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Web(file) => registry::url_to_show(&file.url),
            Self::Git(repository) => match &repository.reference {
                Some(reference) => format!("{}#{reference}", repository.url),
                None => repository.url.clone(),
            },
        }
    }

    /// Its part of a step's definition, which stands for it until it is found out about.
    pub(crate) fn define(&self, writer: &mut KeyWriter) {
        match self {
            Self::Web(file) => file.define(writer),
            Self::Git(repository) => repository.define(writer),
        }
    }
}

/// Whether it is the URL of a file of the web; a git repository may be one, too.
#[must_use]
pub fn is_web(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// What opens doors elsewhere: what the user gave this build, and nothing else that he has. A Dockerfile or a
/// repository says where to go, and may be anybody's.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    /// `--secret`: tokens and headers for HTTP.
    pub secrets: &'a BTreeMap<String, SecretSource>,
    /// `--ssh`: repositories are opened with `default`.
    pub ssh: &'a BTreeMap<String, SshSource>,
}

/// Fetches what is elsewhere.
pub(crate) struct Fetcher<'a> {
    pub(crate) environment: &'a Environment<'a>,
    pub(crate) credentials: Credentials<'a>,
}

/// Whose fetching it is, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Errand {
    /// The step that events are told of.
    pub(crate) step: StepId,
    /// Whether what the store has must not be used (`--no-cache`).
    pub(crate) anew: bool,
}

/// What is known of something elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// What it is: the same key, the same files.
    pub(crate) key: Key,
    /// Where the files are, if they had to be fetched to know.
    pub(crate) snapshot: Option<SnapshotId>,
    /// Whether it was told of as of a step that was done.
    pub(crate) told: bool,
    /// The commit, for git.
    pub(crate) commit: Option<git::Commit>,
}

impl Fetcher<'_> {
    /// Finds out what is there now.
    pub(crate) fn find(&self, remote: &Remote, errand: Errand) -> Result<Found, Error> {
        match remote {
            Remote::Web(file) => self.find_file(file, errand),
            Remote::Git(repository) => self.find_commit(repository),
        }
    }

    /// Fetches what was found.
    pub(crate) fn fetch(
        &self,
        remote: &Remote,
        found: &Found,
        errand: Errand,
    ) -> Result<SnapshotId, Error> {
        match (remote, &found.commit, &found.snapshot) {
            (_, _, Some(snapshot)) => Ok(snapshot.clone()),
            (Remote::Git(repository), Some(commit), None) => {
                self.fetch_commit(repository, commit, errand)
            }
            (Remote::Git(_), None, None) => unreachable!("a repository is found by a commit"),
            (Remote::Web(file), _, None) => self.fetch_file(file, errand),
        }
    }

    /// The value of the first secret of these names that was given.
    fn secret(&self, names: &[String]) -> Result<Option<(String, Vec<u8>)>, Error> {
        for name in names {
            let Some(source) = self.credentials.secrets.get(name) else {
                continue;
            };
            let value = source.read(name)?;
            return Ok(Some((name.clone(), value)));
        }
        Ok(None)
    }
}
