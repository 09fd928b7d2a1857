//! However a build ends, nothing of it is left: no process, no mount, no namespace, no control group.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::doctor::{COVERED_PROC, subordinate_ids, user_command};
use crate::support::{Carafe, eventually};

/// How a build is ended.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    /// Ctrl-C.
    Interrupted,
    /// `kill -9` of carafe.
    Killed,
    /// `kill -9` of process 1 of the step.
    StepKilled,
    /// `kill -9` of the process that answers the step's system calls, where there is one.
    SupervisorKilled,
}

const ENDS: [End; 3] = [End::Interrupted, End::Killed, End::StepKilled];

/// A step whose processes are not easily got rid of: children, grandchildren, and one that has left its session. It gives a file to somebody
/// whom only a recorder knows, where there are subordinate IDs.
fn dockerfile(seconds: &str) -> String {
    format!(
        "FROM base\nRUN sleep {seconds} & (setsid sleep {seconds} & sleep {seconds}) & touch /x; chown 2999999 /x; sleep {seconds}\n"
    )
}

#[test]
fn as_root() {
    for end in ENDS {
        let carafe = Carafe::new();
        // With a control group, where this machine has any.
        let args = ["build", "--no-cache", "--resource=memory=64m", "context"];
        check(&carafe, carafe.command(args), end);
    }
}

#[test]
fn in_a_chroot() {
    for end in ENDS {
        let carafe = Carafe::new();
        let mut command = carafe.command(["build", "--no-cache", "context"]);
        command.env("CARAFE_ISOLATION", "chroot");
        check(&carafe, command, end);
    }
}

#[test]
fn as_an_ordinary_user() {
    for end in ENDS.into_iter().chain([End::SupervisorKilled]) {
        check_of_user(end, true, "");
    }
}

#[test]
fn as_an_ordinary_user_with_a_single_id() {
    for end in ENDS.into_iter().chain([End::SupervisorKilled]) {
        check_of_user(end, false, "");
    }
}

/// As in a container whose `/proc` is covered in parts.
#[test]
fn where_processes_are_shared() {
    for end in ENDS.into_iter().chain([End::SupervisorKilled]) {
        for has_ids in [false, true] {
            check_of_user(end, has_ids, COVERED_PROC);
        }
    }
}

fn check_of_user(end: End, has_ids: bool, covered: &str) {
    let carafe = Carafe::empty();
    carafe.context("FROM base\n");
    let ids = match has_ids {
        true => subordinate_ids(&carafe),
        false => String::new(),
    };
    let setup = format!("{covered}{ids}");
    import_base(&carafe, &setup);
    let command = user_command(&carafe, &setup, &["build", "context"]);
    check(&carafe, command, end);
}

/// The base of [`Carafe::new`], in a store of the user's own.
fn import_base(carafe: &Carafe, setup: &str) {
    let full = Carafe::new();
    fs::copy(full.path("base.tar"), carafe.path("base.tar")).unwrap();
    let imported = user_command(carafe, setup, &["import", "base.tar", "base"]).output();
    assert!(imported.unwrap().status.success());
}

fn check(carafe: &Carafe, mut command: Command, end: End) {
    let seconds = format!("{}.25", 7320 + end as u32);
    carafe.context(&dockerfile(&seconds));
    let (mounts, groups) = (mounts(), groups());
    let mut build = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = i32::try_from(build.id()).unwrap();
    let sleepers = |all: &BTreeSet<i32>| all.iter().filter(|pid| is_sleep(**pid, &seconds)).count();
    eventually("the step", || sleepers(&descendants(pid)) == 4);
    let all = descendants(pid);
    let spaces = namespaces(&all);
    let target = match end {
        End::StepKilled => step_of(&all),
        End::SupervisorKilled => supervisor_of(&all),
        End::Interrupted | End::Killed => pid,
    };
    let signal = match end {
        End::Interrupted => Signal::INT,
        End::Killed | End::StepKilled | End::SupervisorKilled => Signal::KILL,
    };
    kill_process(Pid::from_raw(target).unwrap(), signal).unwrap();
    assert!(!build.wait().unwrap().success(), "{end:?}");
    eventually("the end of all processes", || {
        all.iter().all(|pid| !is_there(*pid))
    });
    assert_eq!(mounts, self::mounts(), "{end:?}");
    // Somebody who came later may be in one for a moment more.
    eventually("the end of the namespaces", || {
        let everybody = processes().filter(|pid| is_there(*pid)).collect();
        namespaces(&everybody).is_disjoint(&spaces)
    });
    eventually("the end of the control groups", || {
        let own = format!("carafe-{pid}-");
        self::groups()
            .difference(&groups)
            .all(|group| !group.contains(&own))
    });
}

fn processes() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Whether a process is more than an entry that its new parent has not removed yet.
fn is_there(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn is_sleep(pid: i32, seconds: &str) -> bool {
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.starts_with("sleep\0") && line.contains(seconds)
}

fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(1)?.parse().ok()
}

/// The processes below one.
fn descendants(root: i32) -> BTreeSet<i32> {
    let is_below = |pid: &i32| {
        let way = std::iter::successors(parent(*pid), |pid| parent(*pid));
        way.into_iter().any(|above| above == root)
    };
    processes().filter(is_below).collect()
}

/// The process that is number 1 in its namespace, or the one that looks after those in a chroot.
fn step_of(all: &BTreeSet<i32>) -> i32 {
    let is_first = |pid: &&i32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let mut lines = status.lines();
        let line = lines
            .find_map(|line| line.strip_prefix("NSpid:"))
            .unwrap_or_default();
        let numbers: Vec<&str> = line.split_whitespace().collect();
        numbers.len() == 2 && numbers[1] == "1"
    };
    let looks_after = |pid: &&i32| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.starts_with("step-init")
    };
    let found = all.iter().find(is_first);
    let found = found.or_else(|| all.iter().find(looks_after));
    *found.expect("process 1 of the step")
}

fn supervisor_of(all: &BTreeSet<i32>) -> i32 {
    let is_supervisor = |pid: &&i32| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.starts_with("step-supervisor\0") || line.starts_with("step-recorder\0")
    };
    *all.iter().find(is_supervisor).expect("a supervisor")
}

/// The namespaces of processes that are not this one's.
fn namespaces(all: &BTreeSet<i32>) -> BTreeSet<String> {
    let of = |pid: &str| {
        let links = fs::read_dir(format!("/proc/{pid}/ns"))
            .into_iter()
            .flatten()
            .flatten();
        let links = links.filter_map(|link| fs::read_link(link.path()).ok());
        links
            .map(|link| link.display().to_string())
            .collect::<BTreeSet<_>>()
    };
    let own = of("self");
    let theirs = all.iter().flat_map(|pid| of(&pid.to_string()));
    theirs.filter(|space| !own.contains(space)).collect()
}

fn mounts() -> String {
    fs::read_to_string("/proc/self/mountinfo").unwrap()
}

/// The control groups that carafe makes, in every hierarchy.
fn groups() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let hierarchies = fs::read_dir("/sys/fs/cgroup")
        .into_iter()
        .flatten()
        .flatten();
    for hierarchy in hierarchies {
        for place in [hierarchy.path(), hierarchy.path().join("carafe")] {
            let groups = fs::read_dir(place).into_iter().flatten().flatten();
            found.extend(groups.map(|group| group.path().display().to_string()));
        }
    }
    found
}
