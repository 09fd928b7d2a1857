//! Files that have their names already, and get their content and the rest beside the making of others.
//!
//! What depends on the order of the entries is the names, and those are made in that order. What is in a file that was
//! replaced meanwhile nobody sees.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rootfs::Attributes;

use super::{Capabilities, attribute_error, xattrs};
use crate::layer_error::LayerError;

/// Files up to this length are worth handing over: their content is held until it is written.
pub(super) const SMALL: u64 = 64 << 10;

/// Files are handed over together: so many, or with so much content, for to wake a thread takes as long as to fill a file.
const TOGETHER: usize = 32;
const CONTENT: usize = 256 << 10;

/// So many of these may wait.
const WAITING: usize = 4;

/// One thread decompresses and one makes names; more than these would not be fed.
const THREADS: usize = 2;

/// A file that was made.
pub(super) struct Made {
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) attributes: Attributes,
    pub(super) xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) capabilities: Capabilities,
}

impl Made {
    /// Gives it all but its content, which has to be there.
    pub(super) fn label(&self) -> Result<(), LayerError> {
        self.attributes
            .apply_to(&self.file)
            .map_err(|source| attribute_error(&self.path, &self.attributes, source))?;
        xattrs::set_on_file(&self.file, &self.xattrs, self.capabilities)
            .map_err(|source| content_error(&self.path, source))
    }

    fn fill(&mut self, content: &[u8]) -> Result<(), LayerError> {
        // As with big files, what is zero is a hole.
        let written = match content.iter().any(|byte| *byte != 0) {
            true => self.file.write_all(content),
            false if content.is_empty() => Ok(()),
            false => self.file.set_len(content.len() as u64),
        };
        written.map_err(|source| content_error(&self.path, source))?;
        self.label()
    }
}

/// Files and their content.
type Task = Vec<(Made, Vec<u8>)>;

/// The threads that fill files; there are none before the first file, and none after [`finish`](Fillers::finish).
#[derive(Default)]
pub(super) struct Fillers {
    next: Task,
    /// How much content the next ones have.
    bytes: usize,
    tasks: Option<SyncSender<Task>>,
    threads: Vec<JoinHandle<Result<(), LayerError>>>,
}

impl Fillers {
    /// Has a file filled, some time before the next [`finish`](Fillers::finish).
    ///
    /// # Errors
    /// What went wrong with an earlier file.
    pub(super) fn fill(&mut self, made: Made, content: Vec<u8>) -> Result<(), LayerError> {
        self.bytes += content.len();
        self.next.push((made, content));
        match self.next.len() < TOGETHER && self.bytes < CONTENT {
            true => Ok(()),
            false => self.hand_over(),
        }
    }

    fn hand_over(&mut self) -> Result<(), LayerError> {
        self.bytes = 0;
        let next = std::mem::replace(&mut self.next, Vec::with_capacity(TOGETHER));
        let tasks = self.tasks.get_or_insert_with(|| {
            let (sender, receiver) = sync_channel(WAITING);
            let receiver = Arc::new(Mutex::new(receiver));
            let start = |_| {
                let receiver = Arc::clone(&receiver);
                thread::spawn(move || work(&receiver))
            };
            self.threads = (0..THREADS).map(start).collect();
            sender
        });
        match tasks.send(next) {
            Ok(()) => Ok(()),
            // They are gone, as none of them got on.
            Err(_) => self.end(),
        }
    }

    /// Waits until all files are what they should be.
    ///
    /// # Errors
    /// What went wrong with one.
    pub(super) fn finish(&mut self) -> Result<(), LayerError> {
        let rest = std::mem::take(&mut self.next);
        rest.into_iter()
            .try_for_each(|(mut made, content)| made.fill(&content))
            .and(self.end())
    }

    fn end(&mut self) -> Result<(), LayerError> {
        self.tasks = None;
        let threads = std::mem::take(&mut self.threads).into_iter();
        threads
            .map(|thread| thread.join().expect("filling files does not panic"))
            .fold(Ok(()), Result::and)
    }
}

impl Drop for Fillers {
    fn drop(&mut self) {
        // If it was not finished, nobody wants to know.
        let _ = self.end();
    }
}

/// Fills files until there are no more, or one cannot be filled.
fn work(tasks: &Mutex<Receiver<Task>>) -> Result<(), LayerError> {
    loop {
        let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(files) => files
                .into_iter()
                .try_for_each(|(mut made, content)| made.fill(&content))?,
            Err(_) => return Ok(()),
        }
    }
}

pub(super) fn content_error(path: &Path, source: std::io::Error) -> LayerError {
    LayerError::Content {
        path: path.to_owned(),
        source,
    }
}
