//! Descriptors 0, 1 and 2.

use std::os::fd::AsFd;

use rustix::fs::{FileType, Uid};
use rustix::io::Errno;
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout, stderr, stdin, stdout};

use crate::protocol::{At, Failure, Order};
use crate::step::Step;
use crate::{Process, Stdio, sys};

/// Puts the streams of the order in place and closes what the child was given besides the order's descriptors.
pub(crate) fn arrange(order: &Order) -> Result<(), Failure> {
    let Stdio {
        stdin,
        stdout,
        stderr,
    } = &order.stdio;
    dup2_stdin(stdin)
        .and_then(|()| dup2_stdout(stdout))
        .and_then(|()| dup2_stderr(stderr))
        .and_then(|()| sys::close_all_but(&order.descriptors()))
        .at(Step::Descriptors)
}

/// Makes this process the leader of a session of its own, so that the caller's terminal and its Ctrl-C are not for it,
/// and takes the terminal that it was given, if any.
pub(crate) fn start_session(process: &Process) -> Result<(), Failure> {
    rustix::process::setsid().at(Step::Session)?;
    match process.terminal {
        Some(_) => rustix::process::ioctl_tiocsctty(stdin()).at(Step::ControllingTerminal),
        None => Ok(()),
    }
}

/// Gives pipes and terminals to the user, who may open them again (`/dev/stdout`), which goes by the owner. Files
/// and `/dev/null` are left alone: they are not the sandbox's.
pub(crate) fn give_to(process: &Process) -> Result<(), Failure> {
    for (stream, number) in [(stdin(), "0"), (stdout(), "1"), (stderr(), "2")] {
        match give(stream, process) {
            // A pipe of someone whom this user namespace does not know cannot be given away, and is usable as it is.
            // A user whom it does not know will be met when it comes to that.
            Err(Errno::PERM | Errno::INVAL) => {}
            given => given.on(Step::OwnStdio, number)?,
        }
    }
    Ok(())
}

fn give(stream: impl AsFd, process: &Process) -> Result<(), Errno> {
    let mode = rustix::fs::fstat(&stream)?.st_mode;
    let is_ours = match FileType::from_raw_mode(mode) {
        FileType::Fifo => true,
        FileType::CharacterDevice => process.terminal.is_some(),
        _ => false,
    };
    if is_ours {
        rustix::fs::fchown(&stream, Some(Uid::from_raw(process.user.uid)), None)?;
    }
    Ok(())
}
