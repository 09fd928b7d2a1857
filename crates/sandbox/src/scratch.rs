//! A private tmpfs with what has no other place to be bound from: the content of mounted files, and an empty directory
//! that masks others.
//!
//! It is attached in the old root, out of sight, because older kernels bind only from what is attached; it is gone
//! with the old root, and only the bound parts stay.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;

use rootfs::Attributes;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;

use crate::mount::{self, PLAIN};
use crate::protocol::{At, Failure};
use crate::step::Step;
use crate::sys::Depth;

/// The tmpfs.
pub(crate) struct Scratch {
    mount: OwnedFd,
    files: u32,
}

/// A file to be mounted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl<'a> Content<'a> {
    /// A file of root's that all can read.
    pub(crate) fn public(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            mode: 0o644,
            uid: 0,
            gid: 0,
        }
    }
}

impl Scratch {
    /// Makes it, and attaches it over the present root.
    pub(crate) fn new() -> Result<Self, Failure> {
        // No access for those who come upon it through some descriptor: single files have their own modes.
        let mount = mount::new("tmpfs", &[("mode", "0700")], PLAIN).at(Step::Scratch)?;
        rustix::fs::mkdirat(&mount, "empty", Mode::from_raw_mode(0o755)).at(Step::Scratch)?;
        mount::attach_on_root(&mount).at(Step::Scratch)?;
        Ok(Self { mount, files: 0 })
    }

    /// A detached read-only mount of a new file, which is to appear as `target`.
    pub(crate) fn file(&mut self, content: Content<'_>, target: &Path) -> Result<OwnedFd, Failure> {
        let name = self.files.to_string();
        self.files += 1;
        self.write(&name, content)
            .and_then(|()| self.read_only(&name))
            .on(Step::WriteFile, target)
    }

    /// A detached read-only mount of an empty directory.
    pub(crate) fn empty_directory(&self) -> Result<OwnedFd, Errno> {
        self.read_only("empty")
    }

    fn write(&self, name: &str, content: Content<'_>) -> Result<(), Errno> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.mount, name, flags, Mode::from_raw_mode(0o600))?;
        let mut file = File::from(fd);
        file.write_all(content.bytes)
            .map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::IO))?;
        let attributes = Attributes {
            mode: Some(content.mode),
            owner: Some((content.uid, content.gid)),
            mtime: None,
        };
        attributes
            .apply_to(&file)
            .map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::IO))
    }

    fn read_only(&self, name: &str) -> Result<OwnedFd, Errno> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let object = rustix::fs::openat(&self.mount, name, flags, Mode::empty())?;
        let bound = mount::bind(&object, Depth::Single)?;
        mount::restrict(&bound, Depth::Single, MountAttrFlags::MOUNT_ATTR_RDONLY)?;
        Ok(bound)
    }
}
