//! A sandbox without namespaces.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use rootfs::Dir;
use sandbox::{Isolation, Mount, MountKind, Network};

use crate::harness::tests;
use crate::support::{Fixture, role, temporary};

tests![
    a_program_runs_in_its_root,
    it_has_no_way_out_of_its_root,
    it_has_dockers_capabilities_without_chroot,
    it_runs_as_another_user,
    what_it_leaves_is_killed_before_it_ends,
    a_dropped_child_takes_all_with_it,
    all_is_killed_with_the_caller,
    what_takes_namespaces_is_refused,
    devices_are_made,
];

fn fixture(script: &str) -> Fixture {
    let mut fixture = Fixture::prepared(script, |root| {
        fs::create_dir(root.join("dev")).unwrap();
        sandbox::fill_dev(&Dir::open(root.join("dev")).unwrap(), &[]).unwrap();
    });
    fixture.sandbox.isolation = Isolation::Chroot;
    fixture.sandbox.network = Network::Host;
    fixture
}

fn a_program_runs_in_its_root() {
    let fixture = fixture("cat /etc/hosts; pwd; ls /proc; exit 3");
    let output = fixture.run().unwrap();
    assert_eq!(output.exit.code(), 3);
    assert_eq!(output.stdout, "the image's own\n/\n");
    let killed = self::fixture("kill -9 $$").run().unwrap();
    assert_eq!(killed.exit.code(), 137);
    assert!(matches!(
        self::fixture("").program("/nope").run(),
        Err(sandbox::Error::ProgramNotFound { .. })
    ));
}

impl Fixture {
    fn program(mut self, program: &str) -> Self {
        self.process.args = vec![program.into()];
        self
    }
}

fn it_has_no_way_out_of_its_root() {
    // The well-known one: a second chroot below, and a working directory that stays outside of it.
    let script =
        "mkdir /below; chroot /below /bin/sh -c : 2>&1; ls -d ../../../../etc/../bin/busybox";
    let output = fixture(script).run().unwrap();
    assert!(output.stdout.contains("not permitted"), "{output:?}");
}

fn it_has_dockers_capabilities_without_chroot() {
    let script = "touch /f; chown 5:6 /f; stat -c %u:%g /f; mknod /n c 1 3 && echo made; mount -t tmpfs x /tmp 2>&1";
    let stdout = fixture(script).run().unwrap().stdout;
    assert!(stdout.starts_with("5:6\nmade\n"), "{stdout}");
    assert!(
        stdout.contains("permission denied") || stdout.contains("not permitted"),
        "{stdout}"
    );
}

fn it_runs_as_another_user() {
    let fixture =
        fixture("id -u; id -G; touch /f 2>/dev/null || echo refused").user(1000, 50, &[50, 7]);
    assert_eq!(fixture.stdout(), "1000\n50 7\nrefused\n");
}

/// Nothing in the root's `/tmp` changes any more.
fn assert_still(upper: &Path) {
    let beats = || {
        fs::metadata(upper.join("tmp/beat"))
            .map(|beat| beat.len())
            .unwrap_or_default()
    };
    let before = beats();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(beats(), before, "something is still alive");
}

/// Processes in a session of their own, whose parents are gone.
const HEART: &str = "(setsid sh -c '(while :; do echo >> /tmp/beat; sleep 0.01; done) &' &) \
     > /tmp/out 2>&1; until [ -s /tmp/beat ]; do sleep 0.01; done";

fn what_it_leaves_is_killed_before_it_ends() {
    let fixture = fixture(&format!("{HEART}; exit 4"));
    assert_eq!(fixture.run().unwrap().exit.code(), 4);
    assert_still(&fixture.upper());
}

fn a_dropped_child_takes_all_with_it() {
    let fixture = fixture(&format!("{HEART}; touch /tmp/started; sleep 100"));
    let child = fixture.spawn().unwrap();
    wait_for(&fixture.upper().join("tmp/started"));
    drop(child);
    assert_still(&fixture.upper());
}

#[track_caller]
fn wait_for(path: &Path) {
    let end = Instant::now() + Duration::from_secs(10);
    while !path.exists() {
        assert!(Instant::now() < end, "{} does not come", path.display());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Starts processes in a chroot, tells where they write, and waits to be killed.
pub(crate) fn parent_of_chroot() -> ExitCode {
    let fixture = fixture(&format!("{HEART}; touch /tmp/started; sleep 100"));
    let _child = fixture.spawn().unwrap();
    wait_for(&fixture.upper().join("tmp/started"));
    println!("{}", fixture.upper().display());
    loop {
        std::thread::park();
    }
}

fn all_is_killed_with_the_caller() {
    let directory = temporary();
    let mut parent = role::command("parent-of-chroot")
        .env("TMPDIR", directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(parent.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    parent.kill().unwrap();
    parent.wait().unwrap();
    // It takes the kernel and the one that looks after them a moment.
    std::thread::sleep(Duration::from_millis(200));
    assert_still(&PathBuf::from(line.trim()));
}

fn what_takes_namespaces_is_refused() {
    let mut fixture = fixture("true");
    fixture.sandbox.mounts.push(Mount {
        target: "/tmp".into(),
        kind: MountKind::Tmpfs {
            size: None,
            mode: 0o755,
            no_execute: false,
        },
    });
    assert!(matches!(
        fixture.run(),
        Err(sandbox::Error::InvalidOrder { .. })
    ));
}

fn devices_are_made() {
    let directory = temporary();
    let dev = Dir::open(directory.path()).unwrap();
    sandbox::fill_dev(&dev, &[]).unwrap();
    for name in [
        "null", "zero", "full", "random", "urandom", "tty", "shm", "pts",
    ] {
        assert!(dev.stat(name).unwrap().is_some(), "{name}");
    }
    fs::write(directory.path().join("null"), "x").unwrap();
    let (read, write) = sandbox::make_output(&dev, "stdout").unwrap();
    fs::write(directory.path().join("stdout"), "by name").unwrap();
    rustix::io::write(&write, b", by number").unwrap();
    drop(write);
    let text = std::io::read_to_string(fs::File::from(read)).unwrap();
    assert_eq!(text, "by name, by number");
}
