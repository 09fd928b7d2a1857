//! Users, groups, capabilities and the system call filter.

use sandbox::{Capabilities, Capability, Seccomp};

use crate::harness::tests;
use crate::support::Fixture;

tests![
    capabilities_of_root,
    capabilities_of_others,
    chosen_capabilities,
    users_and_groups,
    the_filter_is_on,
    refused_calls,
    refused_calls_by_number,
    no_filter,
    set_user_id_programs_work,
    capabilities_do_not_come_back,
];

const STATUS: &str = "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status | tr '\\t\\n' ' ,'";
const NONE: &str = "0000000000000000";
const DOCKERS: &str = "00000000a80425fb";

fn capabilities_of_root() {
    let expected = format!(
        "CapInh: {NONE},CapPrm: {DOCKERS},CapEff: {DOCKERS},CapBnd: {DOCKERS},CapAmb: {NONE},NoNewPrivs: 0,Seccomp: 2,"
    );
    assert_eq!(Fixture::new(STATUS).stdout(), expected);
}

fn capabilities_of_others() {
    let expected = format!(
        "CapInh: {NONE},CapPrm: {NONE},CapEff: {NONE},CapBnd: {DOCKERS},CapAmb: {NONE},NoNewPrivs: 0,Seccomp: 2,"
    );
    assert_eq!(
        Fixture::new(STATUS).user(1000, 1000, &[]).stdout(),
        expected
    );
}

fn chosen_capabilities() {
    let mut fixture = Fixture::new("grep CapEff /proc/self/status");
    fixture.sandbox.capabilities = Capabilities::NONE
        .with(Capability::Chown)
        .with("cap_net_admin".parse().unwrap());
    assert_eq!(fixture.stdout(), "CapEff:\t0000000000001001\n");
    let mut fixture = Fixture::new("grep CapEff /proc/self/status");
    fixture.sandbox.capabilities = Capabilities::DEFAULT.without(Capability::Mknod);
    assert_eq!(fixture.stdout(), "CapEff:\t00000000a00425fb\n");
}

fn users_and_groups() {
    let script = "grep -E '^(Uid|Gid|Groups)' /proc/self/status | tr -s ' \\t\\n' ' '";
    let stdout = Fixture::new(script).user(501, 502, &[502, 503]).stdout();
    assert_eq!(
        stdout,
        "Uid: 501 501 501 501 Gid: 502 502 502 502 Groups: 502 503 "
    );
    // CVE-2022-36109: nothing of the caller's groups may stay.
    let stdout = Fixture::new(script).user(1234, 0, &[]).stdout();
    assert_eq!(stdout, "Uid: 1234 1234 1234 1234 Gid: 0 0 0 0 Groups: ");
}

fn the_filter_is_on() {
    let stdout =
        Fixture::new("grep Seccomp_filters /proc/self/status; grep Seccomp: /proc/self/status")
            .stdout();
    assert!(stdout.contains("Seccomp:\t2"), "{stdout}");
}

fn refused_calls() {
    let script = "mount -t tmpfs x /tmp; unshare -m true; chroot / /bin/true && echo chroot
        swapoff /x; hostname other; insmod /x; pivot_root / /tmp; setarch linux64 -R true; echo end";
    let output = Fixture::new(script).run().unwrap();
    assert_eq!(output.stdout, "chroot\nend\n", "{}", output.stderr);
    let refused = output.stderr.matches("not permitted").count()
        + output.stderr.matches("permission denied").count();
    assert!(refused >= 5, "{}", output.stderr);
}

/// Calls that no common program makes, by perl, which can make any: with harmless arguments, so that the filter's
/// answer (EPERM, ENOSYS) can be told from the kernel's.
fn refused_calls_by_number() {
    let calls = [
        ("keyctl", libc::SYS_keyctl, libc::EPERM),
        ("add_key", libc::SYS_add_key, libc::EPERM),
        ("bpf", libc::SYS_bpf, libc::EPERM),
        ("io_uring_setup", libc::SYS_io_uring_setup, libc::EPERM),
        ("userfaultfd", libc::SYS_userfaultfd, libc::EPERM),
        (
            "open_by_handle_at",
            libc::SYS_open_by_handle_at,
            libc::EPERM,
        ),
        ("clone3", libc::SYS_clone3, libc::ENOSYS),
        ("newer than all", 999, libc::ENOSYS),
        ("getpid", libc::SYS_getpid, 0),
        ("close_range", libc::SYS_close_range, libc::EINVAL),
    ];
    let numbers = calls.map(|(_, number, _)| number.to_string()).join(",");
    let script = format!(
        "for $n ({numbers}) {{ $! = 0; $r = syscall($n, 9, 8, 7, 6, 5); print $r < 0 ? $! + 0 : 0, ' ' }}"
    );
    let stdout = perl(&script).stdout();
    let answers: Vec<i32> = stdout
        .split_whitespace()
        .map(|text| text.parse().unwrap())
        .collect();
    for ((name, _, expected), answer) in calls.iter().zip(&answers) {
        assert_eq!(answer, expected, "{name}");
    }
    assert_eq!(answers.len(), calls.len());
}

/// A fixture that runs a script of perl, which can make any system call.
pub(crate) fn perl(script: &str) -> Fixture {
    let mut fixture = Fixture::new("");
    let names = ["usr", "lib", "lib64"].map(|name| format!("/{name}"));
    fixture.sandbox.mounts = names
        .iter()
        .filter(|name| std::path::Path::new(name).exists())
        .map(|name| sandbox::Mount {
            target: name.into(),
            kind: sandbox::MountKind::Bind {
                source: crate::support::bind_of(std::path::Path::new(name)),
                path: "".into(),
                read_only: true,
            },
        })
        .collect();
    fixture.process.args = ["/usr/bin/perl", "-e", script].map(Into::into).into();
    fixture
}

fn no_filter() {
    let mut fixture =
        Fixture::new("grep Seccomp: /proc/self/status; unshare -U true && echo unshared");
    fixture.sandbox.seccomp = Seccomp::Unconfined;
    assert_eq!(fixture.stdout(), "Seccomp:\t0\nunshared\n");
}

/// Without no_new_privs, as image builds use sudo.
fn set_user_id_programs_work() {
    let fixture = Fixture::prepared("", |root| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::create_dir(root.join("suid")).unwrap();
        std::fs::copy(testkit::busybox(), root.join("suid/busybox")).unwrap();
        let mode = PermissionsExt::from_mode(0o4755);
        std::fs::set_permissions(root.join("suid/busybox"), mode).unwrap();
        std::fs::create_dir(root.join("etc")).unwrap();
        let users = "root::0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\n";
        std::fs::write(root.join("etc/passwd"), users).unwrap();
    });
    let mut fixture = fixture.user(1000, 1000, &[]);
    // su is one of the few applets that keep the privilege.
    fixture.process.args = ["/suid/busybox", "su", "-c", "id -u"]
        .map(Into::into)
        .into();
    assert_eq!(fixture.stdout(), "0\n");
}

fn capabilities_do_not_come_back() {
    let mut fixture = Fixture::new(
        "/bin/sh -c 'grep CapBnd /proc/self/status; chown 1:1 /etc/passwd 2>&1'; true",
    );
    fixture.sandbox.capabilities = Capabilities::NONE;
    let stdout = fixture.stdout();
    assert!(
        stdout.starts_with(&format!("CapBnd:\t{NONE}\n")),
        "{stdout}"
    );
    assert!(stdout.contains("Operation not permitted"), "{stdout}");
}
