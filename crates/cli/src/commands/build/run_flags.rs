//! Flags for all `RUN` steps of a build.

mod limits;
mod ssh;

pub(crate) use limits::ulimit;

use crate::command_error::CommandError;
use crate::config::Config;
use builder::RunOptions;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What `RUN` steps get, and what they may ask for.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct RunFlags {
    /// Add a line to /etc/hosts of RUN; `host-gateway` is this machine
    #[arg(long = "add-host", value_name = "NAME:ADDRESS")]
    pub(super) add_hosts: Vec<String>,

    /// Allow what a Dockerfile may not ask for else: security.insecure, device[=NAME], network.host
    #[arg(long, value_name = "ENTITLEMENT")]
    pub(super) allow: Vec<String>,

    /// Let steps use an SSH agent, or keys: default, ID=SOCKET or ID=KEY[,KEY…]
    #[arg(long, value_name = "ID[=SOCKET|KEY]")]
    pub(super) ssh: Vec<String>,

    /// Set the size of /dev/shm in RUN (default 64m)
    #[arg(long, value_name = "BYTES")]
    pub(super) shm_size: Option<String>,

    /// Set a limit for RUN, as `ulimit` does: nofile=1024:2048
    #[arg(long = "ulimit", value_name = "LIMIT=SOFT[:HARD]")]
    pub(super) ulimits: Vec<String>,

    /// Limit what a RUN may use: memory=1g, cpu-quota=50000, cpuset-cpus=0-3, …
    #[arg(long = "resource", value_name = "RESOURCE=VALUE")]
    resources: Vec<String>,

    /// When a RUN fails: `fail`, or `shell` to look around where it did
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "fail",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(super) on_error: OnError,

    /// Make the control groups of RUN below this one
    #[arg(long, value_name = "GROUP")]
    cgroup_parent: Option<PathBuf>,
}

/// What is done when a `RUN` fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum OnError {
    /// The build fails.
    #[default]
    Fail,
    /// A shell is opened where it failed; then the build fails.
    Shell,
}

impl RunFlags {
    /// What the builder is told.
    pub(crate) fn read(&self, config: &Config) -> Result<RunOptions, CommandError> {
        Ok(RunOptions {
            entitlements: self.entitlements()?,
            ssh: ssh::read(&self.ssh, config)?,
            shm_size: self.shm_size.as_deref().map(shm_size).transpose()?,
            ulimits: self
                .ulimits
                .iter()
                .map(|text| limits::ulimit(text))
                .collect::<Result<_, _>>()?,
            cgroup_parent: self.cgroup_parent.clone(),
            limits: limits::resources(&self.resources)?,
        })
    }

    /// Names and addresses for `/etc/hosts`.
    pub(crate) fn hosts(&self) -> Result<Vec<(String, String)>, CommandError> {
        self.add_hosts.iter().map(|text| host(text)).collect()
    }

    fn entitlements(&self) -> Result<BTreeSet<builder::Entitlement>, CommandError> {
        let read = |text: &String| {
            text.parse().map_err(|error: builder::UnknownEntitlement| {
                CommandError::usage(format!("--allow {text}: {error}"))
                    .hint("it is one of security.insecure, device, device=NAME, network.host")
            })
        };
        self.allow.iter().map(read).collect()
    }
}

fn shm_size(text: &str) -> Result<u64, CommandError> {
    match dockerfile::size::bytes(text) {
        // tmpfs(5) takes 0 for "no limit".
        Some(bytes) if bytes > 0 => Ok(bytes),
        _ => Err(
            CommandError::usage(format!("--shm-size {text} is not a size"))
                .hint("for example --shm-size 256m"),
        ),
    }
}

fn host(text: &str) -> Result<(String, String), CommandError> {
    let wrong = |why: &str| CommandError::usage(format!("--add-host {text}: {why}"));
    let (name, address) = match text.split_once('=').or_else(|| text.split_once(':')) {
        Some((name, address)) if !name.is_empty() => (name, address),
        _ => return Err(wrong("it is not NAME:ADDRESS")),
    };
    if name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#') {
        return Err(wrong("the name has a character that no host's name has"));
    }
    let bare = address
        .strip_prefix('[')
        .and_then(|a| a.strip_suffix(']'))
        .unwrap_or(address);
    match bare {
        // RUN has the host's network, where the host is the loopback address.
        "host-gateway" => Ok((name.to_owned(), "127.0.0.1".to_owned())),
        ip if ip.parse::<std::net::IpAddr>().is_ok() => Ok((name.to_owned(), ip.to_owned())),
        other => Err(wrong(&format!("`{other}` is no IP address"))),
    }
}

#[cfg(test)]
mod tests {
    use super::{host, shm_size};

    #[test]
    fn hosts() {
        let of = |text| host(text).map_err(|error| error.message().to_owned());
        let is = |name: &str, address: &str| Ok((name.to_owned(), address.to_owned()));
        assert_eq!(of("a:1.2.3.4"), is("a", "1.2.3.4"));
        assert_eq!(of("a=::1"), is("a", "::1"));
        assert_eq!(of("a:::1"), is("a", "::1"));
        assert_eq!(of("a:[2001:db8::1]"), is("a", "2001:db8::1"));
        assert_eq!(of("a:host-gateway"), is("a", "127.0.0.1"));
        assert!(of("a").unwrap_err().contains("NAME:ADDRESS"));
        assert!(of("a:b").unwrap_err().contains("`b` is no IP address"));
        assert!(
            of("a\n1.1.1.1 b:1.2.3.4")
                .unwrap_err()
                .contains("no host's name")
        );
    }

    #[test]
    fn sizes() {
        assert_eq!(shm_size("1g").unwrap(), 1 << 30);
        for text in ["", "0", "-1", "x", "1x"] {
            assert_eq!(shm_size(text).unwrap_err().exit().code(), 2, "{text}");
        }
    }
}
