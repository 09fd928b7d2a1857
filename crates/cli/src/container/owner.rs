//! The process that owns a container: starts it, keeps what it writes, forwards its ports, checks its health, starts it again,
//! and writes down its end.

use super::attach::{self, Streams};
use super::directory::{Container, Containers, Ownership};
use super::forwarder::{self, Target};
use super::mounts::Source;
use super::pasta::{NoWayOut, Pasta};
use super::process::Program;
use super::record::{NetworkMode, Record};
use super::restart::Pause;
use super::state::{Phase, State};
use super::volumes::Volume;
use super::{health, log, resolver, root};
use crate::command_error::CommandError;
use crate::exit::Exit;
use rootfs::Root;
use rustix::net::Shutdown;
use sandbox::{
    Cgroup, Child, Emulation, MountKind, Network, NetworkNamespace, Sandbox, WindowSize,
};
use std::collections::BTreeMap;
use std::fs::File;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;
use store::Store;

/// A container that runs. The thread that started it must be the one that waits: the kernel ends the container with it.
#[derive(Debug)]
pub(crate) struct Running {
    container: Container,
    state: State,
    /// Its process.
    pub(crate) child: Child,
    /// What the user should know.
    pub(crate) warnings: Vec<String>,
    pumps: Vec<JoinHandle<()>>,
    /// It is to be removed after the process has ended.
    _group: Option<Cgroup>,
    /// It ends after the process.
    _pasta: Option<Pasta>,
    /// Where the published ports lead to.
    target: Target,
    listeners: Vec<TcpListener>,
    started: Instant,
    surroundings: Surroundings,
    streams: Streams,
    _ownership: Ownership,
}

/// What a container sees of the surroundings.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// The image's layers, the top one first.
    pub(crate) layers: Vec<PathBuf>,
    /// Its volumes by their names.
    pub(crate) volumes: BTreeMap<String, Volume>,
    /// The host's `/etc/resolv.conf`.
    pub(crate) resolv_conf: Vec<u8>,
    /// What runs the image's programs, if they are for another machine.
    pub(crate) emulation: Emulation,
    /// The size of the user's terminal.
    pub(crate) window: Option<WindowSize>,
}

/// A process that was started.
struct Begun {
    child: Child,
    pumps: Vec<JoinHandle<()>>,
    group: Option<Cgroup>,
    pasta: Option<Pasta>,
    warnings: Vec<String>,
}

/// Starts a container that this process owns.
pub(crate) fn start(
    mut container: Container,
    ownership: Ownership,
    surroundings: Surroundings,
    streams: Streams,
) -> Result<Running, CommandError> {
    let target = Target::default();
    let begun = publish(&mut container).and_then(|listeners| {
        let begun = begin(&container, &surroundings, streams)?;
        let mut kept = Vec::new();
        for (listener, port) in listeners {
            let again = listener.try_clone();
            kept.push(again.map_err(|error| CommandError::io("duplicate a descriptor", error))?);
            forwarder::start(listener, port, target.clone())
                .map_err(|error| CommandError::io("start a thread", error))?;
        }
        Ok((begun, kept))
    });
    match begun {
        Ok((begun, listeners)) => {
            let mut running = Running {
                state: State::running(begun.child.pid()),
                container,
                child: begun.child,
                warnings: begun.warnings,
                pumps: begun.pumps,
                _group: begun.group,
                _pasta: begun.pasta,
                target,
                listeners,
                started: Instant::now(),
                surroundings,
                streams,
                _ownership: ownership,
            };
            running.tell()?;
            Ok(running)
        }
        Err(error) => {
            // The error itself is what matters now.
            let _ = container.set_state(&State::default().failed(&error));
            Err(error)
        }
    }
}

fn begin(
    container: &Container,
    surroundings: &Surroundings,
    streams: Streams,
) -> Result<Begun, CommandError> {
    let record = &container.record;
    let path = container.log_path();
    let log = log::Writer::open(&path).map_err(|e| CommandError::file("open log", &path, e))?;
    let root = root::mount(container, &surroundings.layers)?;
    let seen = root
        .try_clone()
        .map(Root::from_fd)
        .map_err(|error| CommandError::io("duplicate a descriptor", error))?;
    let process = Program::of(record, surroundings.window).process(record, &seen)?;
    let mut warnings = Vec::new();
    let group = group(record, &mut warnings);
    let resolv_conf = resolv_conf(record, surroundings);
    let (network, pasta) = network(record, &resolv_conf, &mut warnings)?;
    let sandbox = Sandbox {
        mounts: mounts(record, &seen, surroundings)?,
        resolv_conf,
        network_namespace: network,
        user_namespace: surroundings.emulation.namespace()?,
        cgroups: match &group {
            Some(group) => group.entries()?,
            None => Vec::new(),
        },
        ..sandbox(record, root)?
    };
    let (stdio, pipes) = attach::pipes(record.interactive)?;
    let child = sandbox::spawn(&sandbox, &process, stdio)
        .map_err(|error| surroundings.emulation.explain(error))?;
    let pumps = pipes.connect(streams, &child, Some(Arc::new(log)))?;
    Ok(Begun {
        child,
        pumps,
        group,
        pasta,
        warnings,
    })
}

/// A control group, if there are limits. Where there can be none the container runs all the same.
fn group(record: &Record, warnings: &mut Vec<String>) -> Option<Cgroup> {
    let limits = record.limits.of_group()?;
    let made = Cgroup::make(None, &limits);
    match made.and_then(|group| group.entries().map(|_| group)) {
        Ok(group) => Some(group),
        Err(error) => {
            let hint = error.hint().map(|hint| format!(" ({hint})"));
            let error = CommandError::from(error);
            warnings.push(format!(
                "the container runs without limits: {}{}",
                error.message(),
                hint.unwrap_or_default()
            ));
            None
        }
    }
}

fn resolv_conf(record: &Record, surroundings: &Surroundings) -> Vec<u8> {
    let content = resolver::content(&record.resolver, &surroundings.resolv_conf);
    match record.network {
        NetworkMode::Private => resolver::reachable(content),
        NetworkMode::Host | NetworkMode::None => content,
    }
}

/// A network of its own, with a way out if the machine has one to give. Where it has none the container runs all the same.
fn network(
    record: &Record,
    resolv_conf: &[u8],
    warnings: &mut Vec<String>,
) -> Result<(Option<NetworkNamespace>, Option<Pasta>), CommandError> {
    if record.network != NetworkMode::Private {
        return Ok((None, None));
    }
    let network = NetworkNamespace::make()?;
    let why = match Pasta::connect(&network, resolv_conf) {
        Ok(pasta) => return Ok((Some(network), Some(pasta))),
        // Who publishes ports has no need to get out, as a rule.
        Err(NoWayOut::NotInstalled) if !record.ports.is_empty() => {
            return Ok((Some(network), None));
        }
        Err(NoWayOut::NotInstalled) => "pasta is not installed (Debian: passt)".to_owned(),
        Err(NoWayOut::Failed(why)) => format!("pasta: {why}"),
    };
    warnings.push(format!(
        "the container reaches no other machine: {why}; with --network host it has the host's network, with none no warning"
    ));
    Ok((Some(network), None))
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

fn mounts(
    record: &Record,
    root: &Root,
    surroundings: &Surroundings,
) -> Result<Vec<sandbox::Mount>, CommandError> {
    let bind = |host: &PathBuf, read_only| -> Result<MountKind, CommandError> {
        let source =
            File::open(host).map_err(|error| CommandError::file("open volume", host, error))?;
        Ok(MountKind::Bind {
            source: sandbox::clone_mount(source.as_fd())?,
            path: PathBuf::new(),
            read_only,
        })
    };
    let mut mounts = Vec::new();
    for mount in &record.mounts {
        let kind = match &mount.source {
            Source::Bind(host) => bind(host, mount.read_only)?,
            Source::Volume { name, copy, .. } => {
                let volume = surroundings.volumes.get(name).ok_or_else(|| {
                    CommandError::new(format!("volume {name} of the container is gone"))
                })?;
                if *copy {
                    volume.fill(root, &mount.target)?;
                }
                bind(&volume.data(), mount.read_only)?
            }
            Source::Tmpfs {
                size,
                mode,
                execute,
            } => {
                let there = root.metadata(&mount.target)?.map(|found| found.mode);
                MountKind::Tmpfs {
                    size: *size,
                    mode: mode.or(there).unwrap_or(0o1777),
                    no_execute: !execute,
                }
            }
        };
        mounts.push(sandbox::Mount {
            target: mount.target.clone(),
            kind,
        });
    }
    Ok(mounts)
}

fn sandbox(record: &Record, root: OwnedFd) -> Result<Sandbox, CommandError> {
    let usual = Sandbox::new(root);
    Ok(Sandbox {
        hostname: record.hostname.clone(),
        network: match record.network {
            NetworkMode::Private => Network::Private,
            NetworkMode::Host => Network::Host,
            NetworkMode::None => Network::None,
        },
        capabilities: record.privileges.capabilities(),
        seccomp: record.privileges.seccomp(),
        no_new_privileges: record.privileges.no_new_privileges,
        init: record.init,
        ulimits: record.limits.of_process()?,
        shm_size: record.limits.shm_size.unwrap_or(usual.shm_size),
        read_only_root: record.read_only,
        hosts: hosts(record),
        ..usual
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

    /// Writes down that it runs, and lets ports and checks go to its process.
    fn tell(&mut self) -> Result<(), CommandError> {
        let group = self._group.as_ref();
        self.state.cgroups = group
            .map(|group| group.directories().to_vec())
            .unwrap_or_default();
        self.container.set_state(&self.state)?;
        self.target.set(self.child.dialer()?);
        let process = self.child.pidfd().try_clone_to_owned();
        let process = process.map_err(|error| CommandError::io("duplicate a descriptor", error))?;
        health::watch(&self.container, &self.state, process)
    }

    /// Waits for the end, keeps the last output, and writes the end down; starts it again if that was asked for, and has
    /// `again` see each process. Removes the container if `--rm` said so.
    pub(crate) fn wait(
        mut self,
        store: &Store,
        again: &mut dyn FnMut(&Self) -> Result<(), CommandError>,
    ) -> Result<Exit, CommandError> {
        let mut pause = Pause::new();
        let mut code = self.end()?;
        while self.wants_restart(code) {
            let restarts = self.state.restarts + 1;
            self.state = State {
                phase: Phase::Restarting,
                ..self.state.exited(code)
            };
            self.container.set_state(&self.state)?;
            if !pause.wait(self.started.elapsed(), &self.container) {
                break;
            }
            self.started = Instant::now();
            code = match self.start_again(restarts).and_then(|()| again(&self)) {
                Ok(()) => self.end()?,
                Err(error) => {
                    self.state = State {
                        restarts,
                        ..self.state.failed(&error)
                    };
                    self.state.exit_code
                }
            };
        }
        for listener in &self.listeners {
            // Whoever is told of the end may start it again at once, and shall find the ports free.
            let _ = rustix::net::shutdown(listener, Shutdown::Both);
        }
        if self.container.record.auto_remove {
            let containers = Containers::new(store);
            containers.remove_with_volumes(&self.container)?;
        } else {
            self.container.set_state(&self.state.exited(code))?;
        }
        Ok(Exit::Program(u8::try_from(code).unwrap_or(u8::MAX)))
    }

    fn wants_restart(&self, code: i32) -> bool {
        let policy = self.container.record.restart;
        policy.wants(code, self.state.restarts) && !self.container.is_stopped()
    }

    /// Waits for the end of the process, and tells its exit code.
    fn end(&mut self) -> Result<i32, CommandError> {
        let code = self.child.wait()?.code();
        for pump in self.pumps.drain(..) {
            // A pump that panicked has lost its own output only.
            let _ = pump.join();
        }
        self._group = None;
        self._pasta = None;
        Ok(code)
    }

    fn start_again(&mut self, restarts: u32) -> Result<(), CommandError> {
        // It may have another name by now.
        self.container.reload()?;
        // Whoever sent input has sent it to the one that ended.
        let streams = match self.streams {
            Streams::Detached => Streams::Detached,
            Streams::Attached | Streams::Output => Streams::Output,
        };
        let begun = begin(&self.container, &self.surroundings, streams)?;
        self.child = begun.child;
        self.pumps = begun.pumps;
        self._group = begun.group;
        self._pasta = begun.pasta;
        self.state = State {
            restarts,
            ..State::running(self.child.pid())
        };
        self.tell()
    }
}
