//! What a `RUN` sees of the machine, and may do to it.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use dockerfile::ast::Network;
use dockerfile::{Device, Diagnostic, Severity};
use sandbox::{Capabilities, Cgroup, KernelAccess, Sandbox, Seccomp};

use super::{Executor, Work};
use crate::step::RunOperation;
use crate::{Error, Event};

/// Devices that a step without sandbox has, if the host has them. The list is BuildKit's.
const OF_INSECURE: [&str; 6] = [
    "/dev/kmsg",
    "/dev/cuse",
    "/dev/fuse",
    "/dev/kvm",
    "/dev/net/tun",
    "/dev/loop-control",
];

impl Executor<'_> {
    /// A sandbox on `root`, all but its mounts.
    pub(super) fn surroundings(
        &self,
        run: &RunOperation,
        root: OwnedFd,
        group: Option<&Cgroup>,
    ) -> Result<Sandbox, Error> {
        let usual = Sandbox::new(root);
        let mut devices = Vec::new();
        for device in &run.devices {
            devices.extend(node(device)?);
        }
        let (capabilities, seccomp, kernel) = match run.insecure {
            false => (
                Capabilities::DEFAULT,
                Seccomp::Default,
                KernelAccess::Guarded,
            ),
            true => (Capabilities::ALL, Seccomp::Unconfined, KernelAccess::Open),
        };
        if run.insecure {
            devices.extend(insecure_nodes());
        }
        let options = &self.options.run;
        Ok(Sandbox {
            hostname: run.hostname.clone(),
            network: match run.network {
                Network::None => sandbox::Network::None,
                _ => sandbox::Network::Host,
            },
            capabilities,
            seccomp,
            kernel,
            devices,
            ulimits: options.ulimits.clone(),
            cgroups: group
                .map(Cgroup::entries)
                .transpose()
                .map_err(Error::Sandbox)?
                .unwrap_or_default(),
            shm_size: options.shm_size.unwrap_or(usual.shm_size),
            hosts: self.hosts(&run.hostname),
            resolv_conf: self.environment.resolv_conf.clone(),
            ..usual
        })
    }

    fn hosts(&self, hostname: &str) -> Vec<u8> {
        let mut hosts =
            format!("127.0.0.1\tlocalhost {hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n");
        for (name, address) in &self.options.add_hosts {
            hosts.push_str(&format!("{address}\t{name}\n"));
        }
        hosts.into_bytes()
    }

    /// A control group for one step, if there are limits. Where there can be none the step runs all the same, and
    /// the user is told once: what comes out does not depend on limits.
    pub(super) fn cgroup(&self, work: &Work<'_>) -> Option<Cgroup> {
        let options = &self.options.run;
        if !options.has_limits() {
            return None;
        }
        let made = Cgroup::make(options.cgroup_parent.as_deref(), &options.limits);
        let error = match made.and_then(|group| group.entries().map(|_| group)) {
            Ok(group) => return Some(group),
            Err(error) => error,
        };
        if let Some(span) = work.span
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            let cause = std::error::Error::source(&error);
            let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            (self.environment.events)(Event::Warning(Diagnostic {
                code: "limits",
                severity: Severity::Warning,
                span,
                message: format!("steps run without limits: {error}{cause}"),
                help: error.hint(),
            }));
        }
        None
    }
}

/// The node of a device that a step asks for; `None` for one that is not there and need not be.
fn node(device: &Device) -> Result<Option<sandbox::Device>, Error> {
    let path = PathBuf::from(&device.name);
    let wrong = |reason: &str| Error::Device {
        name: device.name.clone(),
        reason: reason.to_owned(),
    };
    if !path.starts_with("/dev") {
        return match device.required {
            true => Err(wrong(
                "it is not the path of a node such as /dev/fuse, and names of the Container Device Interface are not known",
            )),
            false => Ok(None),
        };
    }
    if !path.exists() {
        return match device.required {
            true => Err(wrong("the machine does not have it")),
            false => Ok(None),
        };
    }
    let access = rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK;
    if rustix::fs::access(&path, access).is_err() {
        return Err(wrong(
            "this user may not open it: run carafe as root, or have the user added to its group",
        ));
    }
    Ok(Some(sandbox::Device {
        host: path.clone(),
        path,
    }))
}

fn insecure_nodes() -> Vec<sandbox::Device> {
    let loops = std::fs::read_dir("/dev").into_iter().flatten().flatten();
    let loops = loops.filter(|entry| {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("loop"));
        number.is_some_and(|number| number.parse::<u32>().is_ok())
    });
    let known = OF_INSECURE.iter().map(PathBuf::from);
    known
        .chain(loops.map(|entry| entry.path()))
        .filter(|path| Path::exists(path))
        .map(|path| sandbox::Device {
            host: path.clone(),
            path,
        })
        .collect()
}
