//! The kernel steps of a start, by name.

use std::fmt;

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// One step of starting or holding a sandboxed process, as an [`Error`](crate::Error) names it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Step { $($(#[$doc])* $name),* }

        impl Step {
            const EVERY: &[Self] = &[$(Self::$name),*];

            const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

steps! {
    // In the parent.
    /// Opening `/dev/null`.
    OpenNull = "open",
    /// Making the own executable something that the sandbox can run and not change.
    ProtectExecutable = "protect the own executable",
    /// Making the memory file and the socket through which parent and child talk.
    Channel = "make a channel to the sandbox",
    /// Looking at the namespaces of a process.
    FindNamespaces = "look into the sandbox",
    /// setns(2) into the PID namespace of a sandbox, for a child that is to be born there.
    EnterProcesses = "enter the sandbox's PID namespace",
    /// Duplicating a descriptor.
    Duplicate = "duplicate the descriptor of",
    /// Making a pseudoterminal: `devpts`, its controlling end, the other end.
    MakeTerminal = "make a pseudoterminal",
    /// Starting the process that answers system calls in the kernel's place.
    StartSupervisor = "start the supervisor",
    /// clone(2) with the new namespaces.
    Clone = "make namespaces",
    /// execveat(2) of the own executable in the child.
    ExecuteSelf = "execute the own executable in the sandbox",
    /// Hearing from the child.
    Listen = "hear from the sandbox",
    /// open_tree(2) with `OPEN_TREE_CLONE`.
    CloneMount = "make a detached bind mount",
    /// waitid(2).
    Wait = "wait for the process",
    /// pidfd_send_signal(2).
    Signal = "send the signal",
    /// Changing the terminal's size.
    Resize = "resize the terminal",
    /// setns(2) into the network of a child.
    EnterNetwork = "enter the sandbox's network",
    /// unshare(2) of the network, and its loopback interface.
    MakeNetwork = "make a network namespace",
    /// connect(2) there.
    Connect = "connect inside the sandbox to",
    /// Catching signals with signalfd(2).
    CatchSignals = "catch signals",

    /// Opening the program that runs those of another machine.
    OpenEmulator = "open the emulator",
    /// Making the user namespace that it is registered in.
    StartEmulator = "make a user namespace for the emulator",
    /// Mounting binfmt_misc there.
    MountFormats = "mount binfmt_misc in a user namespace",
    /// Running a program by it, to see whether it works.
    TryEmulator = "run a program by the emulator",
    /// Writing its `register`.
    RegisterFormat = "register the emulator in",

    // In the child, in this order.
    /// Reading what the parent asks for.
    ReadOrder = "read the order",
    /// Putting descriptors 0, 1 and 2 in place and closing all others.
    Descriptors = "put descriptors in place",
    /// prctl(2) with `PR_SET_PDEATHSIG`.
    DeathSignal = "tie the process to its parent",
    /// setsid(2).
    Session = "start a session",
    /// `TIOCSCTTY`.
    ControllingTerminal = "take the terminal",
    /// Keeping mounts from spreading to the caller's mount namespace.
    PrivateMounts = "make mounts private",
    /// Making the private tmpfs that holds files and masks.
    Scratch = "make a private tmpfs",
    /// Attaching the root.
    AttachRoot = "attach the root",
    /// Finding or making a mount point in the root.
    MountPoint = "prepare mount point",
    /// Mounting the tmpfs on `/dev` and what is on it.
    MountDev = "mount",
    /// Binding a device node of the host.
    BindDevice = "bind device",
    /// Entering a control group: cgroups(7).
    EnterCgroup = "enter the control group",
    /// unshare(2) of the control groups.
    HideCgroup = "make a namespace of control groups",
    /// Making a link in `/dev`.
    LinkDevice = "make link",
    /// Mounting proc(5).
    MountProc = "mount",
    /// Mounting sysfs(5).
    MountSys = "mount",
    /// Hiding a path of `/proc` or `/sys`.
    MaskPath = "mask",
    /// Making a path of `/proc` read-only.
    ProtectPath = "make read-only",
    /// Writing a file that is mounted.
    WriteFile = "write the content of",
    /// Resolving the path inside the source of a bind mount.
    BindSource = "find bind mount source",
    /// Mounting what the caller asked for.
    Mount = "mount on",
    /// Bringing up the loopback interface.
    Loopback = "bring up loopback",
    /// sethostname(2).
    Hostname = "set host name",
    /// pivot_root(2).
    PivotRoot = "change the root",
    /// umount2(2) of the old root.
    DetachOldRoot = "detach the old root",
    /// chroot(2), where nothing can be mounted.
    ChangeRoot = "enter the root by chroot(2)",
    /// Entering the working directory.
    WorkingDirectory = "enter working directory",
    /// mount_setattr(2) of a root that is to be read-only.
    ReadOnlyRoot = "make the root read-only",
    /// Giving pipes and the terminal to the user.
    OwnStdio = "give to the user",
    /// setrlimit(2).
    LimitResource = "set the limit",
    /// setns(2) into the user namespace of an emulator.
    EnterUserNamespace = "enter the emulator's user namespace",
    /// setns(2) into the other namespaces of a sandbox.
    EnterNamespaces = "enter the sandbox",
    /// Starting the program beside process 1.
    StartInit = "start process 1",
    /// prctl(2) with `PR_SET_NO_NEW_PRIVS`.
    NoNewPrivileges = "give up new privileges",
    /// prctl(2) with `PR_CAPBSET_DROP`.
    LimitCapabilities = "give up for good",
    /// seccomp(2).
    InstallFilter = "install the system call filter",
    /// seccomp(2) with a listener.
    InstallListener = "have system calls asked about",
    /// Waiting for the supervisor's word.
    Supervise = "get under the supervisor",
    /// setgroups(2).
    SetGroups = "set supplementary groups",
    /// setresgid(2).
    SetGroup = "become group",
    /// setresuid(2).
    SetUser = "become user",
    /// capset(2).
    SetCapabilities = "set capabilities",
    /// Finding the program.
    FindProgram = "find program",
    /// execve(2), for want of an interpreter.
    FindInterpreter = "find the interpreter of program",
    /// execve(2).
    Execute = "execute program",

    // For ordinary users.
    /// Starting the process that will ask newuidmap(1) and newgidmap(1).
    StartMapper = "start the id mapping process",
    /// Starting the process that tries to make a user namespace.
    StartTrial = "start a process that tries namespaces",
    /// mount_setattr(2) with `MOUNT_ATTR_IDMAP`.
    MapMount = "mount with other ids",
    /// Writing `setgroups`, `uid_map` or `gid_map` of user_namespaces(7).
    MapIds = "write",
    /// setns(2) into the user namespace of another process of the user's.
    JoinNamespace = "join the user namespace of",
    /// Trying whether the new namespace gives any power.
    TryNamespace = "use the user namespace",
}

impl Step {
    /// The byte that stands for it on the way from the child.
    pub(crate) const fn number(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::EVERY.get(usize::from(number)).copied()
    }
}

impl fmt::Display for Step {
    /// What was done, to be followed by what it was done to.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
