//! The way out of a container's network: pasta(1) of passt, if this machine has it. It copies between a network interface
//! inside and ordinary sockets outside, and needs no rights.

use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use sandbox::NetworkNamespace;

use super::resolver;

const PROGRAM: &str = "pasta";

/// How long it may take to make its interface: some 20 ms are usual.
const PATIENCE: Duration = Duration::from_secs(5);

/// One network inside, no ports led in (which [`forwarder`](super::forwarder) does), the host's own services out of reach, and the
/// namespace as descriptor 0. It writes its process ID as soon as it is ready.
const ARGUMENTS: [&str; 16] = [
    "--foreground",
    "--quiet",
    "--config-net",
    "--no-map-gw",
    "--netns-only",
    "--no-netns-quit",
    // To the programs of its namespace it is nobody; as nobody of the host's it could not enter the namespace.
    "--runas=0:0",
    "--tcp-ports=none",
    "--udp-ports=none",
    "--tcp-ns=none",
    "--udp-ns=none",
    "--pid",
    "/dev/stdout",
    "--netns",
    "/proc/self/fd/0",
    "--stderr",
];

/// Older ones have the answers of the host's first name server come from here, whoever was asked: only where this is who is asked.
const FORWARD_QUESTIONS: [&str; 2] = ["--dns-forward", resolver::FORWARDER];

/// The process, which ends with the value.
#[derive(Debug)]
pub(crate) struct Pasta(Child);

/// Why there is no way out.
#[derive(Debug)]
pub(crate) enum NoWayOut {
    /// It is not installed.
    NotInstalled,
    /// What it, or the kernel, says.
    Failed(String),
}

/// Whether it works here, by trying.
pub(crate) fn try_out() -> Result<(), NoWayOut> {
    let network = NetworkNamespace::make().map_err(|error| NoWayOut::Failed(error.to_string()))?;
    Pasta::connect(&network, b"").map(drop)
}

impl Pasta {
    /// Connects a network namespace with the networks that this process sees. `resolv_conf` is the container's.
    pub(crate) fn connect(
        network: &NetworkNamespace,
        resolv_conf: &[u8],
    ) -> Result<Self, NoWayOut> {
        let namespace = network
            .as_fd()
            .try_clone_to_owned()
            .map_err(|error| failed(&error))?;
        let mut command = Command::new(PROGRAM);
        command.args(ARGUMENTS);
        if resolver::asks_forwarder(resolv_conf) {
            command.args(FORWARD_QUESTIONS);
        }
        let started = command
            .stdin(namespace)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut pasta = match started {
            Ok(child) => Self(child),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(NoWayOut::NotInstalled);
            }
            Err(error) => return Err(failed(&error)),
        };
        sandbox::end_with_this_process(pasta.pidfd().map_err(|error| failed(&error))?.as_fd());
        let ready = pasta.0.stdout.take().expect("it is piped");
        match is_ready(ready) {
            true => Ok(pasta),
            false => Err(NoWayOut::Failed(pasta.complaint())),
        }
    }

    fn pidfd(&self) -> io::Result<OwnedFd> {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        Ok(pidfd_open(
            pid.expect("a process has a positive ID"),
            PidfdFlags::empty(),
        )?)
    }

    /// What it has written, after it was ended.
    fn complaint(mut self) -> String {
        let _ = self.0.kill();
        let mut text = String::new();
        if let Some(stderr) = self.0.stderr.take() {
            let _ = stderr.take(4096).read_to_string(&mut text);
        }
        // Where there is no syslog older ones say so, once a line.
        let mut lines = text.lines().filter(|line| !line.ends_with("to syslog"));
        let last = lines.next_back().unwrap_or("it was not ready in time");
        last.to_owned()
    }
}

impl Drop for Pasta {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether it says that it is ready, rather than to end or to say nothing.
fn is_ready(mut stdout: ChildStdout) -> bool {
    let end = Instant::now() + PATIENCE;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).expect("a few seconds");
        let mut wanted = [PollFd::new(&stdout, PollFlags::IN)];
        match poll(&mut wanted, Some(&left)) {
            Err(rustix::io::Errno::INTR) => {}
            Ok(1) => return stdout.read(&mut [0; 16]).is_ok_and(|read| read > 0),
            _ => return false,
        }
    }
}

fn failed(error: &io::Error) -> NoWayOut {
    NoWayOut::Failed(error.to_string())
}
