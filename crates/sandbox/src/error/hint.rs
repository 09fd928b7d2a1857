//! What to do about an error.

use rustix::io::Errno;

use super::Error;
use crate::user_namespace::Refusal;
use crate::{Step, survey};

pub(super) fn of(error: &Error) -> Option<&'static str> {
    match error {
        Error::ProgramNotFound { .. } => Some(
            "the program must be in the image, in a directory of PATH or named by its full path",
        ),
        Error::InterpreterNotFound { .. } => Some(
            "the interpreter in the script's `#!` line, or the program's dynamic loader, is missing from the image; \
             a script with Windows line ends asks for an interpreter whose name ends in a carriage return",
        ),
        Error::ProgramNotExecutable { source, .. } => of_program(Errno::from_io_error(source)?),
        Error::WorkingDirectory { source, .. } => of_directory(Errno::from_io_error(source)?),
        Error::Kernel { step, source, .. } => of_step(*step, Errno::from_io_error(source)?),
        Error::Foreign { source, .. } => of(source),
        Error::NoEmulator { .. } => Some(INSTALL),
        Error::Emulator { source, .. } => Some(of_emulator(source)),
        Error::UserNamespace { refusal, .. } => Some(of_refusal(*refusal)),
        Error::Cgroup { .. } | Error::NoController { .. } => Some(
            "this takes root, or a control group that is delegated to this user: \
             `systemd-run --user --scope -p Delegate=yes carafe …`",
        ),
        Error::InvalidOrder { .. }
        | Error::NoChildEntry
        | Error::Lost { .. }
        | Error::SupervisorLost { .. } => None,
    }
}

/// What gives a machine the programs of all others.
const INSTALL: &str = "install QEMU: `apt-get install qemu-user-static` in Debian and Ubuntu; a static one anywhere in PATH \
     will do. Where Docker runs, `docker run --privileged --rm tonistiigi/binfmt --install all` serves carafe too";

fn of_emulator(error: &Error) -> &'static str {
    match error {
        Error::Kernel {
            step: Step::MountFormats,
            ..
        } => {
            "before Linux 6.7 an emulator must be registered with the kernel, by root: in Debian and Ubuntu, \
             `apt-get install qemu-user-static binfmt-support` does it"
        }
        Error::Kernel {
            step: Step::StartEmulator | Step::MapIds,
            ..
        } => {
            "where no user namespace can be made an emulator must be registered with the kernel, by root: in Debian and \
             Ubuntu, `apt-get install qemu-user-static binfmt-support` does it"
        }
        Error::Kernel {
            step: Step::TryEmulator,
            ..
        } => {
            "the emulator has to be linked statically, as there are no libraries for it in the image: \
             `apt-get install qemu-user-static` in Debian and Ubuntu"
        }
        Error::Kernel {
            step: Step::RegisterFormat,
            ..
        } => "the emulator must be a program that the user may execute",
        _ => INSTALL,
    }
}

fn of_program(errno: Errno) -> Option<&'static str> {
    match errno {
        Errno::NOEXEC => Some(
            "it is neither a script with a `#!` line nor a program for this machine's architecture",
        ),
        Errno::ACCESS => Some("it needs the execute permission for the user that runs it"),
        _ => None,
    }
}

fn of_directory(errno: Errno) -> Option<&'static str> {
    match errno {
        Errno::LOOP => Some("it leads through a link of /proc, which could lead out of the root"),
        Errno::NOTDIR => Some("something on the way is not a directory"),
        _ => None,
    }
}

fn of_step(step: Step, errno: Errno) -> Option<&'static str> {
    match (step, errno) {
        (
            Step::Clone | Step::PrivateMounts | Step::Scratch | Step::CloneMount | Step::AttachRoot,
            Errno::PERM | Errno::ACCESS,
        ) => Some(survey::why_denied()),
        (Step::Clone, Errno::NOSPC) => Some(
            "the limit of namespaces is reached: root can raise the sysctls user.max_*_namespaces",
        ),
        (Step::Clone, Errno::INVAL) => Some("the kernel is built without some of the namespaces"),
        (Step::MountProc | Step::MountSys, Errno::PERM) => Some(
            "the kernel gives a fresh one only to who sees all of an existing one, and something covers parts of \
             it here, as in a container: who starts that can uncover it (docker run --security-opt systempaths=unconfined; \
             in Kubernetes, procMount: Unmasked)",
        ),
        (Step::SetGroups | Step::SetGroup | Step::SetUser, Errno::PERM)
            if !survey::may_set_ids() =>
        {
            Some(
                "root lacks CAP_SETUID and CAP_SETGID here; who starts this container can give them: docker run \
                 --cap-add SETUID --cap-add SETGID; in Kubernetes, capabilities.add: [SETUID, SETGID]",
            )
        }
        (Step::SetGroups, Errno::PERM) | (Step::SetUser | Step::SetGroup, Errno::INVAL) => Some(
            "this user namespace does not have the id: root can give this user a range of ids in /etc/subuid and \
             /etc/subgid, and install newuidmap and newgidmap (package uidmap or shadow-utils)",
        ),
        (Step::WriteFile, Errno::INVAL) => {
            Some("the owner is not an id that this user namespace has")
        }
        (Step::PrivateMounts, Errno::INVAL) => Some(
            "the caller's root is not a mount, as in a chroot; `mount --bind DIR DIR` before chroot makes it one",
        ),
        (Step::PivotRoot, Errno::PERM) => Some(
            "a system call filter (seccomp) forbids pivot_root(2), as Docker's default profile does whatever the \
             capabilities are; who starts this container can lift it: docker run --security-opt seccomp=unconfined; in \
             Kubernetes, seccompProfile.type: Unconfined",
        ),
        (Step::PivotRoot, Errno::INVAL) => Some(
            "the caller's root is an initial ram disk or a chroot, which pivot_root(2) cannot leave",
        ),
        (Step::MountPoint, Errno::ROFS) => {
            Some("the mount point is missing and cannot be made where all is read-only")
        }
        (Step::InstallFilter, Errno::INVAL) => {
            Some("the kernel is built without CONFIG_SECCOMP_FILTER")
        }
        (Step::InstallListener, Errno::BUSY) => Some(
            "another supervisor hears of this process's system calls already: a user with subordinate ids needs none \
             (package uidmap or shadow-utils, and lines in /etc/subuid and /etc/subgid)",
        ),
        (Step::AttachRoot, Errno::INVAL) => {
            Some("the root must be a detached mount, and serves one sandbox only")
        }
        (Step::LimitResource, Errno::PERM) => Some(
            "only root can raise a hard limit above the one that carafe itself has (`ulimit -H -a` tells it)",
        ),
        (Step::LimitResource, Errno::INVAL) => Some("the soft limit is above the hard one"),
        (Step::BindDevice, Errno::NOENT | Errno::NODEV) => {
            Some("the host's /dev lacks this device")
        }
        (_, Errno::NOSYS) => Some("the kernel is too old: Linux 5.12 is needed at least"),
        _ => None,
    }
}

fn of_refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Switched => {
            "root can allow it with `sysctl -w kernel.unprivileged_userns_clone=1`, or run carafe as root"
        }
        Refusal::LimitIsZero => {
            "root can allow it with `sysctl -w user.max_user_namespaces=15000`, or run carafe as root"
        }
        Refusal::LimitReached => {
            "root can raise the limit: `sysctl -w user.max_user_namespaces=60000`"
        }
        Refusal::AppArmor => {
            "root can allow it with `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or with an AppArmor \
             profile for carafe that has `userns,`"
        }
        Refusal::Threads => "it must be made before the program starts threads",
        Refusal::NotBuilt => "the kernel is built without CONFIG_USER_NS; run carafe as root",
        Refusal::Filtered => {
            "root of this container can build without (docker run --user 0; in Kubernetes, runAsUser: 0), in a chroot; and \
             who starts it can allow it: docker run --security-opt seccomp=unconfined \
             --security-opt apparmor=unconfined --security-opt systempaths=unconfined; in Kubernetes, \
             seccompProfile.type: Unconfined and procMount: Unmasked"
        }
        Refusal::SecurityModule => {
            "root of the machine can allow it in the module's policy (the kernel's log names the rule); in a \
             container, who starts it: docker run --security-opt apparmor=unconfined --security-opt label=disable"
        }
        Refusal::Chroot => {
            "run carafe outside of it, or enter the directory by pivot_root(2), as containers, bwrap and \
             systemd-nspawn do; in a chroot of its own, root needs no user namespace"
        }
        Refusal::Unmapped => {
            "who made that namespace can map the id: /proc/PID/uid_map and gid_map"
        }
        Refusal::Denied => {
            "a security module, or a chroot whose root is a mount, forbids it; run carafe outside of that, or as root"
        }
    }
}
