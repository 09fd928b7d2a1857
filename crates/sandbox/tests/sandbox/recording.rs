//! Owners beyond the last ID of a user namespace that has several.

use std::path::Path;
use std::process::ExitCode;

use rootfs::Root;
use sandbox::{Error, Identity, Sandbox, Seccomp, Stdio, User, enter_user_namespace, last_ids};

use crate::harness::tests;
use crate::ordinary_user::{as_user, home, with_ranges};
use crate::support::{chain, overlay, run, shell};

tests![
    owners_beyond_are_recorded,
    what_the_kernel_gives_counts,
    others_give_nothing_away,
    paths_are_those_of_the_process,
    later_sandboxes_keep_owners,
    nobody_forges_a_record,
    who_asks_nothing_has_no_recorder,
    without_a_filter_the_kernel_refuses,
    a_lost_recorder_is_an_error,
];

/// The last ID of the ranges that the tests have.
const LAST: &str = "1000";

/// Runs a script in a sandbox of a user with subordinate IDs, and tells whose the files in its `/tmp` are: the directory, the script, the
/// user, then what is special.
pub(crate) fn recorded() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, script, uid, special] = arguments.as_slice() else {
        return ExitCode::FAILURE;
    };
    let entered = enter_user_namespace();
    assert!(
        matches!(entered, Ok(Identity::Subordinate { .. })),
        "{entered:?}"
    );
    rootfs::record_owners_beyond(last_ids().unwrap());
    let path = |name| Path::new(directory).join(name);
    let mut sandbox = Sandbox::new(overlay(&path("base"), &path("upper"), &path("work")));
    let mut process = shell(script);
    let uid = uid.parse().unwrap();
    process.user = User {
        uid,
        gid: uid,
        groups: vec![uid],
    };
    match special.as_str() {
        "unconfined" => sandbox.seccomp = Seccomp::Unconfined,
        "lose" => return lose_recorder(&sandbox, &process),
        _ => {}
    }
    match run(&sandbox, &process) {
        Ok(output) => print!("{}{}", output.stdout, output.stderr),
        Err(error) => println!("{}\nhint: {:?}", chain(&error), error.hint()),
    }
    assert_eq!(recorders(), Vec::<i32>::new());
    tell_owners(&path("upper"));
    ExitCode::SUCCESS
}

/// As a layer would have them.
fn tell_owners(upper: &Path) {
    let root = Root::open(upper).unwrap();
    let mut names: Vec<_> = std::fs::read_dir(upper.join("tmp"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    for name in names {
        let name = name.to_str().unwrap();
        let of = root.symlink_metadata(format!("tmp/{name}"));
        let of = of.unwrap().unwrap();
        println!("{name}={}:{}", of.uid, of.gid);
    }
}

fn recorders() -> Vec<i32> {
    let mut found = Vec::new();
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let children = std::fs::read_to_string(task.unwrap().path().join("children"));
        let children = children.unwrap_or_default();
        let numbers = children.split_whitespace().map(|pid| pid.parse().unwrap());
        found.extend(numbers.filter(|pid: &i32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.starts_with(b"step-recorder")
        }));
    }
    found
}

fn lose_recorder(sandbox: &Sandbox, process: &sandbox::Process) -> ExitCode {
    let mut child = sandbox::spawn(sandbox, process, Stdio::null().unwrap()).unwrap();
    let pid = loop {
        if let [pid] = recorders()[..] {
            break rustix::process::Pid::from_raw(pid).unwrap();
        }
        std::thread::yield_now();
    };
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    match child.wait() {
        Err(error @ Error::SupervisorLost { .. }) => print!("{error}"),
        other => print!("{other:?}"),
    }
    ExitCode::SUCCESS
}

fn says_in(home: &Path, script: &str, uid: &str, special: &str) -> String {
    let (_tools, setup) = with_ranges();
    let arguments = [home.to_str().unwrap(), script, uid, special];
    as_user("recorded", &arguments, &setup)
}

fn says(script: &str) -> String {
    says_in(home().path(), script, "0", "")
}

fn owners_beyond_are_recorded() {
    let script = "cd /tmp; touch f g h; mkdir d; ln -s f l; mkfifo p
        chown 5000:6000 f; chown 5000 g; chown 7:6000 h; chown 7000:8 d; chown -h 9000:9001 l; chown 9002 p
        stat -c '%n %u:%g' f g h d l p; chmod 4755 f; chown 5001 f; stat -c %a f; chown 5000 nothing";
    let seen = "f 1000:1000\ng 1000:0\nh 7:1000\nd 1000:8\nl 1000:1000\np 1000:0\n755\n\
        chown: nothing: No such file or directory\n";
    let owners = "d=7000:8\nf=5001:6000\ng=5000:0\nh=7:6000\nl=9000:9001\np=9002:0\n";
    assert_eq!(says(script), format!("{seen}{owners}"));
}

fn what_the_kernel_gives_counts() {
    let script = "cd /tmp; touch a b c d e f; chown 5000:6000 a b c d e f; ln -s a l; chown -h 5000:6000 l
        chown 7:8 a; chown 7 b; chown :8 c; chown LAST d; chown 0:LAST e; chown 1:1 f; chown 6001:6002 f; chown -h 3 l
        touch g; chown 5000:6000 g; chown 7:8 g; chown LAST:LAST g";
    // Who gives a file again to whom he has seen as its owner leaves it as it is.
    let owners =
        "a=7:8\nb=7:6000\nc=5000:8\nd=5000:6000\ne=0:6000\nf=6001:6002\ng=1000:1000\nl=3:6000\n";
    assert_eq!(says(&script.replace("LAST", LAST)), owners);
}

fn others_give_nothing_away() {
    let script = "cd /tmp; touch f; chown 5000 f; chown :5000 f; chown 5000 nothing; chown 7 f";
    let refused = "chown: f: Operation not permitted\n";
    let said =
        format!("{refused}{refused}chown: nothing: No such file or directory\n{refused}f=5:5\n");
    assert_eq!(says_in(home().path(), script, "5", ""), said);
}

/// In its directory, by its descriptors, in a root of its own, and without a way out.
fn paths_are_those_of_the_process() {
    let script = "mkdir /tmp/r /tmp/r/tmp; cp /bin/busybox /tmp/r; cd /tmp/r; touch tmp/f /tmp/f /tmp/g; chown 5001 tmp
        chroot /tmp/r /busybox chown 5002 /tmp/f; chroot /tmp/r /busybox chown 5003 tmp/../tmp
        ln -s f /tmp/l; ln -s /tmp/g /tmp/m; chown 5004 /tmp/l; chown 5005 /tmp/m; rm /tmp/l /tmp/m
        for p in /proc/1/root/../../proc/2 /proc/self/../../../sys; do chown 5006 $p; done";
    let home = home();
    let said = says_in(home.path(), script, "0", "");
    assert!(said.ends_with("\nf=5004:0\ng=5005:0\nr=0:0\n"), "{said}");
    let of = |name: &str| {
        let mut value = [0; 64];
        let path = home.path().join("upper/tmp/r").join(name);
        rustix::fs::getxattr(path, rootfs::OWNER, &mut value)
            .map(|length| String::from_utf8(value[..length].to_vec()).unwrap())
    };
    assert_eq!(
        (of("tmp/f").unwrap(), of("tmp").unwrap()),
        ("5002:0".into(), "5003:0".into())
    );
}

/// What is recorded below is copied up with the file, and changed there.
fn later_sandboxes_keep_owners() {
    let home = home();
    let script = "cd /tmp; touch a b c; chown 5000:6000 a b c; ln -s a l; chown -h 5000:6000 l";
    says_in(home.path(), script, "0", "");
    let path = |name: &str| home.path().join(name);
    for name in ["a", "b", "c", "l"] {
        let (from, to) = (path("upper/tmp").join(name), path("base/tmp"));
        let moved = std::process::Command::new("mv").arg(from).arg(to).status();
        assert!(moved.unwrap().success());
    }
    std::fs::remove_dir_all(path("upper/tmp")).unwrap();
    let script = "cd /tmp; echo more >> a; chown :7000 b; chown 1:2 c; mv l m";
    let said = says_in(home.path(), script, "0", "");
    assert_eq!(
        said,
        "a=5000:6000\nb=5000:7000\nc=1:2\nl=0:0\nm=5000:6000\n"
    );
}

/// Who is the last ID owns files without a record; one that names root's is none.
fn nobody_forges_a_record() {
    let home = home();
    let made = says_in(home.path(), "touch /tmp/f", LAST, "");
    assert_eq!(made, "f=1000:1000\n");
    for record in ["0:0", "0:0:c:1:3", "42:42"] {
        let flags = rustix::fs::XattrFlags::empty();
        let file = home.path().join("upper/tmp/f");
        rustix::fs::setxattr(file, rootfs::OWNER, record.as_bytes(), flags).unwrap();
        assert_eq!(says_in(home.path(), "true", "0", ""), made);
    }
}

fn who_asks_nothing_has_no_recorder() {
    let script = "cd /tmp; touch f; chown 999:999 f; chown 7 f";
    assert_eq!(says(script), "f=7:999\n");
}

fn without_a_filter_the_kernel_refuses() {
    let said = says_in(home().path(), "chown 5000 /tmp", "0", "unconfined");
    assert!(
        said.starts_with("chown: /tmp: Invalid argument\n"),
        "{said}"
    );
}

fn a_lost_recorder_is_an_error() {
    let said = says_in(home().path(), "chown 5000 /tmp; sleep 100", "0", "lose");
    assert_eq!(
        said,
        "the supervisor of users and owners ended before the program did (signal 9)"
    );
}
