//! The own executable, as something to run inside a sandbox.
//!
//! The child is this executable, and a program in the sandbox can get hold of it: `/proc/1/exe`, or `#!/proc/self/exe`
//! in a script. Root in the sandbox may be root on the host, who could then overwrite it (CVE-2019-5736). So it is run
//! through a mount of its own that cannot be written through, or, where that cannot be had, from a sealed copy.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::OnceLock;

use rustix::fs::{AtFlags, CWD, MemfdFlags, Mode, OFlags, SealFlags};
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;

use crate::step::Step;
use crate::sys::Depth;
use crate::{Error, mount};

const PROC_SELF_EXE: &str = "/proc/self/exe";

/// The executable, opened once for all children.
pub(crate) fn protected() -> Result<BorrowedFd<'static>, Error> {
    static EXECUTABLE: OnceLock<OwnedFd> = OnceLock::new();
    if let Some(fd) = EXECUTABLE.get() {
        return Ok(fd.as_fd());
    }
    let fd =
        open().map_err(|errno| Error::kernel(Step::ProtectExecutable, PROC_SELF_EXE, errno))?;
    // Another thread may have been faster, and its descriptor is as good.
    Ok(EXECUTABLE.get_or_init(|| fd).as_fd())
}

fn open() -> Result<OwnedFd, Errno> {
    // Binding the link works as long as this process is in the mount namespace in which it was started; its path, when
    // it has entered a copy of that.
    read_only(Path::new(PROC_SELF_EXE))
        .or_else(|_| by_path())
        .or_else(|_| sealed_copy())
}

fn read_only(path: &Path) -> Result<OwnedFd, Errno> {
    let object = rustix::fs::openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let bound = mount::bind(object, Depth::Single)?;
    mount::restrict(&bound, Depth::Single, MountAttrFlags::MOUNT_ATTR_RDONLY)?;
    Ok(bound)
}

fn by_path() -> Result<OwnedFd, Errno> {
    let path = rustix::fs::readlinkat(CWD, PROC_SELF_EXE, Vec::new())?;
    let path = path.to_str().map_err(|_| Errno::ILSEQ)?;
    let bound = read_only(Path::new(path))?;
    let (wanted, found) = (
        rustix::fs::statat(CWD, PROC_SELF_EXE, AtFlags::empty())?,
        rustix::fs::fstat(&bound)?,
    );
    // It may have been replaced since, by an update.
    if (wanted.st_dev, wanted.st_ino) != (found.st_dev, found.st_ino) {
        return Err(Errno::STALE);
    }
    Ok(bound)
}

fn sealed_copy() -> Result<OwnedFd, Errno> {
    let copy = || -> io::Result<OwnedFd> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let mut to = File::from(rustix::fs::memfd_create(c"carafe", flags)?);
        io::copy(&mut File::open(PROC_SELF_EXE)?, &mut to)?;
        let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&to, seals)?;
        Ok(to.into())
    };
    copy().map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::IO))
}

#[cfg(test)]
mod tests {
    use super::{PROC_SELF_EXE, by_path, read_only, sealed_copy};
    use rustix::fs::{Access, AtFlags, CWD, Mode, OFlags, accessat};
    use rustix::io::Errno;
    use std::os::fd::{AsRawFd, OwnedFd};
    use std::path::Path;

    fn path_of(fd: &OwnedFd) -> String {
        format!("/proc/self/fd/{}", fd.as_raw_fd())
    }

    #[test]
    fn the_mount_cannot_be_written_through() {
        for open in [|| read_only(Path::new(PROC_SELF_EXE)), by_path] {
            let fd = open().expect("this test makes mounts: run it as root");
            // Not by opening it, which fails already because it is running.
            let access = accessat(CWD, path_of(&fd), Access::WRITE_OK, AtFlags::empty());
            assert_eq!(access, Err(Errno::ROFS));
        }
    }

    #[test]
    fn the_copy_is_whole_and_sealed() {
        let fd = sealed_copy().unwrap();
        let original = rustix::fs::statat(CWD, PROC_SELF_EXE, AtFlags::empty()).unwrap();
        assert_eq!(rustix::fs::fstat(&fd).unwrap().st_size, original.st_size);
        let written = rustix::fs::open(path_of(&fd), OFlags::WRONLY, Mode::empty())
            .and_then(|file| rustix::io::write(file, b"x"));
        assert_eq!(written.unwrap_err(), Errno::PERM);
    }
}
