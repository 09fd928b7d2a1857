//! What a sandbox may use: limits, control groups, devices of the host, and no guard at all.

use std::path::Path;

use sandbox::{Cgroup, CgroupLimits, Device, Error, KernelAccess, Ulimit, UlimitResource};

use crate::harness::tests;
use crate::support::Fixture;

tests![
    limits_hold_for_children,
    a_hard_limit_above_the_own_one_is_refused_by_name,
    devices_of_the_host_are_seen_where_asked,
    what_is_no_device_is_refused,
    a_group_holds_all_processes_and_goes_with_them,
    nothing_is_guarded,
];

fn limits_hold_for_children() {
    let mut fixture = Fixture::new("ulimit -n; ulimit -Hn; sh -c 'ulimit -c'");
    fixture.sandbox.ulimits = vec![
        Ulimit {
            resource: UlimitResource::Nofile,
            soft: Some(50),
            hard: Some(60),
        },
        Ulimit {
            resource: UlimitResource::Core,
            soft: Some(0),
            hard: Some(0),
        },
    ];
    assert_eq!(fixture.user(1000, 1000, &[]).stdout(), "50\n60\n0\n");
}

/// More open files than the kernel has numbers for are refused to root too.
fn a_hard_limit_above_the_own_one_is_refused_by_name() {
    let mut fixture = Fixture::new("true");
    fixture.sandbox.ulimits = vec![Ulimit {
        resource: UlimitResource::Nofile,
        soft: None,
        hard: None,
    }];
    let error = fixture.run().unwrap_err();
    assert_eq!(error.to_string(), "cannot set the limit `nofile`");
    assert!(error.hint().is_some());
}

fn devices_of_the_host_are_seen_where_asked() {
    let mut fixture =
        Fixture::new("stat -c '%F %t:%T' /dev/net/z /dev/zero; head -c 2 /dev/net/z | wc -c");
    fixture.sandbox.devices = ["/dev/net/z", "/dev/zero"]
        .map(|path| Device {
            host: "/dev/zero".into(),
            path: path.into(),
        })
        .into();
    let zero = "character special file 1:5\n";
    assert_eq!(fixture.stdout(), format!("{zero}{zero}2\n"));
}

fn what_is_no_device_is_refused() {
    let refused = |host: &str, path: &str| {
        let mut fixture = Fixture::new("true");
        fixture.sandbox.devices = vec![Device {
            host: host.into(),
            path: path.into(),
        }];
        fixture.run().unwrap_err().to_string()
    };
    assert_eq!(
        refused("/etc/passwd", "/dev/x"),
        "cannot bind device `/etc/passwd`"
    );
    assert_eq!(
        refused("/dev/nowhere", "/dev/x"),
        "cannot bind device `/dev/nowhere`"
    );
    for path in ["/etc/x", "/dev", "/dev/../etc/x"] {
        let error = refused("/dev/zero", path);
        assert_eq!(
            error, "invalid device: its path is not one below /dev",
            "{path}"
        );
    }
}

/// Where this machine has control groups to write to; where not, it is said so.
fn a_group_holds_all_processes_and_goes_with_them() {
    let limits = CgroupLimits {
        memory: Some(64 << 20),
        ..CgroupLimits::default()
    };
    let parent = format!("/carafe-test-{}", std::process::id());
    let group = match Cgroup::make(Some(Path::new(&parent)), &limits) {
        Ok(group) => group,
        Err(error @ (Error::Cgroup { .. } | Error::NoController { .. })) => {
            println!("no control groups on this machine: {error}");
            assert!(error.hint().is_some());
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let mut fixture = Fixture::new("sleep 100 & touch /tmp/ready; wait");
    fixture.sandbox.cgroups = group.entries().unwrap();
    let mut child = fixture.spawn().unwrap();
    while !fixture.upper().join("tmp/ready").exists() {
        std::thread::yield_now();
    }
    // Inside they do not know.
    let told = std::fs::read_to_string(format!("/proc/{}/cgroup", child.pid())).unwrap();
    let line = told.lines().find(|line| line.contains(&parent)).unwrap();
    let path = line.rsplit(':').next().unwrap().trim_start_matches('/');
    let roots = [
        "/sys/fs/cgroup",
        "/sys/fs/cgroup/memory",
        "/sys/fs/cgroup/unified",
    ];
    let directory = roots
        .iter()
        .map(|root| Path::new(root).join(path))
        .find(|directory| directory.exists())
        .expect("the group is mounted somewhere");
    let limit = ["memory.max", "memory.limit_in_bytes"]
        .iter()
        .find_map(|file| std::fs::read_to_string(directory.join(file)).ok());
    assert_eq!(limit.unwrap().trim(), (64 << 20).to_string());
    let processes = std::fs::read_to_string(directory.join("cgroup.procs")).unwrap();
    assert_eq!(processes.lines().count(), 2);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(group);
    assert!(!directory.exists());
    std::fs::remove_dir(directory.parent().unwrap()).unwrap();
}

fn nothing_is_guarded() {
    let script = "mknod /zero c 1 5 && head -c 2 /zero | wc -c
        test -w /proc/sys/kernel/hostname && echo 5 > /proc/sys/kernel/printk_ratelimit && echo proc
        mkdir /m && mount -t tmpfs none /m && echo mounted
        grep ' /sys ' /proc/mounts | cut -d' ' -f4 | cut -d, -f1";
    let mut fixture = Fixture::new(script);
    fixture.sandbox.capabilities = sandbox::Capabilities::ALL;
    fixture.sandbox.seccomp = sandbox::Seccomp::Unconfined;
    fixture.sandbox.kernel = KernelAccess::Open;
    assert_eq!(fixture.stdout(), "2\nproc\nmounted\nrw\n");
}
