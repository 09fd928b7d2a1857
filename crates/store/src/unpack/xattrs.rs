//! Which extended attributes of an archive are kept.
//!
//! File capabilities, and what users may set. `trusted.*` and the rest of `security.*` belong to the host, and
//! `user.overlay.*` would tell the kernel lies about the layer, and a recorded owner of that name would tell us some.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;

use oci::tar::Entry;
use rootfs::Dir;
use rustix::fs::XattrFlags;
use rustix::io::Errno;

use super::Capabilities;

/// The only one that layers are exported with.
const CAPABILITY: &str = "security.capability";

fn is_users(name: &[u8]) -> bool {
    name.starts_with(b"user.")
        && !name.starts_with(b"user.overlay.")
        && name != rootfs::OWNER.as_bytes()
}

pub(super) fn set_on_file(
    file: &File,
    xattrs: &BTreeMap<Vec<u8>, Vec<u8>>,
    rule: Capabilities,
) -> io::Result<()> {
    for (name, value) in xattrs {
        let is_capability = name == CAPABILITY.as_bytes();
        if !is_capability && !is_users(name) {
            continue;
        }
        match rustix::fs::fsetxattr(file, OsStr::from_bytes(name), value, XattrFlags::empty()) {
            Ok(()) => {}
            Err(e) if is_capability && rule == Capabilities::Required && e != Errno::OPNOTSUPP => {
                return Err(e.into());
            }
            // Nothing that runs depends on it, and not all file systems have them.
            Err(_) => {}
        }
    }
    Ok(())
}

pub(super) fn set_on_dir(dir: &Dir, entry: &Entry) {
    for (name, value) in entry.xattrs.iter().filter(|(name, _)| is_users(name)) {
        // As above.
        let _ = dir.set_xattr(OsStr::from_bytes(name), value);
    }
}
