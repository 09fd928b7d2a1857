//! Extended attributes of files that are open, and of names in a directory.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::XattrFlags;
use rustix::io::{Errno, Result};

/// Extended attributes by name.
pub type Xattrs = BTreeMap<OsString, Vec<u8>>;

/// The kernel's limit of a value and of a list of names: `XATTR_SIZE_MAX`, `XATTR_LIST_MAX`.
const MAX: usize = 64 * 1024;

/// The attribute that holds a file's capabilities (`capabilities(7)`).
pub const CAPABILITY: &str = "security.capability";

/// The capabilities of an open file, as the kernel has them.
///
/// # Errors
/// What the system call answers, but for the answer that there are none.
pub fn capability(file: impl AsFd) -> std::io::Result<Option<Vec<u8>>> {
    // The longest form, version 3, has 24 bytes.
    let mut value = [0; 64];
    match rustix::fs::fgetxattr(file, CAPABILITY, &mut value) {
        Ok(length) => Ok(Some(value[..length].to_vec())),
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// All extended attributes of an open file.
///
/// # Errors
/// What the system calls answer. A file system without any has none.
pub fn xattrs(file: impl AsFd) -> std::io::Result<Xattrs> {
    Ok(read_all(file)?)
}

/// The path under which `/proc` leads to an open file, whatever has its name by now.
pub(crate) fn proc_path(fd: BorrowedFd<'_>) -> OsString {
    format!("/proc/self/fd/{}", fd.as_raw_fd()).into()
}

/// The path of `name` in an open directory, for the system calls that have no `*at` form before Linux 6.13.
pub(crate) fn proc_path_at(dir: BorrowedFd<'_>, name: &OsStr) -> OsString {
    let mut path = proc_path(dir);
    path.push("/");
    path.push(name);
    path
}

/// All attributes of an open file. A file system without any has none.
pub(crate) fn read_all(file: impl AsFd) -> Result<Xattrs> {
    let file = file.as_fd();
    collect(
        |buffer| rustix::fs::flistxattr(file, buffer),
        |name, buffer| rustix::fs::fgetxattr(file, name, buffer),
    )
}

pub(crate) fn read_all_at(dir: BorrowedFd<'_>, name: &OsStr) -> Result<Xattrs> {
    let path = proc_path_at(dir, name);
    collect(
        |buffer| rustix::fs::llistxattr(&path, buffer),
        |name, buffer| rustix::fs::lgetxattr(&path, name, buffer),
    )
}

pub(crate) fn set(file: impl AsFd, key: &OsStr, value: &[u8]) -> Result<()> {
    rustix::fs::fsetxattr(file, key, value, XattrFlags::empty())
}

pub(crate) fn set_at(dir: BorrowedFd<'_>, name: &OsStr, key: &OsStr, value: &[u8]) -> Result<()> {
    rustix::fs::lsetxattr(proc_path_at(dir, name), key, value, XattrFlags::empty())
}

pub(crate) fn remove_at(dir: BorrowedFd<'_>, name: &OsStr, key: &OsStr) -> Result<()> {
    rustix::fs::lremovexattr(proc_path_at(dir, name), key)
}

/// Most files have no attributes at all, which one call with a small buffer tells.
fn collect(
    list: impl Fn(&mut [u8]) -> Result<usize>,
    get: impl Fn(&OsStr, &mut [u8]) -> Result<usize>,
) -> Result<Xattrs> {
    let mut xattrs = Xattrs::new();
    let names = match fill(&list) {
        Err(Errno::OPNOTSUPP) => return Ok(xattrs),
        names => names?,
    };
    for name in names
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let name = OsStr::from_bytes(name);
        match fill(|buffer| get(name, buffer)) {
            Ok(value) => {
                xattrs.insert(OsString::from_vec(name.as_bytes().to_vec()), value);
            }
            // Removed since it was listed, or listed by a file system that does not give it out.
            Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(xattrs)
}

fn fill(call: impl Fn(&mut [u8]) -> Result<usize>) -> Result<Vec<u8>> {
    let mut small = [0; 256];
    match call(&mut small) {
        Ok(length) => return Ok(small[..length].to_vec()),
        Err(Errno::RANGE) => {}
        Err(e) => return Err(e),
    }
    let mut buffer = vec![0; MAX];
    let length = call(&mut buffer)?;
    buffer.truncate(length);
    Ok(buffer)
}
