//! Several builds at once, in one process, on one store: each starts when those are done whose results it uses. The first that fails
//! stops the others.

use super::{Args, Build};
use crate::command_error::{self, CommandError};
use crate::commands::build::{self, Done, Failure, Request, Session};
use crate::config::Config;
use crate::exit::Exit;
use crate::progress::{LogDirectory, Notices, Progress};
use crate::{output, signals};
use serde_json::{Map, Value};
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Builds that run side by side; each has threads of its own for its steps.
const AT_ONCE: usize = 8;

/// The builds, and what came of them so far.
struct Work<'a> {
    builds: &'a [Build],
    requests: Vec<Mutex<Request<'a>>>,
    session: &'a Session<'a>,
    ended: Mutex<Ended>,
    changed: Condvar,
}

struct Ended {
    done: Vec<Option<Done>>,
    /// The first failure, and whose it is. Those after it are its consequences.
    failed: Option<(usize, Failure)>,
}

/// Does the builds, which come after those that they use.
pub(super) fn run(builds: &[Build], args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let mode = build::mode_of(args.progress.as_deref(), config)?;
    for build in builds {
        Request::check_flags(&build.args).map_err(|error| error.about(&about(build)))?;
    }
    let notices = Notices::default();
    let session = Session::open(config, &notices)?;
    let logs = LogDirectory::new(&session.store.layout().logs());
    let progress = Progress::start(mode, config.style(), logs, &notices);
    let requests = match read(builds, &session, &progress) {
        Ok(requests) => requests,
        Err(error) => {
            progress.end();
            return Err(error);
        }
    };
    let work = Work {
        builds,
        requests,
        session: &session,
        ended: Mutex::new(Ended {
            done: builds.iter().map(|_| None).collect(),
            failed: None,
        }),
        changed: Condvar::new(),
    };
    work.all(&progress);
    let failed_steps = progress.end();
    let requests: Vec<Request<'_>> = work
        .requests
        .into_iter()
        .map(|request| request.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect();
    for request in &requests {
        output::note(&request.rendered_warnings(mode, config));
    }
    let ended = work
        .ended
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if signals::exit().is_some() {
        return Err(command_error::interrupted());
    }
    if let Some((at, failure)) = ended.failed {
        if let Failure::Build(_) = failure {
            for step in &failed_steps {
                output::note(&build::failed_step(step, config.style()));
            }
        }
        let error = requests[at].error(failure, config);
        return Err(error.about(&about(&builds[at])));
    }
    let finished: Vec<_> = builds.iter().zip(&requests).zip(ended.done).collect();
    conclude(&finished, args, &session)
}

/// Reads what each build needs; contexts that are elsewhere are fetched.
fn read<'a>(
    builds: &'a [Build],
    session: &Session<'_>,
    progress: &Progress,
) -> Result<Vec<Mutex<Request<'a>>>, CommandError> {
    let mut requests = Vec::with_capacity(builds.len());
    for (at, build) in builds.iter().enumerate() {
        let part = progress.part(&build.name, at);
        let request = Request::read(&build.args, session, &|event| part.event(event));
        let mut request = request.map_err(|error| error.about(&about(build)))?;
        if builds
            .iter()
            .any(|other| other.uses.iter().any(|(_, used)| *used == at))
        {
            request.keep_whole();
        }
        requests.push(Mutex::new(request));
    }
    Ok(requests)
}

fn about(build: &Build) -> String {
    format!("target {}", build.name)
}

/// A build, what was asked for, and what came of it.
type Finished<'a, 'r> = ((&'a Build, &'r Request<'a>), Option<Done>);

/// Tells what was made.
fn conclude(
    finished: &[Finished<'_, '_>],
    args: &Args,
    session: &Session<'_>,
) -> Result<Exit, CommandError> {
    let mut metadata = Map::new();
    for ((build, request), done) in finished {
        let Some(done) = done else { continue };
        let said = request.conclude(done, session)?;
        if args.progress.as_deref() != Some("none") && args.progress.as_deref() != Some("quiet") {
            let name = session.config.style().bold(&build.name);
            output::note(&format!("\n{name}{said}"));
        }
        metadata.insert(build.name.clone(), request.metadata(done));
    }
    if let Some(path) = &args.metadata_file {
        let text = format!("{:#}\n", Value::Object(metadata));
        fs::write(path, text).map_err(|error| CommandError::file("write", path, error))?;
    }
    Ok(Exit::Success)
}

impl Work<'_> {
    fn all(&self, progress: &Progress) {
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::SeqCst);
                let Some(build) = self.builds.get(at) else {
                    break;
                };
                let part = progress.part(&build.name, at);
                self.one(at, &|event| part.event(event));
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.builds.len().min(AT_ONCE) {
                scope.spawn(work);
            }
        });
    }

    /// Waits for what a build uses, and does it.
    fn one(&self, at: usize, show: &(dyn Fn(builder::Event) + Sync)) {
        let uses = &self.builds[at].uses;
        let mut request = self.requests[at]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut ended = self.lock();
        while ended.failed.is_none() && uses.iter().any(|(_, used)| ended.done[*used].is_none()) {
            ended = self
                .changed
                .wait(ended)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if ended.failed.is_some() {
            return;
        }
        for (name, used) in uses {
            if let Some(done) = &ended.done[*used] {
                request.use_result(name, done);
            }
        }
        drop(ended);
        let done = request.execute(self.session, show, None);
        let mut ended = self.lock();
        match done {
            Ok(done) => ended.done[at] = Some(done),
            Err(failure) if ended.failed.is_none() => {
                ended.failed = Some((at, failure));
                self.session.cancel.store(true, Ordering::SeqCst);
            }
            Err(_) => {}
        }
        drop(ended);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Ended> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
