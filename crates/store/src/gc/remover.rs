//! Removing many trees at once.
//!
//! Most of the time that goes into removing a tree is spent waiting: where a file system tells the disk which blocks are free
//! (`discard`), or reads its bitmaps, every `unlink` does. Ten thousand snapshots took 42 s one after the other, with 7 s of
//! computing among them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use super::sweep::remove_file;
use crate::Error;

/// So many wait for the disk at once. They compute little.
const THREADS: usize = 8;

/// So many trees may wait for a thread.
const QUEUE: usize = 64;

/// Threads that remove what was taken out of the way. The first ones start when there is something to do.
#[derive(Debug, Default)]
pub(super) struct Remover {
    queue: Option<SyncSender<PathBuf>>,
    threads: Vec<JoinHandle<()>>,
    failure: Arc<Mutex<Option<Error>>>,
}

impl Remover {
    /// Removes a file or a tree, soon; now, where there can be no threads.
    pub(super) fn remove(&mut self, path: PathBuf) {
        if self.queue.is_none() {
            self.start();
        }
        let Some(queue) = self.queue.as_ref().filter(|_| !self.threads.is_empty()) else {
            return note(&self.failure, remove_now(&path));
        };
        // It comes back only if all threads have ended, and they end after this.
        if let Err(mpsc::SendError(path)) = queue.send(path) {
            note(&self.failure, remove_now(&path));
        }
    }

    /// Waits until all is gone.
    ///
    /// # Errors
    /// What stopped a removal first. The others were tried all the same.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        self.wait();
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        match failure.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn start(&mut self) {
        let (queue, paths) = mpsc::sync_channel(QUEUE);
        let paths = Arc::new(Mutex::new(paths));
        for _ in 0..THREADS {
            let (paths, failure) = (Arc::clone(&paths), Arc::clone(&self.failure));
            let work = move || {
                while let Some(path) = next(&paths) {
                    note(&failure, remove_now(&path));
                }
            };
            let thread = Builder::new().name("remover".to_owned()).spawn(work);
            self.threads.extend(thread);
        }
        self.queue = Some(queue);
    }

    fn wait(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            // It does not panic; and what it left is swept.
            let _ = thread.join();
        }
    }
}

/// What was taken out of the way lies in a directory that its owner removes after this.
impl Drop for Remover {
    fn drop(&mut self) {
        self.wait();
    }
}

fn next(paths: &Mutex<Receiver<PathBuf>>) -> Option<PathBuf> {
    let paths = paths.lock().unwrap_or_else(PoisonError::into_inner);
    paths.recv().ok()
}

fn note(failure: &Mutex<Option<Error>>, removed: Result<(), Error>) {
    if let Err(error) = removed {
        let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
    }
}

fn remove_now(path: &Path) -> Result<(), Error> {
    let metadata = fs::symlink_metadata(path).map_err(Error::io("examine", path))?;
    match metadata.is_dir() {
        true => rootfs::remove_tree(path).map_err(|source| Error::Root { source }),
        false => remove_file(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_and_files_go_and_failures_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let mut remover = Remover::default();
        for n in 0..300 {
            let path = dir.path().join(n.to_string());
            match n % 3 {
                0 => fs::write(&path, "x").unwrap(),
                _ => fs::create_dir_all(path.join("a/b")).unwrap(),
            }
            remover.remove(path);
        }
        remover.finish().unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        remover.remove(dir.path().join("nothing"));
        let error = remover.finish().unwrap_err();
        assert!(error.to_string().contains("nothing"), "{error}");
        remover.finish().unwrap();
    }
}
