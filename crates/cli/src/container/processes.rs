//! The processes in a container, as proc(5) tells of them.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// Ticks of a second in `/proc/PID/stat`: the kernel tells them to programs so on every architecture (`USER_HZ`).
const TICKS: u64 = 100;

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Number on the host.
    pub(crate) pid: u32,
    /// The parent's.
    pub(crate) parent: u32,
    /// Whose it is, as this process sees the numbers.
    pub(crate) uid: u32,
    /// Number of its terminal, 0 for none.
    terminal: u64,
    /// Time on processors.
    pub(crate) time: Duration,
    /// Bytes of memory that it has.
    pub(crate) memory: u64,
    /// Its threads.
    pub(crate) threads: u64,
    /// When it started, since the machine did.
    pub(crate) started: Duration,
    /// What it runs.
    pub(crate) command: String,
}

impl Listed {
    fn read(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name may hold blanks and parentheses.
        let (head, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let told = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name))?;
            value.split_ascii_whitespace().next()?.parse::<u64>().ok()
        };
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let words: Vec<_> = line
            .split(|byte| *byte == 0)
            .filter(|word| !word.is_empty())
            .map(String::from_utf8_lossy)
            .collect();
        let command = match words.is_empty() {
            // One that has ended, or is the kernel's.
            true => format!("[{}]", head.split_once('(')?.1),
            false => words.join(" "),
        };
        Some(Self {
            pid,
            parent: u32::try_from(number(1)?).ok()?,
            uid: u32::try_from(told("Uid:")?).ok()?,
            terminal: number(4)?,
            time: Duration::from_millis((number(11)? + number(12)?) * 1000 / TICKS),
            // In kB; one that has ended has none.
            memory: told("VmRSS:").unwrap_or(0) * 1024,
            threads: told("Threads:").unwrap_or(1),
            started: Duration::from_secs(number(19)? / TICKS),
            command,
        })
    }

    /// Its terminal: `pts/0`, or `?`.
    pub(crate) fn terminal(&self) -> String {
        // Unix98 terminals have the major numbers 136 to 143.
        match (self.terminal >> 8 & 0xfff, self.terminal & 0xff) {
            (major @ 136..=143, minor) => format!("pts/{}", (major - 136) * 256 + minor),
            _ => "?".to_owned(),
        }
    }
}

/// The processes in the PID namespace of process `init`, which is 1 there, in the order of their numbers.
pub(crate) fn of(init: u32) -> Vec<Listed> {
    let namespace = |pid: u32| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
    let own = namespace(init);
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let all: BTreeMap<u32, Listed> = pids
        .filter_map(|pid| Some((pid, Listed::read(pid)?)))
        .collect();
    // Where namespaces cannot be looked at there are the descendants.
    let descends = |pid: u32| {
        let mut at = pid;
        // Numbers can be given anew while this looks, so that there could be a ring.
        for _ in 0..all.len() {
            match all.get(&at) {
                _ if at == init => return true,
                Some(process) => at = process.parent,
                None => return false,
            }
        }
        false
    };
    let is_inside = |pid: u32| match (&own, namespace(pid)) {
        (Some(own), Some(other)) => *own == other,
        _ => descends(pid),
    };
    all.values()
        .filter(|process| is_inside(process.pid))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Listed, of};

    #[test]
    fn this_process_is_listed() {
        let own = Listed::read(std::process::id()).unwrap();
        assert_eq!(own.uid, rustix::process::getuid().as_raw());
        assert!(!own.command.is_empty());
        assert!(of(own.pid).iter().any(|listed| listed.pid == own.pid));
        assert_eq!(Listed::read(u32::MAX), None);
    }

    #[test]
    fn terminals() {
        let own = Listed::read(std::process::id()).unwrap();
        let on = |terminal| {
            Listed {
                terminal,
                ..own.clone()
            }
            .terminal()
        };
        assert_eq!(
            (on(0), on(136 << 8 | 3)),
            ("?".to_owned(), "pts/3".to_owned())
        );
    }
}
