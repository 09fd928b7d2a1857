//! The process that holds a user namespace with a handler in it: this executable again.

use std::env::ArgsOs;
use std::os::fd::{OwnedFd, RawFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::RecvFlags;

use crate::machine::Machine;
use crate::mount::{self, DATA};
use crate::protocol::{At, Failure, Report};
use crate::step::Step;
use crate::{Stdio, sys};

/// First argument of the process. The numbers of two descriptors follow: of its socket, and of the emulator.
pub(crate) const NAME: &str = "step-emulator";

/// Exit code when it cannot even report.
const BROKEN: i32 = 125;

/// What is written to `register`: "Kernel Support for miscellaneous Binary Formats" (binfmt-misc.rst). The emulator gets
/// to know the program's name as it was called (`P`), is found though the sandbox does not have it (`F`), and runs
/// set-user-ID programs as such (`C`, which needs `O`), like Debian's.
pub(super) fn rule(machine: &Machine, program: RawFd) -> Vec<u8> {
    let escaped = |bytes: [u8; 20]| bytes.map(|byte| format!("\\x{byte:02x}")).concat();
    let (magic, mask) = machine.magic();
    let (name, magic, mask) = (machine.architecture, escaped(magic), escaped(mask));
    format!(":carafe-{name}:M::{magic}:{mask}:/proc/self/fd/{program}:POCF").into_bytes()
}

/// Is the process. `arguments` are those after the first.
pub(crate) fn run(mut arguments: ArgsOs) -> ! {
    let mut number = || arguments.next()?.to_str()?.parse::<RawFd>().ok();
    let (Some(socket), Some(program)) = (number(), number()) else {
        std::process::exit(BROKEN);
    };
    let (Ok(report), Ok(program)) = (sys::adopt(socket).map(Report), sys::adopt(program)) else {
        std::process::exit(BROKEN);
    };
    match withdraw(socket, &program).and_then(|()| hold(&report)) {
        Ok(()) => std::process::exit(0),
        Err(failure) => {
            let reported = report.failed(&failure);
            std::process::exit(if reported.is_ok() { 1 } else { BROKEN })
        }
    }
}

/// Keeps nothing of the caller's open, and does not end with the thread that happened to start it.
fn withdraw(socket: RawFd, program: &OwnedFd) -> Result<(), Failure> {
    use std::os::fd::AsRawFd;
    rustix::process::set_parent_process_death_signal(None).at(Step::DeathSignal)?;
    let _ = rustix::process::setsid();
    let descriptors = || {
        let null = Stdio::null().map_err(|_| Errno::NOENT)?;
        rustix::stdio::dup2_stdin(null.stdin)?;
        rustix::stdio::dup2_stdout(null.stdout)?;
        rustix::stdio::dup2_stderr(null.stderr)?;
        sys::close_all_but(&[socket, program.as_raw_fd()])
    };
    descriptors().at(Step::Descriptors)
}

fn hold(report: &Report) -> Result<(), Failure> {
    sys::unshare_user_and_mounts().at(Step::StartEmulator)?;
    // The caller has to map the ids now.
    report.ready().at(Step::Channel)?;
    let Some(rule) = receive(report)? else {
        return Ok(());
    };
    // The handler is there as long as this is; nobody has to see it.
    let formats = mount::new("binfmt_misc", &[], DATA).at(Step::MountFormats)?;
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    rustix::fs::openat(&formats, "register", flags, Mode::empty())
        .and_then(|file| rustix::io::write(file, &rule))
        .on(Step::RegisterFormat, "binfmt_misc")?;
    report.ready().at(Step::Channel)?;
    // Until the caller closes its end, or has ended.
    receive(report).map(drop)
}

/// The next message; `None` at the end.
fn receive(report: &Report) -> Result<Option<Vec<u8>>, Failure> {
    let mut buffer = [0; 1024];
    loop {
        match rustix::net::recv(&report.0, &mut buffer, RecvFlags::empty()) {
            Ok((0, _)) | Err(Errno::CONNRESET) => return Ok(None),
            Ok((length, _)) => return Ok(Some(buffer[..length].to_vec())),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno).at(Step::Channel),
        }
    }
}
