//! System calls of other processes that are asked about: seccomp_unotify(2), and what it takes to answer in the
//! kernel's place.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::fs::Statx;
use rustix::io::Errno;
use rustix::process::Pid;

use super::{filter_of, result};

/// The requests of ioctl(2) (`linux/seccomp.h`).
const RECEIVE: u64 = 0xC050_2100;
const SEND: u64 = 0xC018_2101;
const IS_VALID: u64 = 0x4008_2102;
const ADD_DESCRIPTOR: u64 = 0x4018_2103;
const SET_FLAGS: u64 = 0x4008_2104;

/// `SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP`, Linux 6.6: who asks and who answers take turns on one processor.
const SYNCHRONOUS: u64 = 1;

/// `SECCOMP_ADDFD_FLAG_SEND`, Linux 5.14: the descriptor's number is the answer.
const AND_SEND: u32 = 2;

/// A system call that waits for an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notification {
    /// What the answer refers to.
    pub(crate) id: u64,
    /// The thread that makes the call, as this process numbers it.
    pub(crate) thread: u32,
    /// The call.
    pub(crate) number: i64,
    pub(crate) arguments: [u64; 6],
}

/// What is answered to a call.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The kernel shall make it.
    Continue,
    /// It has returned this.
    Value(i64),
    /// It has failed.
    Fail(Errno),
    /// It has opened this.
    Descriptor {
        file: OwnedFd,
        close_on_execute: bool,
    },
}

/// `struct seccomp_notif`, with room for what later kernels may add.
#[repr(C)]
struct Received {
    id: u64,
    pid: u32,
    flags: u32,
    number: i32,
    architecture: u32,
    instruction: u64,
    arguments: [u64; 6],
    room: [u64; 32],
}

/// `struct seccomp_notif_resp`.
#[repr(C)]
struct Response {
    id: u64,
    value: i64,
    error: i32,
    flags: u32,
}

/// `struct seccomp_notif_addfd`.
#[repr(C)]
struct Added {
    id: u64,
    flags: u32,
    source: u32,
    target: u32,
    target_flags: u32,
}

/// Whether there is all that a supervisor needs: `WAIT_KILLABLE_RECV`, its youngest part, is of Linux 5.19.
pub(crate) fn can_notify() -> bool {
    super::knows_filter_flags(
        libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
    )
}

/// Installs a filter that asks, and returns where the questions come out. Who waits for an answer can be killed, but is
/// not disturbed by other signals: a call that was made for it would be made once more.
pub(crate) fn install_listener(program: &[u8]) -> Result<OwnedFd, Errno> {
    let flags =
        libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    let mut filter = filter_of(program)?;
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).map_err(|_| Errno::TOOBIG)?,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: `program` names an array and its length; the kernel copies and checks it.
    let fd = result(unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            std::ptr::from_ref(&program),
        )
    })?;
    let fd = i32::try_from(fd).map_err(|_| Errno::BADF)?;
    // SAFETY: the kernel has opened this descriptor for us and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Has who asks and who answers take turns on one processor, which is many times faster than to wake up another. An
/// older kernel does without.
pub(crate) fn answer_synchronously(listener: BorrowedFd<'_>) {
    // SAFETY: the request takes a number.
    let _ = unsafe { libc::ioctl(listener.as_raw_fd(), SET_FLAGS as _, SYNCHRONOUS) };
}

/// Waits for a question. `ENOENT` if who asked has ended meanwhile.
pub(crate) fn receive(listener: BorrowedFd<'_>) -> Result<Notification, Errno> {
    // SAFETY: plain numbers, which the kernel wants to be 0 before it writes them.
    let mut received: Received = unsafe { std::mem::zeroed() };
    // SAFETY: the structure begins as the kernel's and has more room than any kernel's has.
    let returned = unsafe { libc::ioctl(listener.as_raw_fd(), RECEIVE as _, &raw mut received) };
    result(returned.into())?;
    Ok(Notification {
        id: received.id,
        thread: received.pid,
        number: received.number.into(),
        arguments: received.arguments,
    })
}

/// Whether who asked still waits. What was read by its number since the question is its own if so.
pub(crate) fn is_waiting(listener: BorrowedFd<'_>, id: u64) -> bool {
    // SAFETY: the request reads a number.
    unsafe { libc::ioctl(listener.as_raw_fd(), IS_VALID as _, &raw const id) == 0 }
}

/// Answers. Who has ended meanwhile needs none.
pub(crate) fn answer(listener: BorrowedFd<'_>, id: u64, answer: &Answer) {
    let (value, error, flags) = match answer {
        Answer::Continue => (0, 0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
        Answer::Value(value) => (*value, 0, 0),
        Answer::Fail(errno) => (0, -errno.raw_os_error(), 0),
        Answer::Descriptor {
            file,
            close_on_execute,
        } => match send_descriptor(listener, id, file, *close_on_execute) {
            Ok(()) => return,
            Err(errno) => (0, -errno.raw_os_error(), 0),
        },
    };
    let response = Response {
        id,
        value,
        error,
        flags,
    };
    // SAFETY: the structure is the kernel's.
    let _ = unsafe { libc::ioctl(listener.as_raw_fd(), SEND as _, &raw const response) };
}

fn send_descriptor(
    listener: BorrowedFd<'_>,
    id: u64,
    file: &OwnedFd,
    close_on_execute: bool,
) -> Result<(), Errno> {
    let added = Added {
        id,
        flags: AND_SEND,
        source: u32::try_from(file.as_raw_fd()).map_err(|_| Errno::BADF)?,
        target: 0,
        target_flags: match close_on_execute {
            true => libc::O_CLOEXEC as u32,
            false => 0,
        },
    };
    // SAFETY: the structure is the kernel's; the descriptor is open.
    let returned =
        unsafe { libc::ioctl(listener.as_raw_fd(), ADD_DESCRIPTOR as _, &raw const added) };
    result(returned.into()).map(drop)
}

/// Reads the memory of another process, as much as there is of what was asked for.
pub(crate) fn read_memory(thread: u32, address: u64, to: &mut [u8]) -> Result<usize, Errno> {
    let local = libc::iovec {
        iov_base: to.as_mut_ptr().cast(),
        iov_len: to.len(),
    };
    let remote = libc::iovec {
        iov_base: std::ptr::without_provenance_mut(
            usize::try_from(address).map_err(|_| Errno::FAULT)?,
        ),
        iov_len: to.len(),
    };
    // SAFETY: writes into `to` only; the other address is of another process.
    let read = unsafe {
        libc::process_vm_readv(
            thread.cast_signed(),
            &raw const local,
            1,
            &raw const remote,
            1,
            0,
        )
    };
    result(read as i64).map(|read| read as usize)
}

/// `struct stat` of this architecture, as its system calls write it.
pub(crate) fn stat_at(path: &CStr, flags: i32) -> Result<libc::stat, Errno> {
    let mut stat = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: a string, and room for what the call writes: the C library's structure is the kernel's on these 64-bit
    // architectures.
    let returned = unsafe {
        libc::syscall(
            libc::SYS_newfstatat,
            libc::AT_FDCWD,
            path.as_ptr(),
            stat.as_mut_ptr(),
            flags,
        )
    };
    result(returned)?;
    // SAFETY: all of it is numbers, written by the kernel or zero.
    Ok(unsafe { stat.assume_init() })
}

/// The bytes of what another process expects from stat(2).
pub(crate) fn stat_bytes(stat: &libc::stat) -> &[u8] {
    // SAFETY: the structure was zeroed before it was written (see `stat_at`), so that none of its bytes is undefined.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(stat).cast(), size_of_val(stat)) }
}

/// The bytes of what another process expects from statx(2).
pub(crate) fn statx_bytes(statx: &Statx) -> &[u8] {
    // SAFETY: the kernel's structure has no bytes that no field has, and it writes all of them.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(statx).cast(), size_of_val(statx)) }
}

/// A soft limit of another process.
pub(crate) fn soft_limit(thread: u32, resource: u32) -> Result<u64, Errno> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: nothing is set, and the structure is written.
    let returned = unsafe {
        libc::prlimit(
            thread.cast_signed(),
            resource as _,
            std::ptr::null(),
            &raw mut limit,
        )
    };
    result(returned.into()).map(|_| limit.rlim_cur)
}

/// Sets a soft limit of another process.
pub(crate) fn set_soft_limit(thread: u32, resource: u32, soft: u64) -> Result<(), Errno> {
    let limit = libc::rlimit {
        rlim_cur: soft,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: the structure is read.
    let returned = unsafe {
        libc::prlimit(
            thread.cast_signed(),
            resource as _,
            &raw const limit,
            std::ptr::null_mut(),
        )
    };
    result(returned.into()).map(drop)
}

/// The process at the other end of a UNIX socket; `None` for one that has no number here.
pub(crate) fn socket_peer(socket: BorrowedFd<'_>) -> Result<Option<Pid>, Errno> {
    let mut credentials = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the structure is written, and its length is passed.
    let returned = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut length,
        )
    };
    result(returned.into())?;
    Ok(Pid::from_raw(credentials.pid))
}
