//! `/proc`, `/sys`, `/etc/hosts`, `/etc/resolv.conf` and the root itself.

use std::fs;

use crate::harness::tests;
use crate::support::Fixture;

tests![
    masked_paths,
    read_only_paths,
    sys_is_read_only,
    hosts_and_resolv_conf,
    a_dangling_link_for_resolv_conf,
    missing_mount_points_are_made,
    read_only_root,
    the_host_sees_no_mount,
    the_old_root_is_gone,
    a_root_serves_once,
];

fn masked_paths() {
    let script =
        "for f in interrupts kcore keys latency_stats sched_debug timer_list timer_stats; do
            [ -e /proc/$f ] && wc -c < /proc/$f
        done
        for d in /proc/acpi /proc/asound /proc/scsi /sys/firmware /sys/devices/virtual/powercap; do
            [ -e $d ] && ls $d
        done
        true";
    let fixture = Fixture::new(script);
    for line in fixture.stdout().lines() {
        assert_eq!(line, "0");
    }
    let stdout =
        Fixture::new("wc -c < /proc/interrupts; touch /sys/firmware/x 2>&1; true").stdout();
    assert_eq!(stdout, "0\ntouch: /sys/firmware/x: Read-only file system\n");
}

fn read_only_paths() {
    let script = "echo x > /proc/sys/kernel/hostname; echo 1 > /proc/sys/vm/drop_caches
        grep -c . /proc/sys/kernel/hostname; exit 0";
    let output = Fixture::new(script).run().unwrap();
    assert_eq!(output.stdout, "1\n");
    assert_eq!(
        output.stderr.matches("Read-only file system").count(),
        2,
        "{}",
        output.stderr
    );
}

fn sys_is_read_only() {
    let output = Fixture::new("ls /sys | grep -c devices; touch /sys/x")
        .run()
        .unwrap();
    assert_eq!(output.stdout, "1\n");
    assert!(
        output.stderr.contains("Read-only file system"),
        "{}",
        output.stderr
    );
}

fn hosts_and_resolv_conf() {
    let script = "cat /etc/hosts /etc/resolv.conf; stat -c %a:%u /etc/hosts
        echo x > /etc/hosts || rm /etc/resolv.conf || echo kept";
    let mut fixture = Fixture::new(script);
    fixture.sandbox.hosts = b"127.0.0.1 localhost\n".into();
    fixture.sandbox.resolv_conf = b"nameserver 10.0.0.1\n".into();
    assert_eq!(
        fixture.stdout(),
        "127.0.0.1 localhost\nnameserver 10.0.0.1\n644:0\nkept\n"
    );
    assert_eq!(
        fs::read_dir(fixture.upper()).unwrap().count(),
        0,
        "no trace is left"
    );
}

fn a_dangling_link_for_resolv_conf() {
    let mut fixture =
        Fixture::prepared("cat /etc/resolv.conf; readlink /etc/resolv.conf", |root| {
            fs::create_dir(root.join("etc")).unwrap();
            let target = "../run/systemd/resolve/stub-resolv.conf";
            std::os::unix::fs::symlink(target, root.join("etc/resolv.conf")).unwrap();
        });
    fixture.sandbox.resolv_conf = b"nameserver 10.0.0.1\n".into();
    let expected = "nameserver 10.0.0.1\n../run/systemd/resolve/stub-resolv.conf\n";
    assert_eq!(fixture.stdout(), expected);
}

fn missing_mount_points_are_made() {
    let fixture = Fixture::prepared("ls / | grep -E 'dev|proc|sys'; ls /etc", |root| {
        for name in ["dev", "proc", "sys", "etc"] {
            // Whiteouts.
            let mut command = std::process::Command::new("mknod");
            assert!(
                command
                    .arg(root.join(name))
                    .args(["c", "0", "0"])
                    .status()
                    .unwrap()
                    .success()
            );
        }
    });
    assert_eq!(fixture.stdout(), "dev\nproc\nsys\nhosts\nresolv.conf\n");
}

fn read_only_root() {
    let mut fixture = Fixture::new("touch /x 2>&1; touch /dev/shm/ok /work/ok && ls /work; pwd");
    fixture.sandbox.read_only_root = true;
    fixture.process.cwd = "/made".into();
    fixture.sandbox.mounts = vec![sandbox::Mount {
        target: "/work".into(),
        kind: sandbox::MountKind::Tmpfs {
            size: None,
            mode: 0o755,
            no_execute: false,
        },
    }];
    assert_eq!(
        fixture.stdout(),
        "touch: /x: Read-only file system\nok\n/made\n"
    );
}

fn the_host_sees_no_mount() {
    let before = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mut child = Fixture::new("sleep 100").spawn().unwrap();
    assert_eq!(fs::read_to_string("/proc/self/mountinfo").unwrap(), before);
    child.kill().unwrap();
    child.wait().unwrap();
}

fn the_old_root_is_gone() {
    let stdout = Fixture::new("cut -d' ' -f5 /proc/self/mountinfo | sort | uniq -d; grep -c ' / / ' /proc/self/mountinfo; cut -d' ' -f5 /proc/self/mountinfo").stdout();
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines[0], "1", "{stdout}");
    assert!(
        lines.contains(&"/dev/null") && lines.contains(&"/etc/hosts"),
        "{stdout}"
    );
    assert!(lines.len() < 45, "{stdout}");
}

fn a_root_serves_once() {
    let fixture = Fixture::new("true");
    fixture.stdout();
    let error = fixture.run().unwrap_err();
    assert_eq!(error.to_string(), "cannot attach the root");
    assert!(error.hint().unwrap().contains("one sandbox only"));
}
