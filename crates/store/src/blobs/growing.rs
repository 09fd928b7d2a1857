//! A blob that can be read while it is written.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often somebody who waits looks whether to go on.
const LOOK: Duration = Duration::from_millis(100);

/// A blob that is being written, for those who want what there is of it already. A clone is the same blob.
#[derive(Clone, Debug)]
pub struct Growing {
    file: Arc<File>,
    growth: Arc<Growth>,
}

/// How far a blob is.
#[derive(Debug, Default)]
pub(super) struct Growth {
    reached: Mutex<Reached>,
    changed: Condvar,
    /// Nobody wants more.
    stopped: AtomicBool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Reached {
    length: u64,
    end: End,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    #[default]
    Open,
    Whole,
    /// Whoever wrote it gave up.
    Lost,
}

impl Growth {
    pub(super) fn grow(&self, length: u64) {
        self.lock().length = length;
        self.changed.notify_all();
    }

    /// Whether whoever writes should stop.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(super) fn finish(&self) {
        self.lock().end = End::Whole;
        self.changed.notify_all();
    }

    /// No more will come, unless it was finished.
    pub(super) fn abandon(&self) {
        let mut reached = self.lock();
        if reached.end == End::Open {
            reached.end = End::Lost;
        }
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Reached> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is more than `length`, or no more to come.
    fn wait_beyond(&self, length: u64, cancel: &AtomicBool) -> Option<Reached> {
        let mut reached = self.lock();
        while reached.length <= length && reached.end == End::Open {
            if cancel.load(Ordering::Relaxed) {
                return None;
            }
            let waited = self.changed.wait_timeout(reached, LOOK);
            reached = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Some(*reached)
    }
}

impl Growing {
    pub(super) fn new(file: File, growth: Arc<Growth>) -> Self {
        Self {
            file: Arc::new(file),
            growth,
        }
    }

    /// Waits until there are more than `length` bytes; `false` if there will not be, or `cancel` was set meanwhile.
    pub fn grows_beyond(&self, length: u64, cancel: &AtomicBool) -> bool {
        let reached = self.growth.wait_beyond(length, cancel);
        reached.is_some_and(|reached| reached.length > length)
    }

    /// Reads from the beginning, and waits for what is still to come until `cancel` is set.
    ///
    /// Reading fails if whoever writes the blob gives up.
    pub fn reader<'a>(&self, cancel: &'a AtomicBool) -> impl Read + Send + use<'a> {
        Reader {
            blob: self.clone(),
            at: 0,
            cancel,
        }
    }

    /// Waits until no more will come, and sees to it that no more does once `cancel` is set.
    pub fn wait_for_end(&self, cancel: &AtomicBool) {
        self.growth.wait_beyond(u64::MAX, cancel);
        if cancel.load(Ordering::Relaxed) {
            self.growth.stopped.store(true, Ordering::Relaxed);
        }
    }
}

struct Reader<'a> {
    blob: Growing,
    at: u64,
    cancel: &'a AtomicBool,
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let reached = self.blob.growth.wait_beyond(self.at, self.cancel);
        let reached = reached.ok_or_else(|| io::Error::other("cancelled"))?;
        let left = usize::try_from(reached.length - self.at).unwrap_or(usize::MAX);
        match (left, reached.end) {
            (0, End::Lost) => Err(io::Error::other("it was not finished")),
            (0, _) => Ok(0),
            _ => {
                let most = left.min(buffer.len());
                let read = self.blob.file.read_at(&mut buffer[..most], self.at)?;
                self.at += read as u64;
                Ok(read)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::thread;

    use super::*;
    use crate::Store;

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        (dir, store)
    }

    #[test]
    fn what_is_written_is_read_as_it_comes() {
        let (_dir, store) = store();
        let mut writer = store.blob_writer().unwrap();
        writer.write_all(b"before ").unwrap();
        let growing = writer.watch().unwrap();
        let cancel = AtomicBool::new(false);
        assert!(growing.grows_beyond(6, &cancel));
        let mut start = [0; 7];
        let mut reader = growing.reader(&cancel);
        reader.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"before ");
        let rest = thread::scope(|scope| {
            let read = scope.spawn(|| {
                let mut rest = Vec::new();
                reader.read_to_end(&mut rest).map(|_| rest)
            });
            writer.write_all(b"and after").unwrap();
            let blob = writer.finish();
            // Under its own name it is the same file.
            blob.keep().unwrap();
            read.join().unwrap()
        });
        assert_eq!(rest.unwrap(), b"and after");
        let mut all = Vec::new();
        growing.reader(&cancel).read_to_end(&mut all).unwrap();
        assert_eq!(all, b"before and after");
        assert!(!growing.grows_beyond(100, &cancel));
    }

    #[test]
    fn who_gives_up_leaves_nobody_waiting() {
        let (_dir, store) = store();
        let mut writer = store.blob_writer().unwrap();
        let growing = writer.watch().unwrap();
        let cancel = AtomicBool::new(false);
        drop(writer);
        assert!(!growing.grows_beyond(0, &cancel));
        let error = growing.reader(&cancel).read(&mut [0]).unwrap_err();
        assert!(error.to_string().contains("not finished"), "{error}");
    }

    #[test]
    fn cancelling_ends_readers_and_writers() {
        let (_dir, store) = store();
        let mut writer = store.blob_writer().unwrap();
        let growing = writer.watch().unwrap();
        let cancel = AtomicBool::new(true);
        growing.reader(&cancel).read(&mut [0]).unwrap_err();
        growing.wait_for_end(&cancel);
        writer.write_all(b"more").unwrap_err();
    }
}
