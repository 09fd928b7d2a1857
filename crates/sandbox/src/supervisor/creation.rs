//! Files that a process makes. Root's are root's, and the kernel makes them; but what another user makes, and what gets the
//! group of its directory, has an owner to record, so that it is made here.
//!
//! Only what does not exist is made, which never waits for anything; whatever else there is to say, the kernel says.

use std::ffi::CString;
use std::os::fd::OwnedFd;

use rootfs::{Device, Record};
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, mkdirat, mknodat, symlinkat};
use rustix::io::Errno;

use super::calls::MAKES;
use super::identity::Identity;
use super::object::{MOST_LINKS, Opened};
use super::tracee::{Tracee, split};
use crate::sys::notification::Answer;

/// Where something is to be made, and what is to be recorded of it.
pub(super) struct Place {
    directory: OwnedFd,
    name: CString,
    record: Record,
}

/// What matters of a call that opens.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) flags: u64,
    pub(super) mode: u64,
    /// openat2(2).
    pub(super) resolve: u64,
}

/// What overlayfs takes for a deleted file.
const WHITEOUT: Device = Device {
    is_block: false,
    number: (0, 0),
};

impl How {
    /// `struct open_how`. `None` if it makes no file.
    pub(super) fn read(tracee: &Tracee<'_>, address: u64) -> Option<Self> {
        let bytes: [u8; 24] = tracee.read(address).ok()?;
        let (words, _) = bytes.as_chunks::<8>();
        let [flags, mode, resolve] = [0, 1, 2].map(|word: usize| u64::from_ne_bytes(words[word]));
        (flags & u64::from(MAKES) != 0).then_some(Self {
            flags,
            mode,
            resolve,
        })
    }
}

/// openat(2) with `O_CREAT` or `O_TMPFILE`.
pub(super) fn open(
    tracee: &Tracee<'_>,
    (directory, path): (u64, u64),
    how: How,
    identity: &Identity,
) -> Option<Answer> {
    let flags = OFlags::from_bits_retain(how.flags as u32);
    let path = tracee.string(path).ok()?;
    if flags.contains(OFlags::TMPFILE) {
        let place = Place::within(tracee, (directory, &path), how.resolve, identity)?;
        return place.of_others()?.open(tracee, how).ok();
    }
    let mut place = Place::find(tracee, (directory, &path), how.resolve, identity)?;
    let mut path = tracee.usable(directory, &path).ok()?;
    for _ in 0..MOST_LINKS {
        match place.of_others()?.open(tracee, how) {
            // What is there the kernel opens; but not if it is a link to what is not.
            Err(Errno::EXIST) if (flags & LAST).is_empty() && how.resolve == 0 => {
                path = tracee.follow(&path)?;
                place = Place::at(&path, identity)?;
            }
            opened => return opened.ok(),
        }
    }
    None
}

/// With these no link at the end of a path is followed.
const LAST: OFlags = OFlags::EXCL.union(OFlags::NOFOLLOW);

/// mkdirat(2).
pub(super) fn make_directory(
    tracee: &Tracee<'_>,
    [directory, path, mode, ..]: [u64; 6],
    identity: &Identity,
) -> Option<Answer> {
    let mut path = tracee.string(path).ok()?;
    while path.len() > 1 && path.ends_with(b"/") {
        path.pop();
    }
    let place = Place::find(tracee, (directory, &path), 0, identity)?.of_others()?;
    place.make(tracee, |place| {
        let mode = Mode::from_raw_mode(mode as u32 & 0o7777);
        mkdirat(&place.directory, &place.name, mode)
    })
}

/// symlinkat(2).
pub(super) fn make_link(
    tracee: &Tracee<'_>,
    [target, directory, path, ..]: [u64; 6],
    identity: &Identity,
) -> Option<Answer> {
    let path = tracee.string(path).ok()?;
    let place = Place::find(tracee, (directory, &path), 0, identity)?.of_others()?;
    let target = CString::new(tracee.string(target).ok()?).ok()?;
    place.make(tracee, |place| {
        symlinkat(&target, &place.directory, &place.name)
    })
}

/// mknodat(2).
pub(super) fn make_node(
    tracee: &Tracee<'_>,
    [directory, path, mode, number, ..]: [u64; 6],
    identity: &Identity,
    powerful: bool,
) -> Option<Answer> {
    let kind = mode as u32 & libc::S_IFMT;
    let device = matches!(kind, libc::S_IFCHR | libc::S_IFBLK).then(|| Device {
        is_block: kind == libc::S_IFBLK,
        number: (rustix::fs::major(number), rustix::fs::minor(number)),
    });
    // 0:0 the kernel would let pass, and overlayfs take for a deleted file: it refuses that to root as well.
    if device.is_some_and(|device| !powerful || device == WHITEOUT) {
        return Some(Answer::Fail(Errno::PERM));
    }
    let kind = match (device, kind) {
        (Some(_), _) | (_, 0) => FileType::RegularFile,
        (None, kind) => FileType::from_raw_mode(kind),
    };
    let path = tracee.string(path).ok()?;
    let mut place = Place::find(tracee, (directory, &path), 0, identity)?;
    place.record.device = device;
    let place = place.of_others()?;
    place.make(tracee, |place| {
        let mode = Mode::from_raw_mode(mode as u32 & 0o7777);
        mknodat(&place.directory, &place.name, kind, mode, 0)
    })
}

/// Has this process's umask be the other's, so that the kernel makes of it what it does where a directory has an access
/// control list.
fn set_umask(tracee: &Tracee<'_>) -> Option<()> {
    rustix::process::umask(tracee.status().ok()?.umask()?);
    Some(())
}

/// What is to be recorded of a new file in a directory.
fn record_in(directory: &Opened, identity: &Identity) -> Record {
    let mut owner = identity.owner();
    if directory.passes_group_on() {
        owner.1 = directory.record().owner.1;
    }
    Record {
        owner,
        device: None,
    }
}

impl Place {
    /// The place of a new name. `None` where the kernel has the last word.
    pub(super) fn find(
        tracee: &Tracee<'_>,
        (directory, path): (u64, &[u8]),
        resolve: u64,
        identity: &Identity,
    ) -> Option<Self> {
        if resolve == 0 {
            return Self::at(&tracee.usable(directory, path).ok()?, identity);
        }
        let (parent, name) = split(path);
        Self::within(tracee, (directory, parent), resolve, identity)?.named(name)
    }

    /// The place of a name by a path that can be used here.
    fn at(path: &CString, identity: &Identity) -> Option<Self> {
        let (parent, name) = split(path.to_bytes());
        let parent = CString::new(parent).ok()?;
        Self::of(Tracee::open_path(&parent, OFlags::DIRECTORY), identity)?.named(name)
    }

    fn named(self, name: &[u8]) -> Option<Self> {
        let name = match name {
            b"" | b"." | b".." => return None,
            name => CString::new(name).ok()?,
        };
        Some(Self { name, ..self })
    }

    /// The directory `path` itself, for what has no name.
    fn within(
        tracee: &Tracee<'_>,
        (directory, path): (u64, &[u8]),
        resolve: u64,
        identity: &Identity,
    ) -> Option<Self> {
        let opened = match ResolveFlags::from_bits(resolve)? {
            none if none.is_empty() => {
                let path = tracee.usable(directory, path).ok()?;
                Tracee::open_path(&path, OFlags::DIRECTORY)
            }
            resolve => open_beneath(tracee, directory, path, resolve),
        };
        Self::of(opened, identity)
    }

    /// The place in a directory that was opened.
    fn of(opened: Result<OwnedFd, Errno>, identity: &Identity) -> Option<Self> {
        let opened = Opened::new(opened.ok()?).ok()?;
        let record = record_in(&opened, identity);
        Some(Self {
            directory: opened.into_file(),
            name: c".".to_owned(),
            record,
        })
    }

    /// This place, unless nothing is to be recorded of what is made there, so that the kernel may make it.
    pub(super) fn of_others(self) -> Option<Self> {
        Some(self).filter(|place| place.record != Record::default())
    }

    /// Opens a new file, and records whose it is.
    fn open(&self, tracee: &Tracee<'_>, how: How) -> Result<Answer, Errno> {
        let flags = OFlags::from_bits_retain(how.flags as u32);
        set_umask(tracee).ok_or(Errno::SRCH)?;
        tracee.check()?;
        let mut made = flags | OFlags::CLOEXEC;
        // A file without a name can get one only without the flag.
        made.set(
            OFlags::EXCL,
            flags.contains(OFlags::EXCL) || !flags.contains(OFlags::TMPFILE),
        );
        let mode = Mode::from_raw_mode(how.mode as u32 & 0o7777);
        let file = rustix::fs::openat(&self.directory, &self.name, made, mode)?;
        let file = Opened::new(file)?;
        Ok(match file.set_record(self.record) {
            Ok(()) => Answer::Descriptor {
                file: file.into_file(),
                close_on_execute: flags.contains(OFlags::CLOEXEC),
            },
            Err(errno) => Answer::Fail(errno),
        })
    }

    /// Makes something, and records whose it is.
    pub(super) fn make(
        &self,
        tracee: &Tracee<'_>,
        make: impl FnOnce(&Self) -> Result<(), Errno>,
    ) -> Option<Answer> {
        set_umask(tracee)?;
        tracee.check().ok()?;
        make(self).ok()?;
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let recorded = rustix::fs::openat(&self.directory, &self.name, flags, Mode::empty())
            .and_then(Opened::new)
            .and_then(|made| made.set_record(self.record));
        Some(match recorded {
            Ok(()) => Answer::Value(0),
            Err(errno) => Answer::Fail(errno),
        })
    }
}

/// openat2(2) of a directory, with what the caller says about the way there.
fn open_beneath(
    tracee: &Tracee<'_>,
    directory: u64,
    path: &[u8],
    resolve: ResolveFlags,
) -> Result<OwnedFd, Errno> {
    let base = Tracee::open_path(&tracee.usable(directory, b"")?, OFlags::DIRECTORY)?;
    let path = match path {
        b"" => c".".to_owned(),
        path => CString::new(path).map_err(|_| Errno::INVAL)?,
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat2(base, path, flags, Mode::empty(), resolve)
}
