//! `RUN`: a process in a sandbox on the layers below, with a draft on top.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;

use rootfs::{FollowLast, MakeDir, Root, Union};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::PipeFlags;
use sandbox::{Cgroup, Child, Emulation, Exit, Process, Sandbox, Stdio, User};
use store::{Covers, Draft};

use super::bind::Held;
use super::mount_points::StubLayer;
use super::{Executor, Work};
use crate::step::{MountKind, RunOperation};
use crate::stubs::Stub;
use crate::{Error, Event, Identity, Stream, Users};

/// How often a running process is looked after, for Ctrl-C.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// Where to read, and where to write.
pub(super) type Pipe = (OwnedFd, OwnedFd);

/// All that a process is started with. A sandbox serves for one process.
pub(super) struct Prepared {
    pub(super) sandbox: Sandbox,
    pub(super) process: Process,
    pub(super) emulation: Arc<Emulation>,
    pub(super) _stubs: StubLayer,
    /// What lies over a working copy.
    pub(super) covers: Option<Covers>,
    /// Where the process writes, both ends of each; pipes are made if there is none.
    pub(super) outputs: Option<[Pipe; 2]>,
    pub(super) _group: Option<Cgroup>,
}

impl Executor<'_> {
    /// Runs a command in the draft of a step. What is left is the draft's mount.
    pub(super) fn run(
        &self,
        work: &Work<'_>,
        draft: &Draft,
        run: &RunOperation,
    ) -> Result<OwnedFd, Error> {
        let mut held = Held::default();
        let done = self
            .prepare(work, draft, run, &mut held)
            .and_then(|mut prepared| {
                self.run_prepared(work, &mut prepared, run)?;
                if let Some(covers) = prepared.covers {
                    covers.lift()?;
                }
                Ok(prepared.sandbox.root)
            });
        if let Err(error) = &done {
            self.let_inspect(work, draft, run, (error, &mut held));
        }
        done
    }

    /// The sandbox and the process of a step.
    pub(super) fn prepare(
        &self,
        work: &Work<'_>,
        draft: &Draft,
        run: &RunOperation,
        held: &mut Held,
    ) -> Result<Prepared, Error> {
        if self.environment.store.uses_copies() {
            return self.prepare_chroot(work, draft, run, held);
        }
        let mut mounts = Vec::with_capacity(run.mounts.len() + 1);
        for mount in &run.mounts {
            mounts.extend(self.mount(work, mount, held)?);
        }
        if let Some(script) = &run.script {
            mounts.push(sandbox::Mount {
                target: PathBuf::from(&script.path),
                kind: sandbox::MountKind::File {
                    content: script.content.clone().into_bytes(),
                    mode: 0o755,
                    uid: 0,
                    gid: 0,
                },
            });
        }
        let (root, stubs) = self.root(work, draft, &mut mounts)?;
        let identity = Users::read(&root).identity(&run.user)?;
        make_workdir(&root, &run.workdir, &identity)?;
        let process = self.process(run, &identity)?;
        let fd = root.fd().try_clone_to_owned();
        let fd = fd.map_err(|source| Error::Read {
            path: PathBuf::from("/"),
            source,
        })?;
        drop(root);
        let group = self.cgroup(work);
        let programs = &self.environment.programs;
        let emulation = self.emulations.of(run.foreign.as_ref(), programs);
        let sandbox = Sandbox {
            mounts,
            user_namespace: emulation.namespace().map_err(Error::Sandbox)?,
            ..self.surroundings(run, fd, group.as_ref())?
        };
        Ok(Prepared {
            sandbox,
            process,
            emulation,
            _stubs: stubs,
            covers: None,
            outputs: None,
            _group: group,
        })
    }

    fn run_prepared(
        &self,
        work: &Work<'_>,
        prepared: &mut Prepared,
        run: &RunOperation,
    ) -> Result<(), Error> {
        let command = run.arguments.join(" ");
        let exit = self.watch(work, prepared, &command);
        let exit = exit.map_err(|error| match error {
            Error::Start { command, source } => Error::Start {
                command,
                source: prepared.emulation.explain(source),
            },
            other => other,
        })?;
        match exit {
            Exit::Code(0) => Ok(()),
            Exit::Code(code) => Err(Error::Exit { command, code }),
            Exit::Signal(signal) => Err(Error::Signal { command, signal }),
        }
    }

    /// The file system of a step: the layers below, a layer with the mount points that they lack,
    /// and the draft.
    fn root(
        &self,
        work: &Work<'_>,
        draft: &Draft,
        mounts: &mut [sandbox::Mount],
    ) -> Result<(Root, StubLayer), Error> {
        let store = self.environment.store;
        let stack = store.stack(&work.below.stack)?;
        let is_tmpfs =
            |mount: &sandbox::Mount| matches!(mount.kind, sandbox::MountKind::Tmpfs { .. });
        if mounts.iter().any(is_tmpfs) {
            take_over_modes(&store.union(&stack)?, mounts)?;
        }
        let needed: Vec<Stub> = sandbox::MOUNT_POINTS
            .iter()
            .map(|point| Stub {
                path: PathBuf::from(point.path),
                directory: point.directory,
            })
            .chain(mounts.iter().map(stub_of))
            .collect();
        let layer = self.mount_points.layer(store, &stack, needed)?;
        let stub = layer.as_ref().map(|layer| layer.path());
        Ok((store.mount(&stack, Some(draft), stub)?, layer))
    }

    pub(super) fn process(
        &self,
        run: &RunOperation,
        identity: &Identity,
    ) -> Result<Process, Error> {
        let mut env = run.env.clone();
        env.extend(run.proxies.iter().cloned());
        let mut env: Vec<OsString> = env
            .into_iter()
            .map(|(name, value)| format!("{name}={value}").into())
            .collect();
        if !run.env.iter().any(|(name, _)| name == "HOME") {
            env.push(format!("HOME={}", identity.home).into());
        }
        for mount in &run.mounts {
            if let MountKind::Secret {
                id,
                env: Some(name),
                required,
                ..
            } = &mount.kind
            {
                let value = self.secret(id, *required)?.unwrap_or_default();
                let mut entry = OsString::from(format!("{name}="));
                entry.push(bytes_to_os(value));
                env.push(entry);
            }
        }
        Ok(Process {
            args: run.arguments.iter().map(OsString::from).collect(),
            env,
            cwd: PathBuf::from(&run.workdir),
            user: User {
                uid: identity.uid,
                gid: identity.gid,
                groups: identity.groups.clone(),
            },
            terminal: None,
        })
    }

    /// Starts the process, passes on what it writes, and waits for its end.
    fn watch(
        &self,
        work: &Work<'_>,
        prepared: &mut Prepared,
        command: &str,
    ) -> Result<Exit, Error> {
        let outputs = prepared.outputs.take();
        let [(out, stdout), (err, stderr)] = match outputs {
            Some(outputs) => outputs,
            None => [pipe()?, pipe()?],
        };
        let null = Stdio::null().map_err(Error::Sandbox)?;
        let stdio = Stdio {
            stdin: null.stdin,
            stdout,
            stderr,
        };
        let start = |source| Error::Start {
            command: command.to_owned(),
            source,
        };
        let child = sandbox::spawn(&prepared.sandbox, &prepared.process, stdio).map_err(start)?;
        self.pass_on(work, child, [(out, Stream::Stdout), (err, Stream::Stderr)])
    }

    /// Passes on what the process writes until both its outputs are closed: that is when the last
    /// process of its namespace is gone, which is when the first one is.
    fn pass_on(
        &self,
        work: &Work<'_>,
        mut child: Child,
        outputs: [(OwnedFd, Stream); 2],
    ) -> Result<Exit, Error> {
        let mut open: Vec<(File, Stream)> = outputs
            .into_iter()
            .map(|(fd, stream)| (File::from(fd), stream))
            .collect();
        let mut buffer = vec![0; 64 << 10];
        while !open.is_empty() {
            let mut fds: Vec<PollFd<'_>> = open
                .iter()
                .map(|(file, _)| PollFd::new(file, PollFlags::IN))
                .collect();
            let polled = poll(&mut fds, Some(&LOOK));
            let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
            if (work.stopped)() {
                child.kill().map_err(Error::Sandbox)?;
                child.wait().map_err(Error::Sandbox)?;
                return Err(Error::Cancelled);
            }
            if polled == Ok(0) {
                // It ends if its supervisor has, which nobody would hear of here.
                child.try_wait().map_err(Error::Sandbox)?;
            }
            let mut at = 0;
            open.retain_mut(|(file, stream)| {
                at += 1;
                !ready[at - 1] || self.pass_piece(work, file, *stream, &mut buffer)
            });
        }
        child.wait().map_err(Error::Sandbox)
    }

    /// Passes on a piece; `false` at the end.
    fn pass_piece(
        &self,
        work: &Work<'_>,
        file: &mut File,
        stream: Stream,
        buffer: &mut [u8],
    ) -> bool {
        match file.read(buffer) {
            Ok(0) | Err(_) => false,
            Ok(read) => {
                let bytes = buffer[..read].to_vec();
                (self.environment.events)(Event::Output(work.id, stream, bytes));
                true
            }
        }
    }
}

fn pipe() -> Result<Pipe, Error> {
    rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(|source| Error::Read {
        path: "a pipe".into(),
        source: source.into(),
    })
}

/// A working directory that is not there is made for the step's user, as `WORKDIR` does it.
pub(super) fn make_workdir(root: &Root, path: &str, user: &Identity) -> Result<(), Error> {
    if root.metadata(path)?.is_none() {
        let owned = MakeDir {
            mode: 0o755,
            uid: user.uid,
            gid: user.gid,
            mtime: None,
        };
        root.create_dir_all(path, &owned)?;
    }
    Ok(())
}

/// A tmpfs over a directory that is there has its rights, as runc does it.
fn take_over_modes(union: &Union, mounts: &mut [sandbox::Mount]) -> Result<(), Error> {
    for mount in mounts {
        if let sandbox::MountKind::Tmpfs { mode, .. } = &mut mount.kind
            && let Some(found) = union.lookup(&mount.target, FollowLast::Yes)?
        {
            *mode = found.metadata.mode;
        }
    }
    Ok(())
}

/// The mount point that a mount needs.
fn stub_of(mount: &sandbox::Mount) -> Stub {
    let directory = match &mount.kind {
        sandbox::MountKind::Tmpfs { .. } => true,
        sandbox::MountKind::File { .. } => false,
        sandbox::MountKind::Bind { source, path, .. } if path.as_os_str().is_empty() => {
            let stat = rustix::fs::fstat(source);
            stat.is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir())
        }
        sandbox::MountKind::Bind { source, path, .. } => {
            let root = source.as_fd().try_clone_to_owned().map(Root::from_fd);
            let metadata = root
                .ok()
                .and_then(|root| root.metadata(path).ok().flatten());
            metadata.is_none_or(|metadata| metadata.is_dir())
        }
    };
    Stub {
        path: mount.target.clone(),
        directory,
    }
}

fn bytes_to_os(bytes: Vec<u8>) -> OsString {
    use std::os::unix::ffi::OsStringExt as _;
    OsString::from_vec(bytes)
}
