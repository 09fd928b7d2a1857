//! Capabilities (capabilities(7)) by name and as sets.

use std::fmt;
use std::str::FromStr;

/// A set of capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Capabilities(u64);

macro_rules! capabilities {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// One capability, numbered as in the kernel's `linux/capability.h`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Capability { $(#[doc = concat!("`CAP_", $text, "`")] $name),* }

        impl Capability {
            /// Every capability that the kernel has, in its order.
            pub const EVERY: &[Self] = &[$(Self::$name),*];

            /// The name, without `CAP_`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

capabilities! {
    Chown = "CHOWN", DacOverride = "DAC_OVERRIDE", DacReadSearch = "DAC_READ_SEARCH", Fowner = "FOWNER",
    Fsetid = "FSETID", Kill = "KILL", Setgid = "SETGID", Setuid = "SETUID", Setpcap = "SETPCAP",
    LinuxImmutable = "LINUX_IMMUTABLE", NetBindService = "NET_BIND_SERVICE", NetBroadcast = "NET_BROADCAST",
    NetAdmin = "NET_ADMIN", NetRaw = "NET_RAW", IpcLock = "IPC_LOCK", IpcOwner = "IPC_OWNER",
    SysModule = "SYS_MODULE", SysRawio = "SYS_RAWIO", SysChroot = "SYS_CHROOT", SysPtrace = "SYS_PTRACE",
    SysPacct = "SYS_PACCT", SysAdmin = "SYS_ADMIN", SysBoot = "SYS_BOOT", SysNice = "SYS_NICE",
    SysResource = "SYS_RESOURCE", SysTime = "SYS_TIME", SysTtyConfig = "SYS_TTY_CONFIG", Mknod = "MKNOD",
    Lease = "LEASE", AuditWrite = "AUDIT_WRITE", AuditControl = "AUDIT_CONTROL", Setfcap = "SETFCAP",
    MacOverride = "MAC_OVERRIDE", MacAdmin = "MAC_ADMIN", Syslog = "SYSLOG", WakeAlarm = "WAKE_ALARM",
    BlockSuspend = "BLOCK_SUSPEND", AuditRead = "AUDIT_READ", Perfmon = "PERFMON", Bpf = "BPF",
    CheckpointRestore = "CHECKPOINT_RESTORE",
}

impl Capabilities {
    /// No capability.
    pub const NONE: Self = Self(0);
    /// Every capability.
    pub const ALL: Self = Self((1 << Capability::EVERY.len()) - 1);
    /// The 14 that Docker gives to a container.
    pub const DEFAULT: Self = Self::NONE
        .with(Capability::Chown)
        .with(Capability::DacOverride)
        .with(Capability::Fowner)
        .with(Capability::Fsetid)
        .with(Capability::Kill)
        .with(Capability::Setgid)
        .with(Capability::Setuid)
        .with(Capability::Setpcap)
        .with(Capability::NetBindService)
        .with(Capability::NetRaw)
        .with(Capability::SysChroot)
        .with(Capability::Mknod)
        .with(Capability::AuditWrite)
        .with(Capability::Setfcap);

    /// This set and `capability`.
    #[must_use]
    pub const fn with(self, capability: Capability) -> Self {
        Self(self.0 | 1 << capability as u8)
    }

    /// This set without `capability`.
    #[must_use]
    pub const fn without(self, capability: Capability) -> Self {
        Self(self.0 & !(1 << capability as u8))
    }

    /// Whether `capability` is in it.
    #[must_use]
    pub const fn contains(self, capability: Capability) -> bool {
        self.0 & 1 << capability as u8 != 0
    }

    /// The set whose bit N is capability N; bits that stand for none are dropped.
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// What is in both sets.
    pub(crate) const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// As the kernel writes it: bit N is capability N.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }
}

impl Default for Capabilities {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A word that is not the name of a capability.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown capability `{0}`")]
pub struct UnknownCapability(pub String);

impl FromStr for Capability {
    type Err = UnknownCapability;

    /// Reads `NET_ADMIN`, `CAP_NET_ADMIN`, in any case.
    fn from_str(text: &str) -> Result<Self, UnknownCapability> {
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
        Self::EVERY
            .iter()
            .copied()
            .find(|capability| capability.name() == name)
            .ok_or_else(|| UnknownCapability(text.to_owned()))
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CAP_{}", self.name())
    }
}
