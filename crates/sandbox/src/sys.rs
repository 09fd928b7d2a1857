//! The system calls that have no safe wrapper. All `unsafe` of carafe is in this file and in what is below it.
#![allow(unsafe_code, reason = "the one place for it")]

use std::ffi::{CStr, CString, c_char, c_int, c_ulong, c_void};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::io::Errno;
use rustix::mount::MountPropagationFlags;
use rustix::process::Pid;

pub(crate) mod notification;

/// A child that is starting.
pub(crate) struct Started {
    pub(crate) pid: u32,
    pub(crate) pidfd: OwnedFd,
}

/// Which half of [`clone_and_execute`] failed.
pub(crate) enum StartFailure {
    Clone(Errno),
    Execute(Errno),
}

/// Strings as execve(2) takes them: pointers to them, with a null pointer at the end.
pub(crate) struct Strings {
    pointers: Vec<*const c_char>,
    /// What the pointers point to; the content of a `CString` does not move with it.
    _strings: Vec<CString>,
}

impl Strings {
    pub(crate) fn new(strings: Vec<CString>) -> Self {
        let pointers = strings
            .iter()
            .map(|string| string.as_ptr())
            .chain([ptr::null()])
            .collect();
        Self {
            pointers,
            _strings: strings,
        }
    }
}

/// What the child needs until it executes; it lives on the parent's stack.
struct Entry<'a> {
    executable: RawFd,
    arguments: *const *const c_char,
    environment: *const *const c_char,
    inherited: &'a [RawFd],
    /// Where the child leaves the errno of a failure; the memory is shared.
    errno: AtomicI32,
}

/// Starts `executable` in a child with new namespaces (`CLONE_NEW*`, or 0 for none), which gets the descriptors
/// `inherited` (at their numbers) and no environment. Returns when the child executes it.
///
/// The child shares this process's memory until then (`CLONE_VM`), as copying the page tables of a big process takes
/// long, and the calling thread is suspended for that time (`CLONE_VFORK`).
pub(crate) fn clone_and_execute(
    namespaces: c_int,
    executable: BorrowedFd<'_>,
    arguments: &Strings,
    inherited: &[RawFd],
) -> Result<Started, StartFailure> {
    // Enough for a handful of frames, unoptimised ones too.
    const STACK: usize = 64 << 10;
    // u128 for the alignment of 16 that every ABI asks of a stack pointer.
    let mut stack = vec![0_u128; STACK / size_of::<u128>()];
    let environment = [ptr::null()];
    let mut entry = Entry {
        executable: executable.as_raw_fd(),
        arguments: arguments.pointers.as_ptr(),
        environment: environment.as_ptr(),
        inherited,
        errno: AtomicI32::new(0),
    };
    let flags = namespaces | libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
    let mut pidfd: c_int = -1;
    // A handler that ran in the child would run on this process's memory.
    let mask = SignalMask::block_all();
    // SAFETY: the stack is owned here, aligned, and outlives the child's use of it, because CLONE_VFORK suspends this
    // thread until the child has executed or ended; so do `entry` and all that it points to. `enter` makes only
    // system calls. CLONE_PIDFD stores a descriptor where the fifth argument points.
    let pid = unsafe {
        libc::clone(
            enter,
            stack.as_mut_ptr_range().end.cast::<c_void>(),
            flags,
            ptr::from_mut(&mut entry).cast::<c_void>(),
            ptr::from_mut(&mut pidfd),
        )
    };
    let error = std::io::Error::last_os_error();
    drop(mask);
    let Ok(pid) = u32::try_from(pid) else {
        return Err(StartFailure::Clone(
            Errno::from_io_error(&error).unwrap_or(Errno::INVAL),
        ));
    };
    // SAFETY: clone succeeded, so the kernel has opened this descriptor for us and nobody else knows it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    match entry.errno.load(Ordering::Relaxed) {
        0 => Ok(Started { pid, pidfd }),
        errno => {
            // It has ended; what is left is its entry in the process table.
            let _ = rustix::process::waitid(
                rustix::process::WaitId::PidFd(pidfd.as_fd()),
                rustix::process::WaitIdOptions::EXITED,
            );
            Err(StartFailure::Execute(Errno::from_raw_os_error(errno)))
        }
    }
}

/// The child between clone(2) and execveat(2): no allocation, no lock, nothing but system calls, since the memory is
/// that of the parent, whose other threads go on running.
extern "C" fn enter(entry: *mut c_void) -> c_int {
    // SAFETY: clone_and_execute passes a pointer to an `Entry` that outlives this function.
    let entry = unsafe { &*entry.cast::<Entry<'_>>() };
    for &fd in entry.inherited {
        // SAFETY: changes a flag in this child's own descriptor table, which is a copy (no CLONE_FILES).
        unsafe { libc::fcntl(fd, libc::F_SETFD, 0) };
    }
    // SAFETY: the arguments are a descriptor, a string, two null-terminated arrays of strings and flags, as
    // execveat(2) wants them. It only returns when it failed. prctl(2) takes numbers. _exit(2) ends this process
    // without running anything of the parent's.
    unsafe {
        // So that no moment is left in which the parent's death would go unnoticed.
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::syscall(
            libc::SYS_execveat,
            entry.executable,
            c"".as_ptr(),
            entry.arguments,
            entry.environment,
            libc::AT_EMPTY_PATH,
        );
        entry
            .errno
            .store(*libc::__errno_location(), Ordering::Relaxed);
        libc::_exit(127)
    }
}

/// Executes a program in place of this one. Returns only on failure.
pub(crate) fn execute(path: &CStr, arguments: &Strings, environment: &Strings) -> Errno {
    // SAFETY: a string and two null-terminated arrays of strings that live across the call.
    unsafe {
        libc::execve(
            path.as_ptr(),
            arguments.pointers.as_ptr(),
            environment.pointers.as_ptr(),
        );
    }
    last_errno()
}

/// Blocks signals in this thread until it is dropped.
struct SignalMask(libc::sigset_t);

impl SignalMask {
    fn block_all() -> Self {
        // SAFETY: a signal set is plain data, which sigfillset and pthread_sigmask write before it is read.
        unsafe {
            let (mut all, mut old) = (std::mem::zeroed(), std::mem::zeroed());
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut old);
            Self(old)
        }
    }
}

impl Drop for SignalMask {
    fn drop(&mut self) {
        // SAFETY: the set was written by pthread_sigmask.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}

/// Gives every signal its default action and blocks none, as a program expects it at its start. What is ignored or
/// blocked would stay so across execve(2).
pub(crate) fn reset_signals() {
    // All zero is SIG_DFL without flags. Past the C library, which keeps signals 32 and 33 to itself.
    let default_action = [0_u64; 4];
    for number in 1..=64 {
        // SAFETY: the kernel's `struct sigaction` has 4 words, and signal sets have 8 bytes. SIGKILL and SIGSTOP, for
        // which the call fails, have their default action.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                number,
                default_action.as_ptr(),
                ptr::null_mut::<c_void>(),
                8,
            );
        }
    }
    // SAFETY: as in SignalMask::block_all.
    unsafe {
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
    }
}

/// A descriptor from which `signals` can be read, which are blocked in this thread and in those it starts from now on.
pub(crate) fn signal_descriptor(signals: &[i32]) -> Result<OwnedFd, Errno> {
    // SAFETY: the set is written by sigemptyset before it is used; signalfd returns a new descriptor or -1.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for &signal in signals {
            if libc::sigaddset(&raw mut set, signal) != 0 {
                return Err(Errno::INVAL);
            }
        }
        let fd = result(libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC).into())?;
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut());
        Ok(OwnedFd::from_raw_fd(
            c_int::try_from(fd).map_err(|_| Errno::BADF)?,
        ))
    }
}

/// Sends a signal by number; rustix knows the named ones only.
pub(crate) fn send_signal(pidfd: BorrowedFd<'_>, number: i32) -> Result<(), Errno> {
    // SAFETY: two numbers, no pointer and no flags.
    let returned = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            number,
            ptr::null::<c_void>(),
            0,
        )
    };
    result(returned).map(drop)
}

/// Makes a copy of this process, which must have one thread: nothing, in the copy, and its number in the original.
pub(crate) fn fork() -> Result<Option<Pid>, Errno> {
    // SAFETY: a process of one thread has no lock that another one holds, so that its copy can go on as it could.
    let pid = result(unsafe { libc::fork() }.into())?;
    Ok(i32::try_from(pid).ok().and_then(Pid::from_raw))
}

/// Sends a signal to a child of this process, by number. There is nobody to tell if it has ended.
pub(crate) fn kill(child: Pid, number: i32) {
    // SAFETY: two numbers.
    unsafe { libc::kill(child.as_raw_nonzero().get(), number) };
}

/// Makes a descriptor that came through execve(2) an owned one.
///
/// To be called once for each number that the parent has passed.
pub(crate) fn adopt(number: RawFd) -> Result<OwnedFd, Errno> {
    // SAFETY: reads a flag of whatever descriptor has this number.
    result(unsafe { libc::fcntl(number, libc::F_GETFD) }.into())?;
    // SAFETY: it is open, as was just seen, and nothing else in this program knows of it: the parent passed it, and
    // each number is adopted once.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Closes all descriptors but 0, 1, 2 and those of `kept`, which no value of this program may own.
pub(crate) fn close_all_but(kept: &[RawFd]) -> Result<(), Errno> {
    let mut kept: Vec<u32> = kept
        .iter()
        .filter_map(|&fd| u32::try_from(fd).ok())
        .collect();
    kept.sort_unstable();
    let mut first = 3;
    for fd in kept.into_iter().filter(|&fd| fd >= 3) {
        if first < fd {
            close_range(first, fd - 1, 0)?;
        }
        first = fd + 1;
    }
    close_range(first, u32::MAX, 0)
}

/// Has all descriptors but 0, 1 and 2 closed by execve(2).
pub(crate) fn close_on_execute() -> Result<(), Errno> {
    close_range(3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC)
}

fn close_range(first: u32, last: u32, flags: u32) -> Result<(), Errno> {
    // SAFETY: three numbers. What is closed are descriptors that came through execve(2) and that no value owns.
    let returned = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    result(returned).map(drop)
}

/// `struct mount_attr` of mount_setattr(2).
#[repr(C)]
struct MountAttributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

/// A mount alone, or with everything mounted below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    Single,
    Recursive,
}

/// Sets attributes (`MOUNT_ATTR_*`) of a mount, and its propagation if that is not empty.
pub(crate) fn set_mount_attributes(
    mount: BorrowedFd<'_>,
    depth: Depth,
    attributes: u64,
    propagation: MountPropagationFlags,
) -> Result<(), Errno> {
    let attributes = MountAttributes {
        set: attributes,
        clear: 0,
        propagation: propagation.bits().into(),
        user_namespace: 0,
    };
    let recursive = match depth {
        Depth::Single => 0,
        Depth::Recursive => libc::AT_RECURSIVE,
    };
    mount_setattr(mount, recursive, &attributes)
}

/// Has a mount show the ids of its files as `namespace` maps them: `MOUNT_ATTR_IDMAP`, Linux 5.12.
pub(crate) fn map_mount_ids(mount: BorrowedFd<'_>, namespace: BorrowedFd<'_>) -> Result<(), Errno> {
    let attributes = MountAttributes {
        set: libc::MOUNT_ATTR_IDMAP,
        clear: 0,
        propagation: 0,
        user_namespace: u64::try_from(namespace.as_raw_fd()).map_err(|_| Errno::BADF)?,
    };
    mount_setattr(mount, 0, &attributes)
}

fn mount_setattr(
    mount: BorrowedFd<'_>,
    flags: c_int,
    attributes: &MountAttributes,
) -> Result<(), Errno> {
    // SAFETY: the structure is laid out as the kernel's first version, whose size is passed.
    let returned = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | flags,
            ptr::from_ref(attributes),
            size_of::<MountAttributes>(),
        )
    };
    result(returned).map(drop)
}

/// A filter as the kernel takes it, of its bytes.
fn filter_of(program: &[u8]) -> Result<Vec<libc::sock_filter>, Errno> {
    let (instructions, rest) = program.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(Errno::INVAL);
    }
    let instruction = |&[a, b, jt, jf, k0, k1, k2, k3]: &[u8; 8]| libc::sock_filter {
        code: u16::from_ne_bytes([a, b]),
        jt,
        jf,
        k: u32::from_ne_bytes([k0, k1, k2, k3]),
    };
    Ok(instructions.iter().map(instruction).collect())
}

/// Installs a system call filter, given as the bytes of `struct sock_filter[]`, for this process and its children.
pub(crate) fn install_filter(program: &[u8]) -> Result<(), Errno> {
    let mut filter = filter_of(program)?;
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).map_err(|_| Errno::TOOBIG)?,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: `program` names an array and its length; the kernel copies and checks it.
    let returned = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            0,
            ptr::from_ref(&program),
        )
    };
    result(returned).map(drop)
}

/// Sets the flag `IFF_UP` of the interface `lo` (netdevice(7)).
pub(crate) fn bring_up_loopback(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: all zero is a valid `ifreq`.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(c"lo".to_bytes()) {
        *to = from.cast_signed() as c_char;
    }
    request.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
    // SAFETY: SIOCSIFFLAGS reads a `struct ifreq`, which this is, with name and flags set.
    let returned = unsafe {
        libc::ioctl(
            socket.as_raw_fd(),
            libc::SIOCSIFFLAGS as _,
            &raw const request,
        )
    };
    result(returned.into()).map(drop)
}

/// Moves this process into new user and mount namespaces. Fails with `EINVAL` if it has several threads.
pub(crate) fn unshare_user_and_mounts() -> Result<(), Errno> {
    use rustix::thread::UnshareFlags;
    // SAFETY: what makes unshare unsafe are threads that no longer share descriptors; these flags keep that shared,
    // and the kernel refuses CLONE_NEWUSER in a process with threads.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNS) }
}

/// unshare(2) of the network, for this thread alone.
pub(crate) fn unshare_network() -> Result<(), Errno> {
    use rustix::thread::UnshareFlags;
    // SAFETY: as above, it is about threads that share descriptors, which this flag leaves alone.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }
}

/// unshare(2) of namespaces, for this process, which must have one thread.
pub(crate) fn unshare_namespaces(namespaces: c_int) -> Result<(), Errno> {
    use rustix::thread::UnshareFlags;
    let flags = UnshareFlags::from_bits_retain(namespaces.cast_unsigned());
    // SAFETY: what makes unshare unsafe are threads that no longer share descriptors; there is one thread.
    unsafe { rustix::thread::unshare_unsafe(flags) }
}

/// Makes the control groups that this process is in the root of all that it sees: cgroup_namespaces(7).
pub(crate) fn unshare_control_groups() -> Result<(), Errno> {
    use rustix::thread::UnshareFlags;
    // SAFETY: as above, it is about threads that share descriptors, which this flag leaves alone.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWCGROUP) }
}

/// Whether a filter (seccomp(2)) answers unshare(2) of a user namespace in the kernel's place. `CLONE_PTRACE` is none of
/// its flags, which the kernel says to everybody, before it looks at anything else.
pub(crate) fn is_unshare_filtered() -> bool {
    // SAFETY: a number, with which the call can only fail.
    let returned =
        unsafe { libc::syscall(libc::SYS_unshare, libc::CLONE_NEWUSER | libc::CLONE_PTRACE) };
    result(returned) != Err(Errno::INVAL)
}

/// Whether the kernel knows these flags of `SECCOMP_SET_MODE_FILTER`: it looks at them first, and then at the filter,
/// of which there is none here.
pub(crate) fn knows_filter_flags(flags: c_ulong) -> bool {
    // SAFETY: numbers, and a null pointer, which the call only fails with.
    let returned = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            ptr::null::<c_void>(),
        )
    };
    result(returned) == Err(Errno::FAULT)
}

fn result(returned: i64) -> Result<i64, Errno> {
    if returned < 0 {
        return Err(last_errno());
    }
    Ok(returned)
}

fn last_errno() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)
}
