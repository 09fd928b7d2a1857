//! Files that are not in the upper directory, at their place among a layer's changes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use oci::tar::Kind;

use super::MAX_PATH;
use crate::{Change, LayerError};

/// Changes with more files in one directory of theirs: an empty one, whose files are somewhere else.
pub struct Grafted<C, F> {
    changes: C,
    /// The directory's path in the layer; empty for the root.
    at: Vec<u8>,
    files: F,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    Within,
    After,
}

impl<C, F> Grafted<C, F> {
    /// Puts `files`, in the order of a layer's tar and with their whole paths, behind the entry of the directory `at`.
    pub fn new(changes: C, at: Vec<u8>, files: F) -> Grafted<C, F> {
        let state = match at.is_empty() {
            true => State::Within,
            false => State::Before,
        };
        Grafted {
            changes,
            at,
            files,
            state,
        }
    }
}

impl<C, F> Iterator for Grafted<C, F>
where
    C: Iterator<Item = Result<Change, LayerError>>,
    F: Iterator<Item = Result<Change, LayerError>>,
{
    type Item = Result<Change, LayerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Within {
            match self.files.next() {
                Some(Ok(change)) if change.entry.path.len() > MAX_PATH => {
                    let shortened = OsStr::from_bytes(&change.entry.path[..200]).into();
                    return Some(Err(LayerError::PathTooLong { shortened }));
                }
                Some(change) => return Some(change),
                None => self.state = State::After,
            }
        }
        let next = self.changes.next();
        if let (Some(Ok(change)), State::Before) = (&next, self.state)
            && change.entry.kind == Kind::Directory
            && change.entry.path == self.at
        {
            self.state = State::Within;
        }
        next
    }
}
