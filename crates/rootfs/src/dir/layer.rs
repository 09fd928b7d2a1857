//! What overlayfs writes into a layer to say that something below is gone.

use std::ffi::OsStr;
use std::io::ErrorKind;

use rustix::io::Errno;

use super::{Dir, Node};
use crate::Error;

/// The extended attribute that makes a directory of a layer opaque, where the overlay is mounted with `userxattr`.
const OPAQUE: &str = "user.overlay.opaque";

impl Dir {
    /// Makes `name` a whiteout: in a stack of layers, what the ones below have by that name is gone. Needs no
    /// privilege.
    ///
    /// An overlay, such as the root of a container, refuses the device, being for its own use. There it becomes a socket
    /// without any permissions, which no layer has; no overlay can be mounted from there, so that only this crate sees it.
    ///
    /// # Errors
    /// As [`Dir::mknod`].
    pub fn whiteout(&self, name: impl AsRef<OsStr>) -> Result<(), Error> {
        let name = name.as_ref();
        match self.mknod(name, Node::Char(0, 0), 0) {
            Err(e) if e.io_kind() == Some(ErrorKind::PermissionDenied) => {
                self.mknod(name, Node::Socket, 0)
            }
            made => made,
        }
    }

    /// Whether this directory, of a layer, hides those of the same path below it.
    ///
    /// # Errors
    /// [`Error::Io`] if the extended attribute cannot be read.
    pub fn is_opaque(&self) -> Result<bool, Error> {
        let mut value = [0; 8];
        match rustix::fs::fgetxattr(&self.fd, OPAQUE, &mut value) {
            Ok(length) => Ok(value.get(..length) == Some(b"y")),
            // RANGE: a longer value is not the one that overlayfs looks for.
            Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::RANGE) => Ok(false),
            Err(e) => Err(Error::io("read the extended attributes of", &self.path)(e)),
        }
    }

    /// Makes this directory, of a layer, hide those of the same path below it.
    ///
    /// # Errors
    /// [`Error::Io`] if the file system has no extended attributes for users.
    pub fn set_opaque(&self) -> Result<(), Error> {
        self.set_xattr(OPAQUE, b"y")
    }
}
