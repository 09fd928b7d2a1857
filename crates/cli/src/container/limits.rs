//! What a container may use: control groups and limits of each process.

use crate::command_error::CommandError;
use crate::commands::build::ulimit;
use sandbox::{CgroupLimits, Ulimit};
use serde::{Deserialize, Serialize};

/// What a container may use; `None` is no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// Bytes.
    pub(crate) memory: Option<u64>,
    /// Bytes of memory and swap together; -1 is no limit.
    pub(crate) memory_swap: Option<i64>,
    /// Billionths of a processor.
    pub(crate) nano_cpus: Option<u64>,
    /// Share of the processors when they are all busy.
    pub(crate) cpu_shares: Option<u64>,
    /// Processors that may be used: `0-3,7`.
    pub(crate) cpuset_cpus: Option<String>,
    /// Processes and threads.
    pub(crate) pids: Option<u64>,
    /// Bytes of `/dev/shm`.
    pub(crate) shm_size: Option<u64>,
    /// `--ulimit`, as they were given.
    pub(crate) ulimits: Vec<String>,
}

impl Limits {
    /// What its control group is told; `None` where it needs none.
    pub(crate) fn of_group(&self) -> Option<CgroupLimits> {
        const PERIOD: u64 = 100_000;
        let quota = self.nano_cpus.map(|nano| nano / (1_000_000_000 / PERIOD));
        let limits = CgroupLimits {
            memory: self.memory,
            memory_swap: self.memory_swap,
            cpu_shares: self.cpu_shares,
            cpu_period: quota.map(|_| PERIOD),
            // The kernel has none below a millisecond.
            cpu_quota: quota.and_then(|quota| i64::try_from(quota.max(1000)).ok()),
            cpuset_cpus: self.cpuset_cpus.clone(),
            cpuset_mems: None,
            pids: self.pids,
        };
        (limits != CgroupLimits::default()).then_some(limits)
    }

    /// What each process is told.
    pub(crate) fn of_process(&self) -> Result<Vec<Ulimit>, CommandError> {
        self.ulimits.iter().map(|text| ulimit(text)).collect()
    }
}

/// Reads a `--cpus`: `1.5`.
pub(crate) fn cpus(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a number of processors such as 1.5");
    let number: f64 = text.parse().map_err(|_| wrong())?;
    match number > 0.0 && number < 1e6 {
        // Billionths of less than a million processors are whole in a double.
        true => Ok((number * 1e9).round() as u64),
        false => Err(wrong()),
    }
}

/// Reads a size that is more than nothing.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let bytes = dockerfile::size::bytes(text).filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| format!("`{text}` is not a size such as 256m"))
}

/// Reads a `--memory-swap`: a size, or -1 for no limit.
pub(crate) fn size_or_all(text: &str) -> Result<i64, String> {
    match text {
        "-1" => Ok(-1),
        text => i64::try_from(size(text)?).map_err(|_| format!("`{text}` is too large")),
    }
}

/// Reads a `--pids-limit`: a number, or -1 (and 0) for no limit.
pub(crate) fn pids(text: &str) -> Result<i64, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not a number of processes; -1 is no limit"))
}

#[cfg(test)]
mod tests {
    use super::{Limits, cpus, size, size_or_all};

    #[test]
    fn numbers() {
        assert_eq!(cpus("1.5"), Ok(1_500_000_000));
        assert!(cpus("0").is_err() && cpus("x").is_err() && cpus("-1").is_err());
        assert_eq!(size("1m"), Ok(1 << 20));
        assert!(size("0").is_err());
        assert_eq!(size_or_all("-1"), Ok(-1));
    }

    #[test]
    fn what_the_group_is_told() {
        assert_eq!(Limits::default().of_group(), None);
        let half = Limits {
            nano_cpus: Some(500_000_000),
            ..Limits::default()
        };
        let group = half.of_group().unwrap();
        assert_eq!(
            (group.cpu_quota, group.cpu_period),
            (Some(50_000), Some(100_000))
        );
    }
}
