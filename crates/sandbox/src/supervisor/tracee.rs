//! A process that waits for an answer: its memory, and files by the names that it has for them.
//!
//! The working directory of the supervisor is a `/proc` that knows all processes, and its root is the sandbox's. So
//! `PID/cwd/PATH` and `PID/fd/N/PATH` are what a process sees at `PATH`, and an absolute path is what it is. Nothing needs
//! to be opened for that.
//!
//! That `/proc` also leads to processes outside of the sandbox. So no path that a process names ever begins in it, but
//! behind a link of the process's own; and what is changed is opened first, and then it is [asked](Tracee::check) whether
//! the process was the same all along: its number may be another one's by now.

use std::ffi::{CString, OsStr};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use super::object::Object;
use super::power::looking_into;
use crate::Capabilities;
use crate::sys::notification::{self, Notification};

/// The longest path that the kernel takes, with its NUL byte: `PATH_MAX`.
const LONGEST: usize = 4096;
/// What is read of memory at once, since what comes next may not be there.
const PAGE: u64 = 4096;

/// The process.
#[derive(Clone, Copy)]
pub(super) struct Tracee<'a> {
    listener: BorrowedFd<'a>,
    id: u64,
    pub(super) thread: u32,
}

/// What `/proc/PID/status` tells of it.
pub(super) struct Status(String);

impl<'a> Tracee<'a> {
    pub(super) fn new(listener: BorrowedFd<'a>, notification: &Notification) -> Self {
        Self {
            listener,
            id: notification.id,
            thread: notification.thread,
        }
    }

    /// Whether it still waits, so that what was read of it was its own. To be asked before anything is changed.
    pub(super) fn check(&self) -> Result<(), Errno> {
        match notification::is_waiting(self.listener, self.id) {
            true => Ok(()),
            false => Err(Errno::SRCH),
        }
    }

    /// A string in its memory.
    pub(super) fn string(&self, address: u64) -> Result<Vec<u8>, Errno> {
        let mut string = Vec::new();
        while string.len() < LONGEST {
            let at = address + string.len() as u64;
            let mut page = [0; PAGE as usize];
            let room = &mut page[..(PAGE - at % PAGE) as usize];
            let read = looking_into(|| notification::read_memory(self.thread, at, room))?;
            let read = &room[..read];
            if let Some(end) = read.iter().position(|&byte| byte == 0) {
                string.extend(&read[..end]);
                return Ok(string);
            }
            if read.is_empty() {
                return Err(Errno::FAULT);
            }
            string.extend(read);
        }
        Err(Errno::NAMETOOLONG)
    }

    /// `N` bytes of its memory.
    pub(super) fn read<const N: usize>(&self, address: u64) -> Result<[u8; N], Errno> {
        let mut bytes = [0; N];
        self.fill(address, &mut bytes).map(|()| bytes)
    }

    /// As many bytes of its memory as there is room for.
    pub(super) fn fill(&self, address: u64, to: &mut [u8]) -> Result<(), Errno> {
        let length = to.len();
        match looking_into(|| notification::read_memory(self.thread, address, to))? == length {
            true => Ok(()),
            false => Err(Errno::FAULT),
        }
    }

    /// Writes into its memory: by a file, which stays its memory whatever becomes of its number.
    pub(super) fn write(&self, address: u64, bytes: &[u8]) -> Result<(), Errno> {
        let path = format!("{}/mem", self.thread);
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let memory = looking_into(|| rustix::fs::openat(CWD, path, flags, Mode::empty()))?;
        self.check()?;
        match rustix::io::pwrite(memory, bytes, address) {
            Ok(written) if written == bytes.len() => Ok(()),
            Ok(_) | Err(Errno::IO | Errno::INVAL) => Err(Errno::FAULT),
            Err(errno) => Err(errno),
        }
    }

    /// What `path` means to it, in the directory that the descriptor `directory` has open.
    pub(super) fn object(&self, directory: u64, path: u64, flags: i32) -> Result<Object, Errno> {
        let empty = flags & libc::AT_EMPTY_PATH != 0;
        let path = match (empty, path) {
            // Some calls take no path at all for an empty one.
            (true, 0) => Vec::new(),
            (_, path) => self.string(path)?,
        };
        if path.is_empty() && !empty {
            return Err(Errno::NOENT);
        }
        let is_link = flags & libc::AT_SYMLINK_NOFOLLOW != 0 && !path.is_empty();
        Ok(Object {
            path: self.usable(directory, &path)?,
            follows: !is_link,
        })
    }

    /// A path that means here what `path` means there.
    pub(super) fn usable(&self, directory: u64, path: &[u8]) -> Result<CString, Errno> {
        let mut usable = Vec::with_capacity(path.len() + 32);
        if path.starts_with(b"/") {
            match own_of(path) {
                Some(rest) => usable.extend(format!("{}{rest}", self.thread).bytes()),
                None => usable.extend(path),
            }
        } else {
            // The kernel looks at the low half only.
            match directory as i32 {
                libc::AT_FDCWD => usable.extend(format!("{}/cwd", self.thread).bytes()),
                fd if fd >= 0 => usable.extend(format!("{}/fd/{fd}", self.thread).bytes()),
                _ => return Err(Errno::BADF),
            }
            if !path.is_empty() {
                usable.push(b'/');
                usable.extend(path);
            }
        }
        CString::new(usable).map_err(|_| Errno::INVAL)
    }

    /// Where the link at the end of a path of [`Self::usable`] leads, if there is one; again as such a path. The kernel
    /// would follow it as this process, which is nobody in the sandbox's `/proc`.
    pub(super) fn follow(&self, path: &CString) -> Option<CString> {
        let own = format!("{}/fd/", self.thread);
        let is_own = |rest: &[u8]| !rest.contains(&b'/');
        if path
            .to_bytes()
            .strip_prefix(own.as_bytes())
            .is_some_and(is_own)
        {
            // What is open there: no name.
            return None;
        }
        let target = rustix::fs::readlinkat(CWD, path, Vec::new()).ok()?;
        if target.as_bytes().starts_with(b"/") {
            return self.usable(0, target.as_bytes()).ok();
        }
        let (parent, _) = split(path.to_bytes());
        CString::new([parent, target.as_bytes()].concat()).ok()
    }

    /// Opens what a path of [`Self::usable`] leads to, without the right to do anything with it.
    pub(super) fn open_path(path: &CString, flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::PATH | OFlags::CLOEXEC;
        rustix::fs::openat(CWD, path, flags, Mode::empty())
    }

    /// A copy of its descriptor: pidfd_getfd(2).
    pub(super) fn descriptor(&self, number: i32) -> Result<OwnedFd, Errno> {
        let process = self
            .status()?
            .process()
            .and_then(|pid| Pid::from_raw(pid.cast_signed()));
        let process = pidfd_open(process.ok_or(Errno::SRCH)?, PidfdFlags::empty())?;
        looking_into(|| pidfd_getfd(process, number, PidfdGetfdFlags::empty()))
    }

    /// What the kernel tells of it.
    pub(super) fn status(&self) -> Result<Status, Errno> {
        Status::of(self.thread)
    }
}

/// A path as its directory, with the slash, and its last name.
pub(super) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let slash = path.iter().rposition(|&byte| byte == b'/');
    path.split_at(slash.map_or(0, |at| at + 1))
}

/// What follows the process's own directory in a path that leads through a link in there: `/proc/self` is somebody else
/// here. `/dev` has links there. Behind such a link nothing leads back into that `/proc`; before it, `..` would.
fn own_of(path: &[u8]) -> Option<&str> {
    let path = std::str::from_utf8(path).ok()?;
    match path {
        "/dev/stdin" => return Some("/fd/0"),
        "/dev/stdout" => return Some("/fd/1"),
        "/dev/stderr" => return Some("/fd/2"),
        _ => {}
    }
    let rest = match path.strip_prefix("/dev") {
        Some(rest) => Some(rest).filter(|rest| rest.starts_with("/fd/")),
        None => path
            .strip_prefix("/proc/self")
            .or_else(|| path.strip_prefix("/proc/thread-self")),
    }?;
    let mut names = rest.strip_prefix('/')?.split('/');
    let is_link = match (names.next()?, names.next()) {
        ("fd", Some(number)) => {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        ("cwd" | "root" | "exe", _) => true,
        _ => false,
    };
    is_link.then_some(rest)
}

impl Status {
    /// That of a process or thread.
    pub(super) fn of(thread: u32) -> Result<Self, Errno> {
        // Relative to the working directory, like all that is here.
        std::fs::read(OsStr::from_bytes(format!("{thread}/status").as_bytes()))
            .map(|bytes| Self(String::from_utf8_lossy(&bytes).into_owned()))
            .map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::SRCH))
    }

    fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.0.lines().filter_map(|line| line.strip_prefix(name));
        values.next().map(str::trim)
    }

    /// Its umask.
    pub(super) fn umask(&self) -> Option<Mode> {
        let mask = u32::from_str_radix(self.field("Umask:")?, 8).ok()?;
        Some(Mode::from_raw_mode(mask))
    }

    /// The process that the thread is of.
    pub(super) fn process(&self) -> Option<u32> {
        self.field("Tgid:")?.parse().ok()
    }

    /// The number that the process has in its innermost PID namespace.
    pub(super) fn inner_number(&self) -> Option<i32> {
        let numbers = self.field("NSpid:")?;
        numbers.split_whitespace().last()?.parse().ok()
    }

    /// What it may do in its user namespace.
    pub(super) fn capabilities(&self) -> Option<Capabilities> {
        let bits = u64::from_str_radix(self.field("CapEff:")?, 16).ok()?;
        Some(Capabilities::from_bits(bits))
    }

    /// `PR_SET_NO_NEW_PRIVS`.
    pub(super) fn has_no_new_privileges(&self) -> bool {
        self.field("NoNewPrivs:") == Some("1")
    }
}

#[cfg(test)]
mod tests {
    use super::own_of;

    #[test]
    fn paths_of_a_process_of_its_own() {
        for (path, expected) in [
            ("/proc/self", None),
            ("/proc/self/fd/3", Some("/fd/3")),
            ("/proc/self/fd/3/../x", Some("/fd/3/../x")),
            ("/proc/self/../1/root", None),
            ("/proc/self/fd/../../1/root", None),
            ("/proc/self//cwd", None),
            ("/proc/self/task/1/root", None),
            ("/dev/fd/../1", None),
            ("/proc/thread-self/cwd/x", Some("/cwd/x")),
            ("/dev/fd/7", Some("/fd/7")),
            ("/dev/stdout", Some("/fd/1")),
            ("/proc/selfish", None),
            ("/proc/1/fd/3", None),
            ("/dev/null", None),
            ("/etc", None),
        ] {
            assert_eq!(own_of(path.as_bytes()), expected, "{path}");
        }
    }
}
