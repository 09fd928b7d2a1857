//! The supervisor's process: this executable again, in the PID namespace of who started it, and with the mounts and the
//! root of the sandbox, so that no path leads anywhere else.

use std::env::ArgsOs;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, recvmsg, send};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use super::identities::Identities;
use super::identity::Identity;
use super::power::Power;
use super::roots::Roots;
use super::serve::Supervisor;
use crate::sys::{self, notification};
use crate::{Stdio, User};

/// Exit code of a supervisor that cannot go on.
pub(super) const BROKEN: i32 = 125;

/// What it is told on its command line, in this order, in decimal digits.
struct Orders {
    /// The descriptor of the socket that the first process of the sandbox has the other end of.
    socket: i32,
    /// The descriptor of that process, and its number.
    process: i32,
    number: u32,
    /// Who it is to be.
    user: User,
    power: Power,
}

/// Is the supervisor.
pub(crate) fn run(arguments: ArgsOs) -> ! {
    let code = match read(arguments)
        .ok_or(Errno::INVAL)
        .and_then(|orders| supervise(&orders))
    {
        Ok(()) => 0,
        Err(_) => BROKEN,
    };
    std::process::exit(code)
}

fn read(arguments: ArgsOs) -> Option<Orders> {
    let arguments: Vec<String> = arguments
        .map(|argument| argument.into_string().ok())
        .collect::<Option<_>>()?;
    let [socket, process, number, power, uid, gid, groups @ ..] = arguments.as_slice() else {
        return None;
    };
    Some(Orders {
        socket: socket.parse().ok()?,
        process: process.parse().ok()?,
        number: number.parse().ok()?,
        user: User {
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
            groups: groups
                .iter()
                .map(|group| group.parse().ok())
                .collect::<Option<_>>()?,
        },
        power: Power::read(power)?,
    })
}

/// The command line for [`run`].
pub(super) fn arguments(
    (socket, process): (i32, i32),
    number: u32,
    user: &User,
    power: Power,
) -> Vec<String> {
    let mut arguments = vec![
        socket.to_string(),
        process.to_string(),
        number.to_string(),
        power.to_word(),
        user.uid.to_string(),
        user.gid.to_string(),
    ];
    arguments.extend(user.groups.iter().map(u32::to_string));
    arguments
}

fn supervise(orders: &Orders) -> Result<(), Errno> {
    let (socket, process) = (sys::adopt(orders.socket)?, sys::adopt(orders.process)?);
    stand_aside()?;
    let Some((listener, own_number)) = receive(&socket)? else {
        return Ok(());
    };
    let (process, number) = match orders.power.shares_processes {
        // The one that was started stays outside, and has a child that is in the sandbox.
        true => (
            pidfd_open(own_number, PidfdFlags::empty())?,
            own_number.as_raw_nonzero().get().cast_unsigned(),
        ),
        false => (process, orders.number),
    };
    // By now it has changed its root.
    let proc = enter(&process, orders.power)?;
    notification::answer_synchronously(listener.as_fd());
    let own = rustix::process::getpid().as_raw_nonzero().get();
    let (identities, token) = Identities::new(own.cast_unsigned(), Identity::new(&orders.user));
    Identities::set_token(number, token)?;
    send(&socket, b"!", SendFlags::NOSIGNAL)?;
    drop((socket, process));
    let roots = Roots::new(proc);
    Supervisor::new(listener, identities, roots, orders.power.of_step).serve()
}

/// Takes on the mounts of a process of the sandbox, and so their root; what is returned is the `/proc` from outside, which is the working
/// directory.
pub(super) fn enter(process: &OwnedFd, power: Power) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let proc = rustix::fs::openat(CWD, "/proc", flags, Mode::empty())?;
    move_into_thread_name_spaces(process.as_fd(), ThreadNameSpaceType::MOUNT)?;
    rustix::process::fchdir(&proc)?;
    power.keep()?;
    Ok(proc)
}

/// Ctrl-C is not for this process, and it keeps nothing open that somebody may wait for the end of.
pub(super) fn stand_aside() -> Result<(), Errno> {
    let _ = rustix::process::setsid();
    let null = Stdio::null().map_err(|_| Errno::NOENT)?;
    rustix::stdio::dup2_stdin(null.stdin)?;
    rustix::stdio::dup2_stdout(null.stdout)?;
    rustix::stdio::dup2_stderr(null.stderr)
}

/// Takes the listener over, with the number that the process of the sandbox has for itself. There is none if the sandbox could not be made, which others report.
pub(super) fn receive(socket: &OwnedFd) -> Result<Option<(OwnedFd, Pid)>, Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut number = [0; 4];
    let bytes = &mut [std::io::IoSliceMut::new(&mut number)];
    while let Err(errno) = recvmsg(socket, bytes, &mut control, RecvFlags::CMSG_CLOEXEC) {
        match errno {
            Errno::INTR => {}
            Errno::CONNRESET => return Ok(None),
            errno => return Err(errno),
        }
    }
    let mut descriptors = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    let number = Pid::from_raw(i32::from_ne_bytes(number));
    Ok(descriptors.next().zip(number))
}
