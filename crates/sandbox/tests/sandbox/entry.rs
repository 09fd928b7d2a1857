//! A further process in a sandbox that runs, and a process 1 that is not the program.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;

use sandbox::{Capabilities, Capability, Child, Entry, Error, Exit, Process, Stdio, User};

use crate::harness::tests;
use crate::support::{Fixture, pipe, shell};

tests![
    it_sees_what_the_first_sees,
    it_may_do_what_it_is_granted,
    it_starts_where_it_is_told,
    it_ends_with_the_sandbox,
    nobody_inside_can_look_into_it,
    one_that_has_ended_cannot_be_entered,
    process_one_reaps_what_others_leave,
    process_one_passes_signals_on,
    no_new_privileges,
];

fn into(child: &Child) -> Entry {
    Entry::new(child.pid(), child.pidfd().try_clone_to_owned().unwrap()).unwrap()
}

/// Runs it to its end; what it wrote, and how it ended.
fn further(entry: &Entry, process: &Process) -> Result<(String, Exit), Error> {
    let (output, to_output): (OwnedFd, OwnedFd) = pipe();
    let stdio = Stdio {
        stdout: to_output,
        ..Stdio::null()?
    };
    let mut child = sandbox::enter(entry, process, stdio)?;
    let mut text = String::new();
    File::from(output).read_to_string(&mut text).unwrap();
    Ok((text, child.wait()?))
}

fn it_sees_what_the_first_sees() {
    let script = "hostname; for n in mnt pid ipc uts net user; do readlink /proc/self/ns/$n; done; \
        ls /proc/self/fd | wc -l; cat /file";
    let mut fixture = Fixture::new(&format!("echo x > /file; {script}; echo done; sleep 100"));
    fixture.sandbox.hostname = "inside".to_owned();
    let (output, to_output) = pipe();
    let stdio = Stdio {
        stdout: to_output,
        ..Stdio::null().unwrap()
    };
    let child = sandbox::spawn(&fixture.sandbox, &fixture.process, stdio).unwrap();
    let mut first = String::new();
    let mut output = File::from(output);
    while !first.ends_with("done\n") {
        let mut buffer = [0; 512];
        let length = output.read(&mut buffer).unwrap();
        first.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
    let (seen, exit) = further(&into(&child), &shell(script)).unwrap();
    assert_eq!((format!("{seen}done\n"), exit), (first, Exit::Code(0)));
    let (_, exit) = further(&into(&child), &shell("exit 9")).unwrap();
    assert_eq!(exit, Exit::Code(9));
}

fn it_may_do_what_it_is_granted() {
    let child = Fixture::new("sleep 100").spawn().unwrap();
    let mut entry = into(&child);
    entry.capabilities = Capabilities::NONE.with(Capability::Chown);
    entry.no_new_privileges = true;
    let script =
        "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | cut -f2; id -u";
    let (seen, _) = further(&entry, &shell(script)).unwrap();
    assert_eq!(seen, "0000000000000001\n0000000000000001\n1\n2\n0\n");
    let mut process = shell(script);
    process.user = User {
        uid: 1000,
        ..User::default()
    };
    let (seen, _) = further(&entry, &process).unwrap();
    assert_eq!(seen, "0000000000000000\n0000000000000001\n1\n2\n1000\n");
}

fn it_starts_where_it_is_told() {
    let child = Fixture::new("ln -s /proc/self/cwd /link; sleep 100")
        .spawn()
        .unwrap();
    let entry = into(&child);
    let at = |path: &str| {
        let mut process = shell("pwd");
        process.cwd = path.into();
        further(&entry, &process).map(|(seen, _)| seen)
    };
    assert_eq!(at("/tmp").unwrap(), "/tmp\n");
    for wrong in ["/nowhere", "/bin/busybox", "/proc/self/cwd", "/proc/1/root"] {
        let error = at(wrong).unwrap_err();
        assert!(
            matches!(error, Error::WorkingDirectory { .. }),
            "{wrong}: {error}"
        );
    }
    let mut process = shell("true");
    process.args = vec!["nosuch".into()];
    let error = further(&entry, &process).unwrap_err();
    assert_eq!(error.exit_code(), Some(127));
}

fn it_ends_with_the_sandbox() {
    let child = Fixture::new("sleep 100").spawn().unwrap();
    let mut second =
        sandbox::enter(&into(&child), &shell("sleep 100"), Stdio::null().unwrap()).unwrap();
    child.kill().unwrap();
    // The kernel waits with the end of process 1 for all others, which have to be reaped.
    assert_eq!(second.wait().unwrap(), Exit::Signal(9));
    drop(child);
}

/// What the sandbox's root could use of a process that has more power than it (CVE-2016-9962): neither its executable nor its
/// descriptors are to be had.
fn nobody_inside_can_look_into_it() {
    let watch = "while :; do for p in /proc/[0-9]*; do for link in exe fd/3 fd/4 fd/5; do \
        case $(readlink $p/$link 2>/dev/null) in ''|*/busybox|pipe:*|/proc*) ;; *) \
        echo $p/$link >> /found;; esac; done; done; done";
    let fixture = Fixture::new(watch);
    let child = fixture.spawn().unwrap();
    for _ in 0..50 {
        further(&into(&child), &shell("true")).unwrap();
    }
    let found = std::fs::read_to_string(fixture.upper().join("found"));
    assert!(found.is_err(), "{found:?}");
}

fn one_that_has_ended_cannot_be_entered() {
    let mut child = Fixture::new("true").spawn().unwrap();
    let pidfd = child.pidfd().try_clone_to_owned().unwrap();
    child.wait().unwrap();
    assert!(Entry::new(child.pid(), pidfd).is_err());
}

fn process_one_reaps_what_others_leave() {
    let script = "sh -c 'sleep 0.05 & exit'; sleep 0.2; grep -l 'State:.Z' /proc/[0-9]*/status; \
        test $$ != 1 && echo child; exit 7";
    let mut fixture = Fixture::new(script);
    fixture.sandbox.init = true;
    let output = fixture.run().unwrap();
    assert_eq!(
        (output.exit, output.stdout.as_str()),
        (Exit::Code(7), "child\n")
    );
    fixture = Fixture::new("kill -9 $$");
    fixture.sandbox.init = true;
    assert_eq!(fixture.run().unwrap().exit, Exit::Code(137));
    fixture = Fixture::new("true");
    fixture.sandbox.init = true;
    fixture.process.args = vec!["nosuch".into()];
    assert_eq!(fixture.run().unwrap_err().exit_code(), Some(127));
}

fn process_one_passes_signals_on() {
    for signal in [1, 2, 10, 15, 40] {
        let script =
            format!("trap 'exit {signal}' {signal}; echo > /ready; while :; do sleep 0.01; done");
        let mut fixture = Fixture::new(&script);
        fixture.sandbox.init = true;
        let mut child = fixture.spawn().unwrap();
        while !fixture.upper().join("ready").exists() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        child.signal(signal).unwrap();
        assert_eq!(child.wait().unwrap(), Exit::Code(signal));
    }
}

fn no_new_privileges() {
    let script = "cp /bin/busybox /id; chmod 4755 /id; grep NoNewPrivs /proc/self/status | cut -f2";
    let mut fixture = Fixture::new(script);
    fixture.sandbox.no_new_privileges = true;
    assert_eq!(fixture.stdout(), "1\n");
}
