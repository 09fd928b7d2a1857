//! Nothing outlives what started it.

use std::io::{BufRead, BufReader};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::harness::tests;
use crate::support::{Fixture, role, temporary};

tests![
    background_processes_end_with_process_one,
    a_dropped_child_is_killed,
    killed_with_its_parent,
    killed_with_its_parent_in_spite_of_other_credentials,
    killed_with_the_thread_that_started_it,
    many_at_once,
];

/// Whether a process exists that is not just waiting to be waited for.
fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.starts_with(" Z"))
    })
}

#[track_caller]
fn assert_ends(pid: u32) {
    let end = Instant::now() + Duration::from_secs(10);
    while is_alive(pid) {
        assert!(Instant::now() < end, "process {pid} is still there");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn background_processes_end_with_process_one() {
    let start = Instant::now();
    let fixture = Fixture::new("(sleep 2; touch /late) > /dev/null 2>&1 & exit 3");
    assert_eq!(fixture.run().unwrap().exit.code(), 3);
    assert!(start.elapsed() < Duration::from_secs(2));
    std::thread::sleep(Duration::from_millis(50));
    assert!(!fixture.upper().join("late").exists());
}

fn a_dropped_child_is_killed() {
    let child = Fixture::new("sleep 100").spawn().unwrap();
    let pid = child.pid();
    assert!(is_alive(pid));
    drop(child);
    assert!(!is_alive(pid));
}

/// Starts a sandbox, tells its process, and waits to be killed.
pub(crate) fn parent_to_be_killed() -> ExitCode {
    tell_and_wait(&Fixture::new("sleep 100"))
}

/// As `parent_to_be_killed`, with a program that has become another user's: the kernel forgets that it is to die with its
/// parent.
pub(crate) fn parent_of_another_user() -> ExitCode {
    let mut fixture = Fixture::prepared("", |root| {
        std::fs::create_dir(root.join("etc")).unwrap();
        let users = "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\n";
        std::fs::write(root.join("etc/passwd"), users).unwrap();
    });
    let program = [
        "/bin/busybox",
        "su",
        "ann",
        "-c",
        "touch /tmp/started; sleep 100",
    ];
    fixture.process.args = program.map(Into::into).into();
    tell_and_wait(&fixture)
}

fn tell_and_wait(fixture: &Fixture) -> ExitCode {
    let child = fixture.spawn().unwrap();
    let started = fixture.upper().join("tmp/started");
    while fixture.process.args.len() == 5 && !started.exists() {
        std::thread::sleep(Duration::from_millis(2));
    }
    println!("{}", child.pid());
    loop {
        std::thread::park();
    }
}

fn killed_with_its_parent() {
    assert_child_ends("parent-to-be-killed");
}

fn killed_with_its_parent_in_spite_of_other_credentials() {
    assert_child_ends("parent-of-another-user");
}

fn assert_child_ends(role: &str) {
    // Whoever is killed does not clean up after himself.
    let directory = temporary();
    let mut parent = role::command(role)
        .env("TMPDIR", directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(parent.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let pid = line.trim().parse().unwrap();
    assert!(is_alive(pid));
    parent.kill().unwrap();
    assert_ends(pid);
    parent.wait().unwrap();
    // Nor does anything keep the parent's standard output open.
    line.clear();
    assert_eq!(stdout.read_line(&mut line).unwrap(), 0);
}

fn killed_with_the_thread_that_started_it() {
    let thread = std::thread::spawn(|| {
        Fixture::new("sleep 100")
            .user(1000, 1000, &[])
            .spawn()
            .unwrap()
    });
    let mut child = thread.join().unwrap();
    assert_eq!(child.wait().unwrap(), sandbox::Exit::Signal(9));
}

/// Threads that start sandboxes while others allocate: nothing of one must get into another.
fn many_at_once() {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for round in 0..10 {
                    let fixture =
                        Fixture::new(&format!("echo {thread} {round}; ls -1 /proc/1/fd; true"));
                    assert_eq!(fixture.stdout(), format!("{thread} {round}\n0\n1\n2\n"));
                }
            });
        }
    });
}
