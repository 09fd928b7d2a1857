//! The process that owns a container: starts it, keeps what it writes, forwards its ports, and writes down its end.

use super::attach::{self, Streams};
use super::directory::{Container, Containers, Ownership};
use super::log;
use super::record::{NetworkMode, Record};
use super::state::State;
use super::{environment, forwarder, root};
use crate::command_error::CommandError;
use crate::exit::Exit;
use builder::Users;
use rootfs::Root;
use sandbox::{Child, Emulation, MountKind, Network, Process, Sandbox, User, WindowSize};
use std::fs::File;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use store::Store;

/// A container that runs. The thread that started it must be the one that waits: the kernel ends the container with it.
#[derive(Debug)]
pub(crate) struct Running {
    container: Container,
    _ownership: Ownership,
    state: State,
    /// Its process.
    pub(crate) child: Child,
    pumps: Vec<JoinHandle<()>>,
    /// It has to run as long as the process.
    _emulation: Emulation,
}

/// What a container sees of the surroundings.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// The image's layers, the top one first.
    pub(crate) layers: Vec<PathBuf>,
    /// The host's `/etc/resolv.conf`.
    pub(crate) resolv_conf: Vec<u8>,
    /// What runs the image's programs, if they are for another machine.
    pub(crate) emulation: Emulation,
    /// The size of the user's terminal.
    pub(crate) window: Option<WindowSize>,
}

/// Starts a container that this process owns.
pub(crate) fn start(
    mut container: Container,
    ownership: Ownership,
    surroundings: Surroundings,
    streams: Streams,
) -> Result<Running, CommandError> {
    match try_start(&mut container, &surroundings, streams) {
        Ok((child, pumps)) => {
            let state = State::running(child.pid());
            container.set_state(&state)?;
            Ok(Running {
                container,
                _ownership: ownership,
                state,
                child,
                pumps,
                _emulation: surroundings.emulation,
            })
        }
        Err(error) => {
            let code = i32::from(error.exit().code());
            let state = State {
                error: error.message().to_owned(),
                exit_code: code,
                ..State::default()
            };
            // The error itself is what matters now.
            let _ = container.set_state(&state);
            Err(error)
        }
    }
}

fn try_start(
    container: &mut Container,
    surroundings: &Surroundings,
    streams: Streams,
) -> Result<(Child, Vec<JoinHandle<()>>), CommandError> {
    let listeners = publish(container)?;
    let path = container.log_path();
    let log = log::Writer::open(&path).map_err(|e| CommandError::file("open log", &path, e))?;
    let root = root::mount(container, &surroundings.layers)?;
    let process = process(&container.record, &root, surroundings.window)?;
    let sandbox = Sandbox {
        resolv_conf: surroundings.resolv_conf.clone(),
        user_namespace: surroundings.emulation.namespace()?,
        ..sandbox(&container.record, root)?
    };
    let (stdio, pipes) = attach::pipes(container.record.interactive)?;
    let child = sandbox::spawn(&sandbox, &process, stdio)
        .map_err(|error| surroundings.emulation.explain(error))?;
    let pumps = pipes.connect(streams, &child, Arc::new(log))?;
    if !listeners.is_empty() {
        let dialer = Arc::new(child.dialer()?);
        for (listener, port) in listeners {
            forwarder::start(listener, port, Arc::clone(&dialer))
                .map_err(|error| CommandError::io("start a thread", error))?;
        }
    }
    Ok((child, pumps))
}

/// Takes the host's ports, before anything is started.
fn publish(container: &mut Container) -> Result<Vec<(TcpListener, u16)>, CommandError> {
    let mut record = container.record.clone();
    let mut listeners = Vec::new();
    for port in &mut record.ports {
        listeners.push((port.bind()?, port.container));
    }
    if record != container.record {
        container.set_record(record)?;
    }
    Ok(listeners)
}

fn process(
    record: &Record,
    root: impl AsFd,
    window: Option<WindowSize>,
) -> Result<Process, CommandError> {
    let fd = rustix::io::fcntl_dupfd_cloexec(root, 3)
        .map_err(|error| CommandError::io("duplicate a descriptor", error))?;
    let identity = Users::read(&Root::from_fd(fd)).identity(&record.user)?;
    let mut variables = record.environment.clone();
    let mut default = |name: &str, value: &str| {
        if !environment::has(&variables, name) {
            environment::set(&mut variables, name, value);
        }
    };
    default("PATH", sandbox::DEFAULT_PATH);
    default("HOSTNAME", &record.hostname);
    default("HOME", &identity.home);
    if record.terminal {
        default("TERM", "xterm");
    }
    let window = window.unwrap_or(WindowSize {
        rows: 24,
        columns: 80,
    });
    Ok(Process {
        args: record.command.iter().map(Into::into).collect(),
        env: variables.into_iter().map(Into::into).collect(),
        cwd: PathBuf::from(&record.working_directory),
        user: User {
            uid: identity.uid,
            gid: identity.gid,
            groups: identity.groups,
        },
        terminal: record.terminal.then_some(window),
    })
}

fn sandbox(record: &Record, root: std::os::fd::OwnedFd) -> Result<Sandbox, CommandError> {
    let mut mounts = Vec::new();
    for volume in &record.volumes {
        let source = File::open(&volume.host)
            .map_err(|error| CommandError::file("open volume", &volume.host, error))?;
        mounts.push(sandbox::Mount {
            target: volume.container.clone(),
            kind: MountKind::Bind {
                source: sandbox::clone_mount(source.as_fd())?,
                path: PathBuf::new(),
                read_only: volume.read_only,
            },
        });
    }
    Ok(Sandbox {
        hostname: record.hostname.clone(),
        network: match record.network {
            NetworkMode::Private => Network::Private,
            NetworkMode::Host => Network::Host,
            NetworkMode::None => Network::None,
        },
        mounts,
        read_only_root: record.read_only,
        hosts: hosts(record),
        ..Sandbox::new(root)
    })
}

fn hosts(record: &Record) -> Vec<u8> {
    let mut text = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n".to_owned();
    text.push_str(&format!("127.0.0.1\t{}\n", record.hostname));
    for line in &record.hosts {
        text.push_str(line);
        text.push('\n');
    }
    text.into_bytes()
}

impl Running {
    /// The container.
    pub(crate) fn container(&self) -> &Container {
        &self.container
    }

    /// Waits for the end, keeps the last output, and writes the end down. Removes the container if `--rm` said so.
    pub(crate) fn wait(mut self, store: &Store) -> Result<Exit, CommandError> {
        let code = self.child.wait()?.code();
        for pump in self.pumps {
            // A pump that panicked has lost its own output only.
            let _ = pump.join();
        }
        if self.container.record.auto_remove {
            Containers::new(store).remove(&self.container)?;
        } else {
            self.container.set_state(&self.state.exited(code))?;
        }
        Ok(Exit::Program(u8::try_from(code).unwrap_or(u8::MAX)))
    }
}
