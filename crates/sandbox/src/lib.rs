//! Running a process in namespaces: the part of carafe that talks to the kernel.
//!
//! [`spawn()`] starts a program as process 1 of fresh mount, PID, IPC and UTS namespaces (and a network
//! namespace if asked for) on a root that is a detached mount. Nothing is attached in the caller's own
//! mount namespace, so a killed caller leaves nothing behind.
//!
//! A program that uses this crate calls [`run_if_child`] as the first statement of its `main`: the child
//! is the same executable, started again as `step-init`.

mod capability;
mod cgroup;
mod child;
mod chroot;
mod companion;
mod devices;
mod dialer;
mod emulation;
mod emulator;
mod entry;
mod error;
mod executable;
mod guard;
mod kernel_files;
mod machine;
mod mount;
mod mount_point;
mod network;
mod network_namespace;
mod pivot;
mod privileges;
mod processes;
mod program;
mod protocol;
mod reaper;
mod scratch;
mod seccomp;
mod sender;
mod signals;
mod spawn;
mod spec;
mod stdio;
mod step;
mod step_init;
mod supervisor;
pub mod survey;
mod sys;
mod terminal;
mod ulimit;
mod user_namespace;
mod volumes;
mod working_directory;

pub use capability::{Capabilities, Capability, UnknownCapability};
pub use cgroup::{Cgroup, CgroupLimits, Controller};
pub use child::{Child, Exit};
pub use chroot::{fill_dev, fill_proc, make_output};
pub use dialer::Dialer;
pub use emulation::{Emulation, Foreign};
pub use entry::{Entry, open_process};
pub use error::Error;
pub use guard::end_with_this_process;
pub use network_namespace::NetworkNamespace;
pub use sender::prepare_to_signal;
pub use signals::{Signals, send_signal};
pub use spawn::{clone_mount, enter, run_if_child, spawn};
pub use spec::{
    DEFAULT_PATH, Device, Isolation, KernelAccess, MOUNT_POINTS, Mount, MountKind, MountPoint,
    Network, Process, Sandbox, Seccomp, Stdio, User, WindowSize,
};
pub use step::Step;
pub use ulimit::{Ulimit, UlimitResource, UnknownUlimit};
pub use user_namespace::{
    IdMaps, Identity, MapProgram, Refusal, SingleIdReason, enter_user_namespace, has_single_id,
    join_user_namespace, last_ids,
};
