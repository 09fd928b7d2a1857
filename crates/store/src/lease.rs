//! What processes have in use: nothing that a living process has found is collected.
//!
//! A process notes the name of each thing that it finds or makes in a file of its session, under `tmp/`, before it looks; the
//! kernel drops the session's lock when the process ends, however it ends. Whoever collects garbage takes things out of the
//! way while nobody notes anything ([`Gate`]), and leaves those that are noted. So a thing that was found stays, and one that is being
//! removed is not found.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;

use oci::Digest;
use rustix::fs::FlockOperation;

use crate::store::{create_new, read_small};
use crate::{Error, SnapshotId, Store, scratch};

/// The name of the file in a session's directory.
const FILE: &str = "leases";

/// No process has more in use.
const MAX_FILE: u64 = 64 << 20;

/// Something in the store that a process relies on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Lease {
    Snapshot(SnapshotId),
    Blob(Digest),
    /// An image by its manifest's digest, with all that belongs to it.
    Image(Digest),
}

/// What this process has in use.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    leases: HashSet<Lease>,
    /// Where they are noted, and the gate; opened when first needed.
    files: Option<(File, File)>,
}

/// The lock between those who note what they look for (shared) and those who take things out of the way (exclusive).
pub(crate) struct Gate {
    _lock: File,
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lease::Snapshot(id) => write!(f, "s {id}"),
            Lease::Blob(digest) => write!(f, "b {digest}"),
            Lease::Image(digest) => write!(f, "i {digest}"),
        }
    }
}

impl Lease {
    /// One line of a file. Half a line, of a process that was just killed, is none.
    fn parse(line: &str) -> Option<Lease> {
        let (kind, name) = line.split_once(' ')?;
        match kind {
            "s" => name.parse().ok().map(Lease::Snapshot),
            "b" => name.parse().ok().map(Lease::Blob),
            "i" => name.parse().ok().map(Lease::Image),
            _ => None,
        }
    }
}

impl Gate {
    /// Waits until nobody looks for anything. Held for moments only.
    pub(crate) fn close(store: &Store) -> Result<Gate, Error> {
        let lock = open_gate(store)?;
        lock_gate(store, &lock, FlockOperation::LockExclusive)?;
        Ok(Gate { _lock: lock })
    }
}

impl Store {
    /// Says that this process is about to look for something: if it finds it, it stays for as long as the process lives.
    pub(crate) fn hold(&self, lease: Lease) -> Result<(), Error> {
        let held = self.leases().held.lock();
        let mut held = held.expect("no code that holds the lock panics");
        if held.leases.contains(&lease) {
            return Ok(());
        }
        if held.files.is_none() {
            let list = create_new(&self.session()?.join(FILE))?;
            held.files = Some((list, open_gate(self)?));
        }
        let (list, gate) = held.files.as_mut().expect("they were just opened");
        lock_gate(self, gate, FlockOperation::LockShared)?;
        let noted = list.write_all(format!("{lease}\n").as_bytes());
        lock_gate(self, gate, FlockOperation::Unlock)?;
        if let Err(e) = noted {
            return Err(Error::io("write", &self.session()?.join(FILE))(e));
        }
        held.leases.insert(lease);
        Ok(())
    }

    /// What all living processes have in use, this one too.
    pub(crate) fn leased(&self) -> Result<HashSet<Lease>, Error> {
        let tmp = self.layout().tmp();
        let mut leased = HashSet::new();
        for entry in std::fs::read_dir(&tmp).map_err(Error::io("list", &tmp))? {
            let session: PathBuf = entry.map_err(Error::io("list", &tmp))?.path();
            let alive = scratch::lock_dir(&session, FlockOperation::NonBlockingLockExclusive);
            if matches!(alive, Ok(scratch::Locked::Busy)) {
                let bytes = read_small(&session.join(FILE), MAX_FILE)?.unwrap_or_default();
                let text = String::from_utf8_lossy(&bytes);
                leased.extend(text.lines().filter_map(Lease::parse));
            }
        }
        // A name may lead to another one.
        let linked: Vec<Lease> = leased
            .iter()
            .filter_map(|lease| match lease {
                Lease::Snapshot(id) => Some(Lease::Snapshot(self.linked(id.clone()))),
                _ => None,
            })
            .collect();
        leased.extend(linked);
        Ok(leased)
    }
}

/// The directory of snapshots serves as the gate.
fn open_gate(store: &Store) -> Result<File, Error> {
    let path = store.layout().snapshots();
    File::open(&path).map_err(Error::io("open", &path))
}

fn lock_gate(store: &Store, gate: &File, operation: FlockOperation) -> Result<(), Error> {
    rustix::fs::flock(gate, operation).map_err(Error::io("lock", &store.layout().snapshots()))
}
