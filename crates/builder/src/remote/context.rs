//! Build contexts that are elsewhere: git repositories, archives, and Dockerfiles alone.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rootfs::Dir;
use store::Scratch;

use super::{Credentials, Errand, Fetcher, Remote};
use crate::context::{Fetched, LocalContext, Origin};
use crate::{Environment, Error, Event, StepId, StepTitle};

/// The step that events of a context are of; no plan has so many.
const STEP: StepId = StepId(99_999);

/// What a file of the web is called that is a context.
pub const CONTEXT_FILE: &str = "context";

/// An archive or a Dockerfile is told by so many bytes.
const START: u64 = 64 << 10;

/// What was found where a context should be.
#[derive(Clone, Debug)]
pub enum FetchedContext {
    /// Files: a repository's or an archive's.
    Files(LocalContext),
    /// A Dockerfile alone. BuildKit makes a context of it that holds it as the file `context`.
    Dockerfile(LocalContext),
}

/// Fetches a context. It lies in the store's scratch space, and vanishes with the value.
///
/// # Errors
/// When it cannot be had, or is an archive that cannot be unpacked.
pub fn fetch_context(
    remote: &Remote,
    credentials: Credentials<'_>,
    environment: &Environment<'_>,
) -> Result<FetchedContext, Error> {
    (environment.events)(Event::Planned(vec![StepTitle {
        id: STEP,
        stage: "internal".to_owned(),
        position: None,
        text: format!("load the build context {}", remote.shown()),
        line: None,
        inputs: Vec::new(),
    }]));
    let fetcher = Fetcher {
        environment,
        credentials,
    };
    let fetched = fetcher.context(remote);
    match &fetched {
        Err(_) => (environment.events)(Event::Failed(STEP)),
        Ok(FetchedContext::Files(context) | FetchedContext::Dockerfile(context)) => {
            if let Origin::Fetched(fetched) = &context.origin {
                let _ = fetched.from.set(remote.shown());
            }
        }
    }
    fetched
}

/// A file of the web, which the store has: `build -f URL`.
///
/// # Errors
/// When it cannot be had.
pub fn fetch_file(
    remote: &Remote,
    credentials: Credentials<'_>,
    environment: &Environment<'_>,
) -> Result<File, Error> {
    let Remote::Web(file) = remote else {
        unreachable!("a repository is no file")
    };
    let fetcher = Fetcher {
        environment,
        credentials,
    };
    fetcher.file(remote, &file.name)
}

/// A context that comes as a stream: an archive in whatever way compressed. `Err` gives back a stream that is none,
/// from its beginning: a Dockerfile.
///
/// # Errors
/// When reading it fails, or it is an archive that cannot be unpacked.
pub fn read_context<'a>(
    mut stream: impl Read + Send + 'a,
    store: &store::Store,
) -> Result<Result<LocalContext, Box<dyn Read + Send + 'a>>, Error> {
    let mut start = Vec::new();
    let unreadable = |source| Error::Unpack { source };
    (&mut stream)
        .take(START)
        .read_to_end(&mut start)
        .map_err(unreadable)?;
    let archive = is_archive(&start);
    let whole = io::Cursor::new(start).chain(stream);
    if !archive {
        return Ok(Err(Box::new(whole)));
    }
    let scratch = store.scratch()?;
    unpack(whole, scratch).map(Ok)
}

/// A context without any file.
///
/// # Errors
/// When there is no room for it.
pub fn empty_context(store: &store::Store) -> Result<LocalContext, Error> {
    let scratch = store.scratch()?;
    let directory = make(&scratch)?;
    Ok(fetched(directory, scratch))
}

impl Fetcher<'_> {
    fn context(&self, remote: &Remote) -> Result<FetchedContext, Error> {
        match remote {
            Remote::Git(repository) => {
                let found = self.find(remote, self.errand())?;
                let commit = found.commit.expect("a repository is found by a commit");
                let scratch = self.environment.store.scratch()?;
                let directory = make(&scratch)?;
                (self.environment.events)(Event::Started(STEP));
                let made = self.check_out(repository, &commit, &directory, self.errand())?;
                (self.environment.events)(Event::Finished(STEP));
                Ok(FetchedContext::Files(of_commit(
                    directory,
                    scratch,
                    Some(made),
                )))
            }
            Remote::Web(file) => {
                let downloaded = self.file(remote, &file.name)?;
                let unreadable = |source| Error::Unpack { source };
                let like = downloaded.try_clone().map_err(unreadable)?;
                let read = read_context(downloaded, self.environment.store)?;
                let Err(mut dockerfile) = read else {
                    return read
                        .map(FetchedContext::Files)
                        .map_err(|_| Error::Cancelled);
                };
                let scratch = self.environment.store.scratch()?;
                let directory = make(&scratch)?;
                let path = directory.join(CONTEXT_FILE);
                let copied = File::create(&path).and_then(|mut out| {
                    io::copy(&mut dockerfile, &mut out)?;
                    let metadata = like.metadata()?;
                    out.set_permissions(metadata.permissions())?;
                    out.set_modified(metadata.modified()?)
                });
                copied.map_err(|source| Error::Write { path, source })?;
                Ok(FetchedContext::Dockerfile(fetched(directory, scratch)))
            }
        }
    }

    /// A file of the web, from the store if the one there is the newest.
    fn file(&self, remote: &Remote, name: &str) -> Result<File, Error> {
        let found = self.find(remote, self.errand())?;
        if !found.told {
            (self.environment.events)(Event::Cached(STEP));
        }
        let snapshot = self.fetch(remote, &found, self.errand())?;
        let snapshots = self.environment.store.stack(&[snapshot])?;
        Ok(Dir::open(snapshots[0].dir())?.open_file(name)?)
    }

    fn errand(&self) -> Errand {
        Errand {
            step: STEP,
            anew: false,
        }
    }
}

/// Whether what begins so is an archive: BuildKit goes by how it is compressed, and reads a header of a tar.
fn is_archive(start: &[u8]) -> bool {
    oci::Compression::detect(start) != oci::Compression::None || store::is_archive(start)
}

fn unpack(archive: impl Read + Send, scratch: Scratch) -> Result<LocalContext, Error> {
    let directory = make(&scratch)?;
    let (_, plain) =
        oci::compression::decoder(archive).map_err(|source| Error::Unpack { source })?;
    store::extract(plain, Dir::open(&directory)?, None)?;
    Ok(fetched(directory, scratch))
}

fn make(scratch: &Scratch) -> Result<PathBuf, Error> {
    let directory = scratch.path().join("files");
    fs::create_dir(&directory).map_err(|source| Error::Write {
        path: directory.clone(),
        source,
    })?;
    Ok(directory)
}

fn fetched(directory: PathBuf, scratch: Scratch) -> LocalContext {
    of_commit(directory, scratch, None)
}

fn of_commit(directory: PathBuf, scratch: Scratch, commit_time: Option<i64>) -> LocalContext {
    LocalContext {
        directory,
        ignore: None,
        origin: Origin::Fetched(Arc::new(Fetched {
            _scratch: scratch,
            from: OnceLock::new(),
            commit_time,
        })),
    }
}
