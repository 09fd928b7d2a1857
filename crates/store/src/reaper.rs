//! Removing what is done with, beside the work.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::thread::{Builder, JoinHandle};

/// A thread that removes directories. Dropping it waits until all are gone.
///
/// What an overlay leaves of its work directory takes a third of a millisecond to remove, and the next step of a build
/// need not wait for that.
#[derive(Debug)]
pub(crate) struct Reaper {
    paths: Option<Sender<PathBuf>>,
    thread: Option<JoinHandle<()>>,
}

impl Reaper {
    /// Starts the thread. If there can be none, [`remove`](Reaper::remove) does the work itself.
    pub(crate) fn start() -> Reaper {
        let (paths, to_remove) = mpsc::channel::<PathBuf>();
        let work = move || to_remove.iter().for_each(|path| remove_now(&path));
        let thread = Builder::new().name("reaper".to_owned()).spawn(work).ok();
        Reaper {
            paths: thread.is_some().then_some(paths),
            thread,
        }
    }

    /// Removes a directory with all that is in it, soon.
    pub(crate) fn remove(&self, path: &Path) {
        let sent = self.paths.as_ref().map(|paths| paths.send(path.to_owned()));
        if !matches!(sent, Some(Ok(()))) {
            remove_now(path);
        }
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.paths = None;
        if let Some(thread) = self.thread.take() {
            // It does not panic; and what it left is swept.
            let _ = thread.join();
        }
    }
}

/// What cannot be removed now is swept by a later open.
fn remove_now(path: &Path) {
    let _ = rootfs::remove_tree(path);
}
