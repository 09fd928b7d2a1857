//! Owner, permissions, time and extended attributes: of a name in the directory, or of the directory itself.

use std::ffi::OsStr;

use rustix::fd::AsFd;
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

use super::Dir;
use crate::attributes::{Attributes, owner_of, timestamps};
use crate::owner::Means;
use crate::xattr::{self, Xattrs};
use crate::{Error, FileKind, Metadata, Time, owner};

impl Dir {
    /// Gives `name` owner and group, or [records](crate::record_owners) them.
    ///
    /// # Errors
    /// [`Error::Io`]: `EINVAL` is an ID that the user namespace does not have; [`Error::BadName`].
    pub fn set_owner(&self, name: impl AsRef<OsStr>, uid: u32, gid: u32) -> Result<(), Error> {
        let name = self.name(name.as_ref())?;
        let chown = |(uid, gid)| {
            owner_of(uid, gid)
                .and_then(|(owner, group)| {
                    rustix::fs::chownat(&self.fd, name, owner, group, AtFlags::SYMLINK_NOFOLLOW)
                })
                .map_err(self.failed("change the owner of", name))
        };
        let record = || {
            Metadata::of_name(self.fd(), name)
                .and_then(|now| owner::record_at(self.fd(), name, &now, (uid, gid)))
                .map_err(self.failed("record the owner of", name))
        };
        match Means::of((uid, gid)) {
            Means::Kernel => chown((uid, gid)),
            Means::Record => record(),
            Means::Both(instead) => chown(instead).and_then(|()| record()),
        }
    }

    /// Gives `name` permissions. Symbolic links have none: that is an error.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadName`].
    pub fn set_mode(&self, name: impl AsRef<OsStr>, mode: u32) -> Result<(), Error> {
        let name = self.name(name.as_ref())?;
        self.chmod(name, mode)
            .map_err(self.failed("change the mode of", name))
    }

    /// `fchmodat(2)` follows symbolic links and `fchmodat2(2)` is young (Linux 6.6), so the file is pinned with
    /// `O_PATH` and changed through the descriptor's entry in `/proc`, which refuses for a link.
    fn chmod(&self, name: &OsStr, mode: u32) -> rustix::io::Result<()> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::empty())?;
        let mode = Mode::from_raw_mode(mode & 0o7777);
        rustix::fs::chmodat(CWD, xattr::proc_path(fd.as_fd()), mode, AtFlags::empty())
    }

    /// Gives `name` a modification time.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadName`].
    pub fn set_times(&self, name: impl AsRef<OsStr>, mtime: Time) -> Result<(), Error> {
        let name = self.name(name.as_ref())?;
        let times = timestamps(mtime);
        rustix::fs::utimensat(&self.fd, name, &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(self.failed("change the time of", name))
    }

    /// Gives `name`, of any kind, owner, permissions (unless it is a symbolic link) and time. For a file that is
    /// open anyway, [`Attributes::apply_to`] is cheaper.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadName`].
    pub fn set_attributes(
        &self,
        name: impl AsRef<OsStr>,
        attributes: &Attributes,
    ) -> Result<(), Error> {
        let name = name.as_ref();
        let Some(now) = self.stat(name)? else {
            return Err(self.failed("examine", name)(Errno::NOENT));
        };
        let mut mode = now.mode;
        if let Some((uid, gid)) = attributes
            .owner
            .filter(|owner| *owner != (now.uid, now.gid))
        {
            self.set_owner(name, uid, gid)?;
            mode &= 0o1777;
        }
        if let Some(wanted) = attributes.mode.filter(|wanted| *wanted != mode)
            && now.kind != FileKind::Symlink
        {
            self.set_mode(name, wanted)?;
        }
        match attributes.mtime {
            Some(mtime) => self.set_times(name, mtime),
            None => Ok(()),
        }
    }

    /// Gives the directory itself owner, permissions and time.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn set_own_attributes(&self, attributes: &Attributes) -> Result<(), Error> {
        attributes
            .apply(self.fd())
            .map_err(Error::io("change the attributes of", &self.path))
    }

    /// The directory's own extended attributes.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn xattrs(&self) -> Result<Xattrs, Error> {
        xattr::read_all(self.fd()).map_err(Error::io("read the extended attributes of", &self.path))
    }

    /// Sets an extended attribute of the directory itself.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn set_xattr(&self, key: impl AsRef<OsStr>, value: &[u8]) -> Result<(), Error> {
        xattr::set(self.fd(), key.as_ref(), value)
            .map_err(Error::io("set an extended attribute of", &self.path))
    }

    /// The extended attributes of `name`, of any kind.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadName`].
    pub fn xattrs_of(&self, name: impl AsRef<OsStr>) -> Result<Xattrs, Error> {
        let name = self.name(name.as_ref())?;
        xattr::read_all_at(self.fd(), name)
            .map_err(self.failed("read the extended attributes of", name))
    }

    /// Sets an extended attribute of `name`, of any kind.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadName`].
    pub fn set_xattr_of(
        &self,
        name: impl AsRef<OsStr>,
        key: impl AsRef<OsStr>,
        value: &[u8],
    ) -> Result<(), Error> {
        let name = self.name(name.as_ref())?;
        xattr::set_at(self.fd(), name, key.as_ref(), value)
            .map_err(self.failed("set an extended attribute of", name))
    }

    /// Removes an extended attribute of `name`, of any kind. One that is not there is an error.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::BadName`].
    pub fn remove_xattr_of(
        &self,
        name: impl AsRef<OsStr>,
        key: impl AsRef<OsStr>,
    ) -> Result<(), Error> {
        let name = self.name(name.as_ref())?;
        xattr::remove_at(self.fd(), name, key.as_ref())
            .map_err(self.failed("remove an extended attribute of", name))
    }
}
