//! The order: what the child is to do.

use std::ffi::{OsString, c_int};
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::MemfdFlags;
use rustix::io::Errno;
use rustix::thread::ThreadNameSpaceType;

use super::wire::{Malformed, Reader, Writer};
use crate::supervisor::recorder::LastIds;
use crate::{
    Capabilities, Device, Entry, Isolation, KernelAccess, Mount, MountKind, Network,
    NetworkNamespace, Process, Sandbox, Seccomp, Stdio, Ulimit, UlimitResource, User, WindowSize,
    sys,
};

/// All that the child needs to know.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) place: Place,
    pub(crate) process: Process,
    pub(crate) stdio: Stdio,
    /// The system call filter; empty for none.
    pub(crate) filter: Vec<u8>,
    /// The detached `devpts` that the terminal is of, if there is a terminal.
    pub(crate) devpts: Option<OwnedFd>,
    /// The child's end of the socket pair.
    pub(crate) report: OwnedFd,
    /// The way to the supervisor, if there is one.
    pub(crate) supervisor: Option<OwnedFd>,
    /// The way to who records owners beyond the last IDs, and these.
    pub(crate) recorder: Option<(OwnedFd, LastIds)>,
    /// The namespaces that the process makes itself, as it was born without: flags of clone(2).
    pub(crate) namespaces: c_int,
}

/// Where the process is to be.
#[derive(Debug)]
pub(crate) enum Place {
    /// In a sandbox that the child makes around itself.
    New(Box<Sandbox>),
    /// In the one of another process.
    Existing(Entry),
}

/// A [`Place`], borrowed.
#[derive(Clone, Copy)]
pub(crate) enum PlaceRef<'a> {
    New(&'a Sandbox),
    Existing(&'a Entry),
}

impl PlaceRef<'_> {
    /// Whether there are no namespaces.
    pub(crate) fn is_chroot(self) -> bool {
        matches!(self, Self::New(sandbox) if sandbox.isolation == Isolation::Chroot)
    }

    /// The number of the user namespace that a new sandbox is in.
    pub(crate) fn user_namespace(self) -> Result<u64, Errno> {
        let found = match self {
            Self::New(Sandbox {
                user_namespace: Some(namespace),
                ..
            }) => rustix::fs::fstat(namespace)?,
            _ => rustix::fs::stat("/proc/thread-self/ns/user")?,
        };
        Ok(found.st_ino)
    }
}

/// An order as the parent gives it: in a memory file, with the descriptors to pass.
pub(crate) struct Sent {
    /// The memory file.
    pub(crate) file: OwnedFd,
    /// The numbers of all descriptors that the child gets, the file's among them.
    pub(crate) inherited: Vec<RawFd>,
    /// Duplicates that were made for the purpose.
    _duplicates: Vec<OwnedFd>,
}

/// Collects the descriptors that an order names.
#[derive(Default)]
struct Descriptors {
    inherited: Vec<RawFd>,
    duplicates: Vec<OwnedFd>,
}

impl Descriptors {
    /// The number under which `fd` will be known to the child: never that of a standard stream, as those are put in
    /// place by number.
    fn number(&mut self, fd: BorrowedFd<'_>) -> Result<u64, Errno> {
        let mut number = fd.as_raw_fd();
        if number < 3 || self.inherited.contains(&number) {
            let duplicate = rustix::io::fcntl_dupfd_cloexec(fd, 3)?;
            number = duplicate.as_raw_fd();
            self.duplicates.push(duplicate);
        }
        self.inherited.push(number);
        Ok(u64::try_from(number).expect("open descriptors are not negative"))
    }
}

/// The parts of an [`Order`], borrowed.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) place: PlaceRef<'a>,
    pub(crate) process: &'a Process,
    pub(crate) stdio: &'a Stdio,
    pub(crate) filter: &'a [u8],
    pub(crate) devpts: Option<BorrowedFd<'a>>,
    pub(crate) report: BorrowedFd<'a>,
    pub(crate) supervisor: Option<BorrowedFd<'a>>,
    pub(crate) recorder: Option<(BorrowedFd<'a>, LastIds)>,
    pub(crate) namespaces: c_int,
}

impl Sent {
    /// Writes an order.
    pub(crate) fn new(parts: Parts<'_>) -> Result<Self, Errno> {
        let mut descriptors = Descriptors::default();
        let mut writer = Writer::default();
        for fd in [&parts.stdio.stdin, &parts.stdio.stdout, &parts.stdio.stderr] {
            writer.number(descriptors.number(fd.as_fd())?);
        }
        writer.number(descriptors.number(parts.report)?);
        // No open descriptor has the number 0 here, so that it can say "none".
        let (recorder, last) = parts.recorder.unzip();
        for optional in [parts.devpts, parts.supervisor, recorder] {
            writer.number(match optional {
                Some(fd) => descriptors.number(fd)?,
                None => 0,
            });
        }
        if let Some((uid, gid)) = last {
            writer.number(uid.into());
            writer.number(gid.into());
        }
        writer.number(parts.namespaces.cast_unsigned().into());
        writer.bytes(parts.filter);
        write_process(&mut writer, parts.process);
        match parts.place {
            PlaceRef::New(sandbox) => {
                writer.number(0);
                write_sandbox(&mut writer, &mut descriptors, sandbox)?;
            }
            PlaceRef::Existing(entry) => {
                writer.number(1);
                write_entry(&mut writer, &mut descriptors, entry)?;
            }
        }

        let file = rustix::fs::memfd_create(c"carafe-order", MemfdFlags::CLOEXEC)?;
        let mut file = std::fs::File::from(file);
        file.write_all(&writer.finish())
            .map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::IO))?;
        let mut file = OwnedFd::from(file);
        if file.as_raw_fd() < 3 {
            file = rustix::io::fcntl_dupfd_cloexec(&file, 3)?;
        }
        descriptors.inherited.push(file.as_raw_fd());
        Ok(Self {
            file,
            inherited: descriptors.inherited,
            _duplicates: descriptors.duplicates,
        })
    }
}

impl Order {
    /// Reads an order, and takes over the descriptors it names.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Errno> {
        Self::decode(&mut Reader(bytes)).map_err(|Malformed| Errno::BADMSG)
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            stdio: Stdio {
                stdin: adopt(reader)?,
                stdout: adopt(reader)?,
                stderr: adopt(reader)?,
            },
            report: adopt(reader)?,
            devpts: adopt_one_if_any(reader)?,
            supervisor: adopt_one_if_any(reader)?,
            recorder: match adopt_one_if_any(reader)? {
                Some(fd) => Some((fd, (reader.narrow()?, reader.narrow()?))),
                None => None,
            },
            namespaces: reader.narrow::<u32>()?.cast_signed(),
            filter: reader.bytes()?.to_vec(),
            process: read_process(reader)?,
            place: match reader.number()? {
                0 => Place::New(Box::new(read_sandbox(reader)?)),
                _ => Place::Existing(read_entry(reader)?),
            },
        })
    }

    /// The numbers of all descriptors that are still needed.
    pub(crate) fn descriptors(&self) -> Vec<RawFd> {
        let mut all: Vec<&OwnedFd> = match &self.place {
            Place::New(sandbox) => {
                let sources = sandbox.mounts.iter().filter_map(|mount| match &mount.kind {
                    MountKind::Bind { source, .. } => Some(source),
                    MountKind::Tmpfs { .. } | MountKind::File { .. } => None,
                });
                let others = [&sandbox.root].into_iter().chain(&sandbox.cgroups);
                let network = sandbox.network_namespace.as_ref();
                others
                    .chain(network.map(NetworkNamespace::file))
                    .chain(&sandbox.user_namespace)
                    .chain(sources)
                    .collect()
            }
            Place::Existing(entry) => [&entry.process].into_iter().chain(&entry.cgroups).collect(),
        };
        let Stdio {
            stdin,
            stdout,
            stderr,
        } = &self.stdio;
        all.extend([stdin, stdout, stderr, &self.report]);
        all.extend(&self.devpts);
        all.extend(&self.supervisor);
        all.extend(self.recorder.as_ref().map(|(fd, _)| fd));
        all.into_iter().map(AsRawFd::as_raw_fd).collect()
    }
}

fn write_process(writer: &mut Writer, process: &Process) {
    writer.list(&process.args, |writer, arg| writer.bytes(arg.as_bytes()));
    writer.list(&process.env, |writer, variable| {
        writer.bytes(variable.as_bytes());
    });
    writer.bytes(process.cwd.as_os_str().as_bytes());
    writer.number(process.user.uid.into());
    writer.number(process.user.gid.into());
    writer.list(&process.user.groups, |writer, &group| {
        writer.number(group.into());
    });
    writer.number(process.terminal.is_some().into());
    if let Some(WindowSize { rows, columns }) = process.terminal {
        writer.number(rows.into());
        writer.number(columns.into());
    }
}

fn read_process(reader: &mut Reader<'_>) -> Result<Process, Malformed> {
    Ok(Process {
        args: reader.list(string)?,
        env: reader.list(string)?,
        cwd: path(reader)?,
        user: User {
            uid: reader.narrow()?,
            gid: reader.narrow()?,
            groups: reader.list(Reader::narrow)?,
        },
        terminal: match reader.number()? {
            0 => None,
            _ => Some(WindowSize {
                rows: reader.narrow()?,
                columns: reader.narrow()?,
            }),
        },
    })
}

fn write_sandbox(
    writer: &mut Writer,
    descriptors: &mut Descriptors,
    sandbox: &Sandbox,
) -> Result<(), Errno> {
    writer.number(match sandbox.isolation {
        Isolation::Namespaces => 0,
        Isolation::Chroot => 1,
    });
    writer.number(descriptors.number(sandbox.root.as_fd())?);
    writer.bytes(sandbox.hostname.as_bytes());
    writer.number(match sandbox.network {
        Network::Host => 0,
        Network::None => 1,
        Network::Private => 2,
    });
    writer.number(sandbox.capabilities.bits());
    writer.number(match sandbox.seccomp {
        Seccomp::Default => 0,
        Seccomp::Unconfined => 1,
    });
    writer.number(match sandbox.kernel {
        KernelAccess::Guarded => 0,
        KernelAccess::Open => 1,
    });
    writer.list(&sandbox.devices, |writer, device| {
        writer.bytes(path_bytes(&device.host));
        writer.bytes(path_bytes(&device.path));
    });
    writer.list(&sandbox.ulimits, write_ulimit);
    writer.number(sandbox.cgroups.len() as u64);
    for cgroup in &sandbox.cgroups {
        writer.number(descriptors.number(cgroup.as_fd())?);
    }
    writer.number(sandbox.read_only_root.into());
    writer.number(sandbox.no_new_privileges.into());
    writer.number(sandbox.init.into());
    writer.number(sandbox.shm_size);
    writer.bytes(&sandbox.hosts);
    writer.bytes(&sandbox.resolv_conf);
    let network = sandbox.network_namespace.as_ref().map(AsFd::as_fd);
    for namespace in [network, sandbox.user_namespace.as_ref().map(AsFd::as_fd)] {
        writer.number(match namespace {
            Some(fd) => descriptors.number(fd)?,
            None => 0,
        });
    }
    writer.number(sandbox.mounts.len() as u64);
    for mount in &sandbox.mounts {
        write_mount(writer, descriptors, mount)?;
    }
    Ok(())
}

fn read_sandbox(reader: &mut Reader<'_>) -> Result<Sandbox, Malformed> {
    Ok(Sandbox {
        isolation: match reader.number()? {
            0 => Isolation::Namespaces,
            1 => Isolation::Chroot,
            _ => return Err(Malformed),
        },
        root: adopt(reader)?,
        hostname: String::from_utf8(reader.bytes()?.to_vec()).map_err(|_| Malformed)?,
        network: match reader.number()? {
            0 => Network::Host,
            1 => Network::None,
            2 => Network::Private,
            _ => return Err(Malformed),
        },
        capabilities: Capabilities::from_bits(reader.number()?),
        seccomp: match reader.number()? {
            0 => Seccomp::Default,
            _ => Seccomp::Unconfined,
        },
        kernel: match reader.number()? {
            0 => KernelAccess::Guarded,
            _ => KernelAccess::Open,
        },
        devices: reader.list(|reader| {
            Ok(Device {
                host: path(reader)?,
                path: path(reader)?,
            })
        })?,
        ulimits: reader.list(read_ulimit)?,
        cgroups: reader.list(adopt)?,
        read_only_root: reader.number()? != 0,
        no_new_privileges: reader.number()? != 0,
        init: reader.number()? != 0,
        shm_size: reader.number()?,
        hosts: reader.bytes()?.to_vec(),
        resolv_conf: reader.bytes()?.to_vec(),
        network_namespace: adopt_one_if_any(reader)?.map(NetworkNamespace::from),
        user_namespace: adopt_one_if_any(reader)?,
        mounts: reader.list(read_mount)?,
    })
}

fn write_entry(
    writer: &mut Writer,
    descriptors: &mut Descriptors,
    entry: &Entry,
) -> Result<(), Errno> {
    writer.number(descriptors.number(entry.process.as_fd())?);
    writer.number(entry.namespaces.bits().into());
    writer.number(entry.capabilities.bits());
    writer.number(entry.no_new_privileges.into());
    writer.number(entry.cgroups.len() as u64);
    for cgroup in &entry.cgroups {
        writer.number(descriptors.number(cgroup.as_fd())?);
    }
    Ok(())
}

fn read_entry(reader: &mut Reader<'_>) -> Result<Entry, Malformed> {
    Ok(Entry {
        process: adopt(reader)?,
        namespaces: ThreadNameSpaceType::from_bits_retain(reader.narrow()?),
        capabilities: Capabilities::from_bits(reader.number()?),
        no_new_privileges: reader.number()? != 0,
        cgroups: reader.list(adopt)?,
        // Both are the parent's business.
        pid: 0,
        seccomp: Seccomp::Unconfined,
    })
}

fn write_ulimit(writer: &mut Writer, limit: &Ulimit) {
    writer.number(limit.resource as u64);
    for bound in [limit.soft, limit.hard] {
        // As the kernel has it: RLIM_INFINITY.
        writer.number(bound.unwrap_or(u64::MAX));
    }
}

fn read_ulimit(reader: &mut Reader<'_>) -> Result<Ulimit, Malformed> {
    let number: usize = reader.narrow()?;
    let mut bound = || Ok(Some(reader.number()?).filter(|&bound| bound != u64::MAX));
    Ok(Ulimit {
        resource: *UlimitResource::EVERY.get(number).ok_or(Malformed)?,
        soft: bound()?,
        hard: bound()?,
    })
}

fn write_mount(
    writer: &mut Writer,
    descriptors: &mut Descriptors,
    mount: &Mount,
) -> Result<(), Errno> {
    writer.bytes(mount.target.as_os_str().as_bytes());
    match &mount.kind {
        MountKind::Bind {
            source,
            path,
            read_only,
        } => {
            writer.number(0);
            writer.number(descriptors.number(source.as_fd())?);
            writer.bytes(path_bytes(path));
            writer.number((*read_only).into());
        }
        MountKind::Tmpfs {
            size,
            mode,
            no_execute,
        } => {
            writer.number(1);
            // The kernel, too, takes 0 for "no size given".
            writer.number(size.unwrap_or(0));
            writer.number((*mode).into());
            writer.number((*no_execute).into());
        }
        MountKind::File {
            content,
            mode,
            uid,
            gid,
        } => {
            writer.number(2);
            writer.bytes(content);
            writer.number((*mode).into());
            writer.number((*uid).into());
            writer.number((*gid).into());
        }
    }
    Ok(())
}

fn read_mount(reader: &mut Reader<'_>) -> Result<Mount, Malformed> {
    let target = path(reader)?;
    let kind = match reader.number()? {
        0 => MountKind::Bind {
            source: adopt(reader)?,
            path: path(reader)?,
            read_only: reader.number()? != 0,
        },
        1 => MountKind::Tmpfs {
            size: Some(reader.number()?).filter(|&size| size != 0),
            mode: reader.narrow()?,
            no_execute: reader.number()? != 0,
        },
        2 => MountKind::File {
            content: reader.bytes()?.to_vec(),
            mode: reader.narrow()?,
            uid: reader.narrow()?,
            gid: reader.narrow()?,
        },
        _ => return Err(Malformed),
    };
    Ok(Mount { target, kind })
}

fn path_bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

fn string(reader: &mut Reader<'_>) -> Result<OsString, Malformed> {
    Ok(OsString::from_vec(reader.bytes()?.to_vec()))
}

fn path(reader: &mut Reader<'_>) -> Result<PathBuf, Malformed> {
    string(reader).map(PathBuf::from)
}

fn adopt(reader: &mut Reader<'_>) -> Result<OwnedFd, Malformed> {
    sys::adopt(reader.narrow()?).map_err(|_| Malformed)
}

fn adopt_one_if_any(reader: &mut Reader<'_>) -> Result<Option<OwnedFd>, Malformed> {
    match reader.narrow()? {
        0 => Ok(None),
        number => Ok(Some(sys::adopt(number).map_err(|_| Malformed)?)),
    }
}
