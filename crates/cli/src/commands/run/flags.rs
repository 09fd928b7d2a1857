//! Flags of `run`, in groups.

use crate::command_error::CommandError;
use crate::container::health::Check;
use crate::container::limits::{self, Limits};
use crate::container::mounts::{self, Mount, Source};
use crate::container::privileges::{Privileges, SecurityOption, capability};
use crate::container::{names, resolver};
use dockerfile::duration;
use oci::Config;

/// What of elsewhere the container sees.
#[derive(Debug, clap::Args)]
pub(super) struct MountFlags {
    /// Mount a folder or file of the host, or a volume
    #[arg(short, long = "volume", value_name = "[HOST|VOLUME:]CONTAINER[:ro]",
          value_parser = Mount::of_volume_flag)]
    volumes: Vec<Mount>,
    /// The same in other words: type=bind|volume|tmpfs,source=…,target=…
    #[arg(long = "mount", value_name = "FIELDS", value_parser = Mount::of_mount_flag)]
    mounts: Vec<Mount>,
    /// Mount a file system in memory
    #[arg(long = "tmpfs", value_name = "CONTAINER[:OPTIONS]", value_parser = Mount::of_tmpfs_flag)]
    tmpfs: Vec<Mount>,
}

impl MountFlags {
    /// All of them, with paths that are there, and names for volumes that were given none.
    pub(super) fn read(&self) -> Result<Vec<Mount>, CommandError> {
        let all = self.volumes.iter().chain(&self.mounts).chain(&self.tmpfs);
        let mut all: Vec<Mount> = all.cloned().map(Mount::resolve).collect::<Result<_, _>>()?;
        for mount in &mut all {
            if let Source::Volume { name, .. } = &mut mount.source
                && name.is_empty()
            {
                *name = names::id()?;
            }
        }
        mounts::in_order(all)
    }
}

/// How the container and others are called.
#[derive(Debug, clap::Args)]
pub(super) struct NameFlags {
    /// Set the host name
    #[arg(short = 'h', long, value_name = "NAME")]
    pub(super) hostname: Option<String>,
    /// Add a line to /etc/hosts
    #[arg(long = "add-host", value_name = "NAME:ADDRESS")]
    add_hosts: Vec<String>,
    /// Ask this name server instead of the host's
    #[arg(long, value_name = "ADDRESS", value_parser = resolver::server)]
    dns: Vec<String>,
    /// Look for names in this domain
    #[arg(long, value_name = "DOMAIN", value_parser = resolver::word)]
    dns_search: Vec<String>,
    /// Set an option of resolv.conf
    #[arg(long, visible_alias = "dns-opt", value_name = "OPTION", value_parser = resolver::word)]
    dns_option: Vec<String>,
}

impl NameFlags {
    /// Lines of `/etc/hosts`.
    pub(super) fn hosts(&self) -> Result<Vec<String>, CommandError> {
        self.add_hosts.iter().map(|text| host_line(text)).collect()
    }

    /// Lines of `/etc/resolv.conf`.
    pub(super) fn resolver(&self) -> Vec<String> {
        resolver::lines(&self.dns, &self.dns_search, &self.dns_option)
    }
}

fn host_line(text: &str) -> Result<String, CommandError> {
    let parts = text.split_once('=').or_else(|| text.split_once(':'));
    match parts {
        Some((name, address))
            if !name.is_empty() && address.parse::<std::net::IpAddr>().is_ok() =>
        {
            Ok(format!("{address}\t{name}"))
        }
        _ => Err(CommandError::usage(format!(
            "--add-host {text} is not NAME:ADDRESS"
        ))),
    }
}

/// What the container's programs may do.
#[derive(Debug, clap::Args)]
pub(super) struct SecurityFlags {
    /// Give a capability more
    #[arg(long = "cap-add", value_name = "CAPABILITY", value_parser = capability)]
    added: Vec<String>,
    /// Give a capability less
    #[arg(long = "cap-drop", value_name = "CAPABILITY", value_parser = capability)]
    dropped: Vec<String>,
    /// no-new-privileges, or seccomp=unconfined
    #[arg(long = "security-opt", value_name = "OPTION", value_parser = SecurityOption::parse)]
    options: Vec<SecurityOption>,
}

impl SecurityFlags {
    /// What they say.
    pub(super) fn read(&self) -> Privileges {
        let mut privileges = Privileges {
            added: self.added.clone(),
            dropped: self.dropped.clone(),
            ..Privileges::default()
        };
        for option in &self.options {
            match *option {
                SecurityOption::NoNewPrivileges(yes) => privileges.no_new_privileges = yes,
                SecurityOption::Unfiltered(yes) => privileges.unfiltered = yes,
                SecurityOption::Nothing => {}
            }
        }
        privileges
    }
}

/// What the container may use.
#[derive(Debug, clap::Args)]
pub(super) struct LimitFlags {
    /// Limit the memory
    #[arg(short, long, value_name = "BYTES", value_parser = limits::size)]
    memory: Option<u64>,
    /// Limit memory and swap together; -1 is no limit
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true,
          value_parser = limits::size_or_all)]
    memory_swap: Option<i64>,
    /// Limit the processors
    #[arg(long, value_name = "NUMBER", value_parser = limits::cpus)]
    cpus: Option<u64>,
    /// Set the share of the processors where they are busy; others have 1024
    #[arg(short, long, value_name = "NUMBER")]
    cpu_shares: Option<u64>,
    /// Run on these processors: 0-3,7
    #[arg(long, value_name = "LIST")]
    cpuset_cpus: Option<String>,
    /// Limit the processes; -1 is no limit
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true,
          value_parser = limits::pids)]
    pids_limit: Option<i64>,
    /// Set the size of /dev/shm (default 64m)
    #[arg(long, value_name = "BYTES", value_parser = limits::size)]
    shm_size: Option<u64>,
    /// Set a limit for each process, as `ulimit` does: nofile=1024:2048
    #[arg(long = "ulimit", value_name = "LIMIT=SOFT[:HARD]")]
    ulimits: Vec<String>,
}

impl LimitFlags {
    /// What they say.
    pub(super) fn read(&self) -> Result<Limits, CommandError> {
        if let (Some(memory), Some(swap)) = (self.memory, self.memory_swap)
            && u64::try_from(swap).is_ok_and(|swap| swap < memory)
        {
            return Err(CommandError::usage(
                "--memory-swap is less than --memory, which it includes",
            ));
        }
        let limits = Limits {
            memory: self.memory,
            memory_swap: self.memory_swap,
            nano_cpus: self.cpus,
            cpu_shares: self.cpu_shares.filter(|shares| *shares > 0),
            cpuset_cpus: self.cpuset_cpus.clone(),
            pids: self
                .pids_limit
                .and_then(|most| u64::try_from(most).ok())
                .filter(|most| *most > 0),
            shm_size: self.shm_size,
            ulimits: self.ulimits.clone(),
        };
        limits.of_process()?;
        Ok(limits)
    }
}

/// How to see whether the container is well.
#[derive(Debug, clap::Args)]
pub(super) struct HealthFlags {
    /// Check by this command, in a shell
    #[arg(
        long = "health-cmd",
        value_name = "COMMAND",
        conflicts_with = "no_healthcheck"
    )]
    command: Option<String>,
    /// Set the time between two checks (default 30s)
    #[arg(long = "health-interval", value_name = "TIME", value_parser = duration::parse_interval)]
    interval: Option<u64>,
    /// Set the time after which a check has failed (default 30s)
    #[arg(long = "health-timeout", value_name = "TIME", value_parser = duration::parse_interval)]
    timeout: Option<u64>,
    /// Set how many failures in a row make it unhealthy (default 3)
    #[arg(long = "health-retries", value_name = "NUMBER")]
    retries: Option<u32>,
    /// Set the time at the start in which failures do not count
    #[arg(long = "health-start-period", value_name = "TIME", value_parser = duration::parse_interval)]
    start_period: Option<u64>,
    /// Set the time between two checks then (default 5s)
    #[arg(long = "health-start-interval", value_name = "TIME",
          value_parser = duration::parse_interval)]
    start_interval: Option<u64>,
    /// Do not check, whatever the image says
    #[arg(long)]
    no_healthcheck: bool,
}

impl HealthFlags {
    /// The image's check with what they say on top.
    pub(super) fn read(&self, image: &Config) -> Option<Check> {
        if self.no_healthcheck {
            return None;
        }
        let mut check = Check::of_image(image);
        if let Some(command) = &self.command {
            check.test = match command.as_str() {
                "" => Vec::new(),
                line => vec!["CMD-SHELL".to_owned(), line.to_owned()],
            };
        }
        // As in images, 0 is the default.
        let set = |member: &mut u64, given: Option<u64>| {
            if let Some(given) = given.filter(|given| *given > 0) {
                *member = given;
            }
        };
        set(&mut check.interval, self.interval);
        set(&mut check.timeout, self.timeout);
        set(&mut check.start_period, self.start_period);
        set(&mut check.start_interval, self.start_interval);
        if let Some(retries) = self.retries.filter(|retries| *retries > 0) {
            check.retries = retries;
        }
        check.command().is_some().then_some(check)
    }
}
