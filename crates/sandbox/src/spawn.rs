//! The parent's side of a start.

use std::ffi::{CString, OsString, c_int};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use crate::child::Exit;
use crate::protocol::{Outcome, Parts, PlaceRef, Sent};
use crate::step::Step;
use crate::supervisor::{self, Channel, Power, recorder};
use crate::sys::{self, Depth, StartFailure, Started, Strings};
use crate::terminal::Terminal;
use crate::{
    Capabilities, Child, Entry, Error, Isolation, Network, Process, Sandbox, Seccomp, Stdio,
    chroot, devices, emulator, executable, guard, mount, processes, seccomp, sender, step_init,
    user_namespace,
};

/// The namespaces of every sandbox, but that of processes.
const NAMESPACES: c_int = libc::CLONE_NEWNS | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;

/// Whether this program has looked whether it is the child.
static HAS_CHILD_ENTRY: AtomicBool = AtomicBool::new(false);

/// Turns into the child and never returns, if this process is one; returns at once otherwise. The first
/// statement of `main`, before there are threads.
pub fn run_if_child() {
    HAS_CHILD_ENTRY.store(true, Ordering::Relaxed);
    let mut arguments = std::env::args_os();
    let name = arguments.next();
    match name.as_deref().and_then(|name| name.to_str()) {
        Some(step_init::NAME) => step_init::run(arguments.next().as_deref()),
        Some(sender::NAME) => sender::run(arguments.next().as_deref()),
        Some(guard::NAME) => guard::run(arguments.next().as_deref()),
        Some(supervisor::NAME) => supervisor::run(arguments),
        Some(recorder::NAME) => recorder::run(arguments),
        Some(user_namespace::MAPPER) => user_namespace::run_mapper(arguments),
        Some(user_namespace::TRIAL) => user_namespace::run_trial(),
        Some(processes::TRIAL) => processes::run_trial(),
        Some(emulator::HOLDER) => emulator::run_holder(arguments),
        _ => {}
    }
}

/// Refuses to start this executable again if it would not know what it is started for.
pub(crate) fn check_child_entry() -> Result<(), Error> {
    match HAS_CHILD_ENTRY.load(Ordering::Relaxed) {
        true => Ok(()),
        false => Err(Error::NoChildEntry),
    }
}

/// Starts `process` in `sandbox`. Returns when the program is running, or with the step that failed.
///
/// The program is process 1 of its PID namespace. It is killed when the calling thread ends (so the thread that calls
/// this is the one to [wait](Child::wait)), and when the whole calling process ends, however that happens.
///
/// # Errors
/// Names the step, its object and the kernel's reason.
pub fn spawn(sandbox: &Sandbox, process: &Process, stdio: Stdio) -> Result<Child, Error> {
    check(sandbox, process)?;
    let (terminal, stdio) = match process.terminal {
        Some(size) => Terminal::make(size).map(|(terminal, stdio)| (Some(terminal), stdio))?,
        None => (None, stdio),
    };
    let (born, made) = namespaces(sandbox);
    let order = Start {
        place: PlaceRef::New(sandbox),
        namespaces: made,
        process,
        stdio,
        filter: filter(sandbox.seccomp, sandbox.capabilities),
        capabilities: sandbox.capabilities,
        devpts: terminal
            .as_ref()
            .and_then(|terminal| terminal.devpts.as_ref()),
    };
    let (child, outcome) = order.start(|executable, sent| {
        start(executable, sent.file.as_raw_fd(), &sent.inherited, born)
    })?;
    let terminal = terminal.map(|terminal| terminal.controlling);
    settle(child.with_terminal(terminal), outcome)
}

/// The namespaces that the child is born in, and those that it makes itself.
fn namespaces(sandbox: &Sandbox) -> (c_int, c_int) {
    let network = match (sandbox.network, &sandbox.network_namespace) {
        (Network::None | Network::Private, None) => libc::CLONE_NEWNET,
        (Network::Host, _) | (_, Some(_)) => 0,
    };
    match sandbox.isolation {
        Isolation::Chroot => (0, 0),
        Isolation::Namespaces if processes::are_shared() => (0, NAMESPACES | network),
        Isolation::Namespaces => (NAMESPACES | libc::CLONE_NEWPID | network, 0),
    }
}

/// Starts `process` in the sandbox of a process that runs. It is killed when the whole calling process ends, and
/// with that sandbox.
///
/// # Errors
/// Names the step, its object and the kernel's reason.
pub fn enter(entry: &Entry, process: &Process, stdio: Stdio) -> Result<Child, Error> {
    check_process(process)?;
    let (terminal, stdio) = match process.terminal {
        Some(size) => Terminal::make_in(&entry.root()?, size)
            .map(|(terminal, stdio)| (Some(terminal), stdio))?,
        None => (None, stdio),
    };
    let order = Start {
        place: PlaceRef::Existing(entry),
        namespaces: 0,
        process,
        stdio,
        filter: filter(entry.seccomp, entry.capabilities),
        capabilities: entry.capabilities,
        devpts: None,
    };
    let (child, outcome) = order.start(|executable, sent| born_inside(entry, executable, sent))?;
    let terminal = terminal.map(|terminal| terminal.controlling);
    settle(child.with_terminal(terminal), outcome)
}

/// Starts the child in the PID namespace of a sandbox, where one has to be born.
///
/// The way there may be a way of no return (it is, for an ordinary user), and no thread can be made by who has gone it. So a
/// thread is made that does nothing else; as the child is killed with it, it stays until the child has ended.
fn born_inside(
    entry: &Entry,
    executable: BorrowedFd<'static>,
    sent: &Sent,
) -> Result<Started, Error> {
    let failed = |errno| Error::kernel(Step::EnterProcesses, "", errno);
    // The guard must not be born there.
    guard::prepare();
    let target = rustix::io::fcntl_dupfd_cloexec(&entry.process, 3).map_err(failed)?;
    let (file, inherited) = (sent.file.as_raw_fd(), sent.inherited.clone());
    let (answer, heard) = mpsc::sync_channel(1);
    let born = move || {
        let kind = ThreadNameSpaceType::PROCESS_ID;
        let started = move_into_thread_name_spaces(target.as_fd(), kind)
            .map_err(failed)
            .and_then(|()| start(executable, file, &inherited, 0));
        let child = started.as_ref().ok();
        let child = child.and_then(|child| rustix::io::fcntl_dupfd_cloexec(&child.pidfd, 3).ok());
        let _ = answer.send(started);
        if let Some(child) = child {
            while poll(&mut [PollFd::new(&child, PollFlags::IN)], None) == Err(Errno::INTR) {}
        }
    };
    let thread = std::thread::Builder::new().spawn(born);
    thread.map_err(|e| failed(Errno::from_io_error(&e).unwrap_or(Errno::AGAIN)))?;
    heard
        .recv()
        .unwrap_or_else(|mpsc::RecvError| Err(failed(Errno::SRCH)))
}

fn filter(seccomp: Seccomp, capabilities: Capabilities) -> Vec<u8> {
    match seccomp {
        Seccomp::Default => seccomp::program(capabilities),
        Seccomp::Unconfined => Vec::new(),
    }
}

/// A start that is prepared.
struct Start<'a> {
    place: PlaceRef<'a>,
    /// The namespaces that the child makes itself.
    namespaces: c_int,
    process: &'a Process,
    stdio: Stdio,
    filter: Vec<u8>,
    capabilities: Capabilities,
    devpts: Option<&'a OwnedFd>,
}

impl Start<'_> {
    /// Starts the child by `begin`, and hears what becomes of it.
    fn start(
        self,
        begin: impl FnOnce(BorrowedFd<'static>, &Sent) -> Result<Started, Error>,
    ) -> Result<(Child, Result<Outcome, Errno>), Error> {
        let executable = executable::protected()?;
        let channel = |errno| Error::kernel(Step::Channel, "", errno);
        let (socket, report) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )
        .map_err(channel)?;
        let supervision = match self.place.is_chroot() {
            true => None,
            false => Channel::make().map_err(channel)?,
        };
        let recording = self.recording().map_err(channel)?;
        let order = Sent::new(Parts {
            place: self.place,
            process: self.process,
            stdio: &self.stdio,
            filter: &self.filter,
            devpts: self.devpts.map(AsFd::as_fd),
            report: report.as_fd(),
            supervisor: supervision.as_ref().map(|ends| ends.process.as_fd()),
            recorder: recording
                .as_ref()
                .map(|ends| (ends.process.as_fd(), ends.last)),
            namespaces: self.namespaces,
        })
        .map_err(channel)?;
        let started = begin(executable, &order)?;
        let shares_processes = self.namespaces != 0;
        let mut child = match shares_processes || self.place.is_chroot() {
            // It looks after what it has started itself, which it could not if it were killed.
            true => Child::new(started).stopped_by(chroot::STOP),
            false => {
                guard::end_with_this_process(started.pidfd.as_fd());
                Child::new(started)
            }
        };
        let power = Power {
            of_step: self.capabilities,
            shares_processes,
        };
        if let Some(ends) = &supervision {
            child.supervise(&ends.supervisor, &self.process.user, power)?;
        }
        // The end of the socket's stream can only come when no copy of the child's end is left here; and the reader of
        // a pipe waits for the same.
        drop((order, report, self.stdio, supervision));
        let outcome = Outcome::hear(&socket);
        if let (Ok(Outcome::Executed), Some(recording)) = (&outcome, recording) {
            let namespace = self.place.user_namespace();
            child.attend(recording, namespace.map_err(channel)?, power)?;
        }
        Ok((child, outcome))
    }

    /// The way to who records owners, where that is needed. What has no filter has none for this either, and may supervise processes
    /// of its own: the kernel allows one such filter. Who enters a sandbox may leave processes there that outlive their recorder.
    fn recording(&self) -> Result<Option<recorder::Channel>, Errno> {
        match (self.place, recorder::needed()) {
            (PlaceRef::New(_), Some(last))
                if !self.filter.is_empty() && !self.place.is_chroot() =>
            {
                recorder::Channel::make(last).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// The child that runs, or why it does not.
fn settle(mut child: Child, outcome: Result<Outcome, Errno>) -> Result<Child, Error> {
    match outcome {
        Ok(Outcome::Executed) => Ok(child),
        Ok(Outcome::Failed(failure)) => {
            child.wait()?;
            let object = OsString::from_vec(failure.object)
                .to_string_lossy()
                .into_owned();
            Err(Error::of_child(failure.step, object, failure.errno))
        }
        Ok(Outcome::Silent) => Err(lost(child.wait()?)),
        Err(errno) => Err(Error::kernel(Step::Listen, "", errno)),
    }
}

fn start(
    executable: BorrowedFd<'_>,
    file: RawFd,
    inherited: &[RawFd],
    namespaces: c_int,
) -> Result<Started, Error> {
    let number = file.to_string();
    let arguments = [step_init::NAME, &number]
        .map(|argument| CString::new(argument).expect("neither has a NUL byte"));
    let arguments = Strings::new(arguments.into());
    sys::clone_and_execute(namespaces, executable, &arguments, inherited).map_err(|failure| {
        match failure {
            StartFailure::Clone(errno) => Error::kernel(Step::Clone, "", errno),
            StartFailure::Execute(errno) => Error::kernel(Step::ExecuteSelf, "", errno),
        }
    })
}

fn lost(exit: Exit) -> Error {
    let how = match exit {
        Exit::Code(code) => format!("exit code {code}"),
        Exit::Signal(number) => format!("signal {number}"),
    };
    Error::Lost { how }
}

/// Refuses what the kernel has no words for, before anything is started.
fn check(sandbox: &Sandbox, process: &Process) -> Result<(), Error> {
    check_process(process)?;
    if sandbox
        .mounts
        .iter()
        .any(|mount| !mount.target.is_absolute())
    {
        return invalid("mount target", "it is not an absolute path");
    }
    if !sandbox
        .devices
        .iter()
        .all(|device| devices::is_possible(&device.path))
    {
        return invalid("device", "its path is not one below /dev");
    }
    if sandbox.isolation == Isolation::Chroot && !sandbox.mounts.is_empty() {
        return invalid("mount", "there is none in a chroot");
    }
    let mut owners = sandbox.mounts.iter().flat_map(|mount| match mount.kind {
        crate::MountKind::File { uid, gid, .. } => [uid, gid],
        _ => [0, 0],
    });
    if owners.any(is_nobody) {
        return invalid("user or group", NOBODY);
    }
    // sethostname(2).
    if sandbox.hostname.len() > 64 {
        return invalid("host name", "it is longer than 64 bytes");
    }
    Ok(())
}

fn check_process(process: &Process) -> Result<(), Error> {
    check_child_entry()?;
    if process.args.is_empty() {
        return invalid("program", "there is none");
    }
    let has_nul = |string: &OsString| string.as_bytes().contains(&0);
    if process.args.iter().any(has_nul) {
        return invalid("argument", "it holds a NUL byte");
    }
    if process.env.iter().any(has_nul) {
        return invalid("environment variable", "it holds a NUL byte");
    }
    if !process.cwd.is_absolute() {
        return invalid("working directory", "it is not an absolute path");
    }
    let user = &process.user;
    let mut ids = [user.uid, user.gid]
        .into_iter()
        .chain(user.groups.iter().copied());
    match ids.any(is_nobody) {
        true => invalid("user or group", NOBODY),
        false => Ok(()),
    }
}

const NOBODY: &str = "4294967295 is the number of nobody";

/// setresuid(2) and chown(2) take the last number for "leave it as it is".
fn is_nobody(id: u32) -> bool {
    id == u32::MAX
}

fn invalid(what: &'static str, reason: &'static str) -> Result<(), Error> {
    Err(Error::InvalidOrder { what, reason })
}

/// Makes a detached bind mount of the directory or file `object` (an `O_PATH` descriptor will do), with what is
/// mounted below it: the source of a [`MountKind::Bind`](crate::MountKind::Bind).
///
/// # Errors
/// When the kernel refuses: for want of privilege, or because `object` is in a mount that is not attached in this
/// process's mount namespace.
pub fn clone_mount(object: BorrowedFd<'_>) -> Result<OwnedFd, Error> {
    mount::bind(object, Depth::Recursive)
        .map_err(|errno| Error::kernel(Step::CloneMount, "", errno))
}

#[cfg(test)]
mod tests {
    use super::spawn;
    use crate::{Error, Process, Sandbox, Stdio, User};

    #[test]
    fn a_program_without_child_entry_starts_nothing() {
        let Stdio { stdin: root, .. } = Stdio::null().unwrap();
        let process = Process {
            args: vec!["true".into()],
            env: Vec::new(),
            cwd: "/".into(),
            user: User::default(),
            terminal: None,
        };
        let error = spawn(&Sandbox::new(root), &process, Stdio::null().unwrap()).unwrap_err();
        assert!(matches!(error, Error::NoChildEntry), "{error}");
    }
}
