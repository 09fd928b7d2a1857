//! What a process finds at its start, and how it ends.

use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{ExitCode, Stdio};

use rustix::io::FdFlags;
use rustix::process::Signal;
use sandbox::{Error, Exit, Signals};

use crate::harness::tests;
use crate::support::{Fixture, chain, role};

tests![
    exit_codes,
    killed_by_signal,
    environment_is_what_was_given,
    working_directory,
    working_directory_is_made,
    working_directory_stays_inside,
    working_directory_is_a_file,
    standard_input_is_empty,
    umask_and_signals,
    it_leads_its_own_session,
    it_is_process_one,
    no_descriptor_is_inherited,
    host_name,
    invalid_orders,
    standard_streams_can_be_opened_again_by_the_user,
    signals_to_the_caller,
];

fn exit_codes() {
    for code in [0, 1, 42, 255] {
        let output = Fixture::new(&format!("exit {code}")).run().unwrap();
        assert_eq!(output.exit, Exit::Code(code));
    }
    assert!(Exit::Code(0).success());
    assert_eq!(Exit::Signal(9).code(), 137);
}

fn killed_by_signal() {
    let mut child = Fixture::new("sleep 100").spawn().unwrap();
    assert_eq!(child.try_wait().unwrap(), None);
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap(), Exit::Signal(9));
    assert_eq!(child.wait().unwrap(), Exit::Signal(9));
    child.kill().unwrap();

    // Process 1 gets what it has a handler for.
    let fixture =
        Fixture::new("trap 'exit 7' TERM; echo ready > /tmp/ready; while :; do sleep 0.01; done");
    let mut child = fixture.spawn().unwrap();
    while !fixture.upper().join("tmp/ready").exists() {
        std::thread::yield_now();
    }
    child.signal(15).unwrap();
    assert_eq!(child.wait().unwrap(), Exit::Code(7));
    let error = Fixture::new("sleep 100")
        .spawn()
        .unwrap()
        .signal(1000)
        .unwrap_err();
    assert_eq!(error.to_string(), "cannot send the signal `1000`");
}

fn environment_is_what_was_given() {
    let mut fixture = Fixture::new("");
    fixture.process.args = ["/bin/env", "sh"].map(Into::into)[..1].into();
    fixture.process.env = ["A=1", "B=x y", "PATH=/bin"].map(Into::into).into();
    assert_eq!(fixture.stdout(), "A=1\nB=x y\nPATH=/bin\n");
}

fn working_directory() {
    let mut fixture = Fixture::new("pwd");
    fixture.process.cwd = "/work".into();
    assert_eq!(fixture.stdout(), "/work\n");
}

fn working_directory_is_made() {
    let mut fixture = Fixture::new("pwd; stat -c %a:%u:%g . ..").user(1000, 1000, &[]);
    fixture.process.cwd = "/new/deep".into();
    assert_eq!(fixture.stdout(), "/new/deep\n755:0:0\n755:0:0\n");
}

/// CVE-2024-21626: a working directory that is a descriptor of the runtime's on the host; and links that lead out.
fn working_directory_stays_inside() {
    for number in 0..40 {
        let mut fixture = Fixture::new("cat ../../../etc/hosts; pwd");
        fixture.process.cwd = format!("/proc/self/fd/{number}").into();
        let error = fixture.run().expect_err("there is no such directory");
        assert!(
            matches!(error, Error::WorkingDirectory { .. }),
            "{}",
            chain(&error)
        );
    }
    let mut fixture = Fixture::prepared("pwd; ls", |root| {
        let outside = root.join("../../../../../../../../../../usr/share");
        std::os::unix::fs::symlink(outside, root.join("out")).unwrap();
    });
    fixture.process.cwd = "/out/new".into();
    let stdout = fixture.stdout();
    assert!(stdout.ends_with("/usr/share/new\n"), "{stdout}");
    assert!(!Path::new("/usr/share/new").exists());
}

fn working_directory_is_a_file() {
    let mut fixture = Fixture::new("true");
    fixture.process.cwd = "/etc/passwd/x".into();
    let error = fixture.run().unwrap_err();
    assert_eq!(
        chain(&error),
        "cannot enter working directory `/etc/passwd/x`: Not a directory (os error 20)"
    );
    assert!(error.hint().is_some());
}

fn standard_input_is_empty() {
    assert_eq!(Fixture::new("wc -c").stdout(), "0\n");
}

fn umask_and_signals() {
    assert_eq!(Fixture::new("umask").stdout(), "0022\n");
    // Not through a shell, which ignores some itself.
    let mut fixture = Fixture::new("");
    let program = ["/bin/grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"];
    fixture.process.args = program.map(Into::into).into();
    let zero = "0000000000000000";
    assert_eq!(
        fixture.stdout(),
        format!("SigBlk:\t{zero}\nSigIgn:\t{zero}\nSigCgt:\t{zero}\n")
    );
}

fn it_leads_its_own_session() {
    // Process, parent, process group, session; no terminal.
    let stdout = Fixture::new("cut -d' ' -f1,4-7 /proc/1/stat").stdout();
    assert_eq!(stdout, "1 0 1 1 0\n");
}

fn it_is_process_one() {
    // No other process is seen.
    let stdout = Fixture::new("echo $$; set -- /proc/[0-9]*; echo $*").stdout();
    assert_eq!(stdout, "1\n/proc/1\n");
}

fn no_descriptor_is_inherited() {
    let leak = rustix::fs::open(
        "/etc/passwd",
        rustix::fs::OFlags::RDONLY,
        rustix::fs::Mode::empty(),
    )
    .unwrap();
    rustix::io::fcntl_setfd(&leak, FdFlags::empty()).unwrap();
    let high = rustix::io::fcntl_dupfd_cloexec(&leak, 400).unwrap();
    rustix::io::fcntl_setfd(&high, FdFlags::empty()).unwrap();
    assert!(high.as_raw_fd() >= 400);
    let stdout = Fixture::new("ls -1 /proc/1/fd; true").stdout();
    assert_eq!(stdout, "0\n1\n2\n");
}

fn host_name() {
    let mut fixture = Fixture::new("hostname");
    fixture.sandbox.hostname = "buildkitsandbox".into();
    assert_eq!(fixture.stdout(), "buildkitsandbox\n");
}

fn invalid_orders() {
    let mut fixture = Fixture::new("true");
    fixture.process.args.push("a\0b".into());
    assert_eq!(
        fixture.run().unwrap_err().to_string(),
        "invalid argument: it holds a NUL byte"
    );
    fixture.process.args.clear();
    assert_eq!(
        fixture.run().unwrap_err().to_string(),
        "invalid program: there is none"
    );
    let mut fixture = Fixture::new("true");
    fixture.process.user.uid = u32::MAX;
    assert_eq!(
        fixture.run().unwrap_err().to_string(),
        "invalid user or group: 4294967295 is the number of nobody"
    );
    let mut fixture = Fixture::new("true");
    fixture.process.cwd = "work".into();
    let text = "invalid working directory: it is not an absolute path";
    assert_eq!(fixture.run().unwrap_err().to_string(), text);
}

/// `echo > /dev/stdout` opens the pipe again, as the user.
fn standard_streams_can_be_opened_again_by_the_user() {
    let fixture =
        Fixture::new("echo out > /dev/stdout; echo err > /dev/stderr").user(1000, 1000, &[]);
    let output = fixture.run().unwrap();
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        ("out\n", "err\n")
    );
}

/// Catches two signals and tells about them; the sandbox does not inherit that they are blocked.
pub(crate) fn catcher() -> ExitCode {
    let signals = Signals::catch(&[10, 15]).unwrap();
    print!("{}", Fixture::new("grep SigBlk /proc/self/status").stdout());
    for _ in 0..2 {
        println!("{}", signals.wait().unwrap());
    }
    ExitCode::SUCCESS
}

fn signals_to_the_caller() {
    let mut catcher = role::command("catcher")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(catcher.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert_eq!(lines.next().unwrap(), "SigBlk:\t0000000000000000");
    let pid = rustix::process::Pid::from_child(&catcher);
    for (signal, number) in [(Signal::TERM, "15"), (Signal::USR1, "10")] {
        rustix::process::kill_process(pid, signal).unwrap();
        assert_eq!(lines.next().unwrap(), number);
    }
    assert!(catcher.wait().unwrap().success());
    assert!(Signals::catch(&[1000]).is_err());
}
