//! Limits as the files of a control group have them.

use super::CgroupLimits;
use super::hierarchy::Hierarchy;

/// The files to write, in this order, and what goes into them.
pub(super) fn settings(
    hierarchy: &Hierarchy,
    limits: &CgroupLimits,
) -> Vec<(&'static str, String)> {
    let mut settings = Vec::new();
    for &controller in &hierarchy.controllers {
        match (controller, hierarchy.unified) {
            ("memory", true) => memory_unified(limits, &mut settings),
            ("memory", false) => memory(limits, &mut settings),
            ("cpu", true) => cpu_unified(limits, &mut settings),
            ("cpu", false) => cpu(limits, &mut settings),
            ("pids", _) => settings.extend(limits.pids.map(|most| ("pids.max", most.to_string()))),
            _ => {
                let files = [
                    ("cpuset.cpus", &limits.cpuset_cpus),
                    ("cpuset.mems", &limits.cpuset_mems),
                ];
                let given = |(file, value): (_, &Option<String>)| Some((file, value.clone()?));
                settings.extend(files.into_iter().filter_map(given));
            }
        }
    }
    settings
}

fn memory(limits: &CgroupLimits, settings: &mut Vec<(&'static str, String)>) {
    // The smaller one first: with swap there cannot be less than without.
    settings.extend(
        limits
            .memory
            .map(|bytes| ("memory.limit_in_bytes", bytes.to_string())),
    );
    let with_swap = limits.memory_swap.map(|bytes| bytes.max(-1).to_string());
    settings.extend(with_swap.map(|bytes| ("memory.memsw.limit_in_bytes", bytes)));
}

fn memory_unified(limits: &CgroupLimits, settings: &mut Vec<(&'static str, String)>) {
    settings.extend(limits.memory.map(|bytes| ("memory.max", bytes.to_string())));
    let Some(with_swap) = limits.memory_swap else {
        return;
    };
    // Version 2 counts swap alone.
    let swap = match u64::try_from(with_swap) {
        Ok(bytes) => bytes.saturating_sub(limits.memory.unwrap_or(0)).to_string(),
        Err(_) => "max".to_owned(),
    };
    settings.push(("memory.swap.max", swap));
}

fn cpu(limits: &CgroupLimits, settings: &mut Vec<(&'static str, String)>) {
    settings.extend(
        limits
            .cpu_shares
            .map(|shares| ("cpu.shares", shares.to_string())),
    );
    settings.extend(
        limits
            .cpu_period
            .map(|period| ("cpu.cfs_period_us", period.to_string())),
    );
    let quota = limits.cpu_quota.map(|quota| quota.max(-1).to_string());
    settings.extend(quota.map(|quota| ("cpu.cfs_quota_us", quota)));
}

fn cpu_unified(limits: &CgroupLimits, settings: &mut Vec<(&'static str, String)>) {
    // 2 to 262144 become 1 to 10000, as runc has it (OCI runtime specification, config-linux.md).
    let weight = |shares: u64| 1 + (shares.clamp(2, 262_144) - 2) * 9_999 / 262_142;
    settings.extend(
        limits
            .cpu_shares
            .map(|shares| ("cpu.weight", weight(shares).to_string())),
    );
    if limits.cpu_quota.is_some() || limits.cpu_period.is_some() {
        let quota = match limits.cpu_quota {
            Some(quota) if quota >= 0 => quota.to_string(),
            _ => "max".to_owned(),
        };
        let period = limits.cpu_period.unwrap_or(100_000);
        settings.push(("cpu.max", format!("{quota} {period}")));
    }
}

#[cfg(test)]
mod tests {
    use super::settings;
    use crate::cgroup::CgroupLimits;
    use crate::cgroup::hierarchy::Hierarchy;

    fn of(unified: bool, limits: &CgroupLimits) -> Vec<String> {
        let hierarchy = Hierarchy {
            root: "/".into(),
            unified,
            controllers: limits.controllers(),
        };
        let settings = settings(&hierarchy, limits).into_iter();
        settings
            .map(|(file, value)| format!("{file}={value}"))
            .collect()
    }

    #[test]
    fn both_versions_say_the_same() {
        let limits = CgroupLimits {
            memory: Some(100),
            memory_swap: Some(150),
            cpu_shares: Some(1024),
            cpu_quota: Some(50_000),
            cpuset_cpus: Some("0".to_owned()),
            pids: Some(7),
            ..CgroupLimits::default()
        };
        let one = [
            "memory.limit_in_bytes=100",
            "memory.memsw.limit_in_bytes=150",
            "cpu.shares=1024",
            "cpu.cfs_quota_us=50000",
            "cpuset.cpus=0",
            "pids.max=7",
        ];
        assert_eq!(of(false, &limits), one);
        let two = [
            "memory.max=100",
            "memory.swap.max=50",
            "cpu.weight=39",
            "cpu.max=50000 100000",
            "cpuset.cpus=0",
            "pids.max=7",
        ];
        assert_eq!(of(true, &limits), two);
        let none = CgroupLimits {
            memory_swap: Some(-1),
            cpu_quota: Some(-1),
            ..CgroupLimits::default()
        };
        assert_eq!(
            of(true, &none),
            ["memory.swap.max=max", "cpu.max=max 100000"]
        );
        assert!(of(true, &CgroupLimits::default()).is_empty());
    }
}
