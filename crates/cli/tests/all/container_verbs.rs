//! What one does with a container that is there: exec, cp, top, kill, wait, start, rename; and what it leaves.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::doctor::{subordinate_ids, user_command};
use crate::run_flags::has_controller;
use crate::support::session::Session;
use crate::support::{Carafe, Said, eventually, processes_with, said};

fn sleeper(carafe: &Carafe, name: &str, flags: &[&str]) {
    let line = [
        &["run", "-d", "--name", name],
        flags,
        &["base", "sleep", "4713.5"],
    ]
    .concat();
    carafe.ok(line);
}

const SEEN: &str = "for n in mnt pid ipc uts net user; do readlink /proc/self/ns/$n; done; \
    grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status; cat /proc/self/cgroup; ls /proc/self/fd | grep -c .";

#[test]
fn a_further_program_is_where_the_first_is() {
    let carafe = Carafe::new();
    let script = format!("{SEEN}; exec sleep 60");
    let script = script.replace("readlink", "busybox readlink");
    let flags = [
        "run",
        "-d",
        "--name",
        "web",
        "-e",
        "A=1",
        "--cap-drop=CHOWN",
        "--pids-limit=50",
    ];
    carafe.ok(flags.into_iter().chain(["base", "sh", "-c", &script]));
    eventually("its words", || {
        carafe.ok(["logs", "web"]).lines().count() > 12
    });
    let seen = SEEN.replace("readlink", "busybox readlink");
    let further = carafe.ok(["exec", "web", "sh", "-c", &seen]);
    assert_eq!(further, carafe.ok(["logs", "web"]));

    let said = carafe.feed(
        [
            "exec",
            "-i",
            "-e",
            "B=2",
            "-u",
            "app",
            "-w",
            "/tmp",
            "web",
            "sh",
            "-c",
            "cat; echo $A$B; id -un; pwd; exit 9",
        ],
        b"in ",
    );
    assert_eq!((said.code, said.stdout.as_str()), (9, "in 12\napp\n/tmp\n"));
    for (code, line, words) in [
        (127, ["exec", "web", "nosuch"], "nosuch"),
        (126, ["exec", "web", "/etc/not-executable"], "executable"),
        (2, ["exec", "--privileged", "web"], "required"),
        (1, ["exec", "nothing", "true"], "no container nothing"),
    ] {
        let error = carafe.fails(code, line);
        assert!(error.contains(words), "{error}");
    }
    carafe.fails(127, ["exec", "-w", "/nowhere", "web", "true"]);
    let refused = carafe.fails(2, ["exec", "--privileged", "web", "true"]);
    assert!(refused.contains("not implemented"), "{refused}");
    carafe.ok([
        "exec",
        "-d",
        "web",
        "sh",
        "-c",
        "echo $$ > /left; sleep 4714.25",
    ]);
    eventually("the file", || {
        carafe.run(["exec", "web", "cat", "/left"]).code == 0
    });
    assert!(carafe.ok(["top", "web"]).contains("sleep 4714.25"));
    carafe.fails(127, ["exec", "-d", "web", "nosuch"]);
    carafe.ok(["rm", "-f", "web"]);
    eventually("its end", || processes_with("4714.25").is_empty());
    sleeper(&carafe, "ended", &[]);
    carafe.ok(["kill", "ended"]);
    let error = carafe.fails(1, ["exec", "ended", "true"]);
    assert!(error.contains("ended is not running"), "{error}");
}

#[test]
fn a_terminal_of_the_container() {
    let carafe = Carafe::new();
    sleeper(&carafe, "tty", &[]);
    let script = "tty=$(busybox tty); test -c $tty && echo $tty; busybox stat -c %u $tty";
    let said = carafe.run(["exec", "-t", "-u", "app", "tty", "sh", "-c", script]);
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (0, "/dev/pts/0\r\n1000\r\n"),
        "{said:#?}"
    );
    carafe.ok(["rm", "-f", "tty"]);
}

#[test]
fn the_users_terminal_is_the_containers() {
    let carafe = Carafe::new();
    sleeper(&carafe, "tty", &[]);
    let shell = "while read line; do eval \"$line\"; done";
    for line in [
        ["run", "--rm", "-it", "--init", "base", "sh", "-c", shell].as_slice(),
        &["run", "--rm", "-it", "base", "sh", "-c", shell],
        &["exec", "-it", "tty", "sh", "-c", shell],
    ] {
        let mut session = Session::start(&carafe, line);
        session.types("busybox stty size\n");
        session.sees("33 99");
        session.resize(31, 71);
        session.sends(Signal::WINCH);
        // It comes to the inside on a way of its own.
        session.types(
            "while test \"$(busybox stty size)\" != '31 71'; do sleep 0.01; done; echo si'zed'\n",
        );
        session.sees("sized");
        session.types("trap 'echo caught $((3+4))' INT; sleep 4717.5 || true; exit 5\n");
        eventually("it sleeps", || !processes_with("4717.5").is_empty());
        session.types("\x03");
        session.sees("caught 7");
        assert_eq!(session.child.wait().unwrap().code(), Some(5));
    }
    carafe.ok(["rm", "-f", "tty"]);
}

#[test]
fn files_go_in_and_out() {
    let carafe = Carafe::new();
    carafe.write("in/a", b"A");
    carafe.write("in/sub/b", b"B");
    let host = |name: &str| fs::read_to_string(carafe.path(name)).unwrap();
    for runs in [true, false] {
        sleeper(&carafe, "box", &["--tmpfs", "/mem"]);
        if !runs {
            carafe.ok(["kill", "box"]);
        }
        carafe.ok(["cp", "in", "box:/new"]);
        carafe.ok(["cp", "in", "box:/tmp"]);
        carafe.ok(["cp", "in/.", "box:/tmp/"]);
        carafe.ok(["cp", "in/a", "box:/tmp/other"]);
        carafe.ok(["cp", "box:/new/sub", "out"]);
        assert_eq!(host("out/b"), "B");
        carafe.ok(["cp", "box:/tmp/in/a", "out/"]);
        carafe.ok(["cp", "box:tmp/other", "out/c"]);
        carafe.ok(["cp", "box:/tmp/sub/.", "out/d"]);
        assert_eq!(
            (host("out/a"), host("out/c"), host("out/d/b")),
            ("A".into(), "A".into(), "B".into())
        );
        if runs {
            carafe.ok(["cp", "in/a", "box:/mem/a"]);
            assert_eq!(carafe.ok(["exec", "box", "cat", "/mem/a"]), "A");
            // A link that leads out of the root leads into it.
            carafe.write("secret", b"host's");
            let link = format!(
                "busybox ln -s {} /tmp/link; busybox ln -s / /tmp/root",
                carafe.path("secret").display()
            );
            carafe.ok(["exec", "box", "sh", "-c", &link]);
            carafe.fails(1, ["cp", "-L", "box:/tmp/link", "stolen"]);
            carafe.ok(["cp", "in/a", "box:/tmp/root/../../placed"]);
            assert_eq!(carafe.ok(["exec", "box", "cat", "/placed"]), "A");
            carafe.ok(["cp", "box:/tmp/link", "copied"]);
            assert!(
                fs::symlink_metadata(carafe.path("copied"))
                    .unwrap()
                    .is_symlink()
            );
        }
        let error = carafe.fails(1, ["cp", "box:/nowhere", "x"]);
        assert!(error.contains("no /nowhere"), "{error}");
        carafe.fails(1, ["cp", "in/a", "box:/nowhere/x"]);
        carafe.ok(["rm", "-f", "box"]);
        fs::remove_dir_all(carafe.path("out")).unwrap();
    }
}

#[test]
fn the_life_of_a_container() {
    let carafe = Carafe::new();
    let script = "echo run; trap 'exit 4' USR1; while :; do sleep 0.02; done";
    carafe.ok([
        "run",
        "-d",
        "--name",
        "life",
        "-p",
        "127.0.0.1::80",
        "base",
        "sh",
        "-c",
        script,
    ]);
    eventually("it runs", || carafe.ok(["logs", "life"]) == "run\n");
    let port = carafe.ok(["port", "life", "80"]);
    assert!(port.starts_with("127.0.0.1:"), "{port}");
    assert_eq!(carafe.ok(["port", "life"]), format!("80/tcp -> {port}"));
    carafe.fails(1, ["port", "life", "81"]);
    let top = carafe.ok(["top", "life"]);
    assert!(top.starts_with("UID") && top.contains("while :"), "{top}");

    let stats = carafe.ok([
        "stats",
        "--no-stream",
        "--format",
        "{{.Name}} {{.CPUPerc}} {{.PIDs}}",
    ]);
    assert!(stats.starts_with("life ") && stats.contains('%'), "{stats}");
    let mut live = carafe.spawn(["stats", "--format={{.Name}}"], Stdio::null());
    let lines = BufReader::new(live.stdout.take().unwrap()).lines().take(2);
    assert_eq!(lines.map(Result::unwrap).collect::<Vec<_>>(), ["life"; 2]);
    assert!(live.wait().unwrap().success(), "nobody reads it any more");
    for (filter, names) in [
        ("status=running", "life\n"),
        ("status=exited", ""),
        ("name=if", "life\n"),
        ("ancestor=base", "life\n"),
        ("health=none", "life\n"),
        ("label=x", ""),
    ] {
        let line = ["ps", "--filter", filter, "--format", "{{.Names}}"];
        assert_eq!(carafe.ok(line), names, "{filter}");
    }
    carafe.fails(2, ["ps", "--filter", "colour=red"]);
    assert_eq!(carafe.ok(["logs", "--since", "1h", "life"]), "run\n");
    assert_eq!(carafe.ok(["logs", "--until", "1h", "life"]), "");

    let wait = carafe.spawn(["wait", "life"], Stdio::null());
    carafe.ok(["kill", "-s", "USR1", "life"]);
    assert_eq!(said(&wait.wait_with_output().unwrap()).stdout, "4\n");
    carafe.fails(1, ["kill", "life"]);
    assert_eq!(carafe.ok(["start", "life"]), "life\n");
    assert_eq!(carafe.ok(["start", "life"]), "life\n");
    eventually("it runs again", || {
        carafe.ok(["logs", "life"]) == "run\nrun\n"
    });
    assert_eq!(carafe.ok(["restart", "-t", "0", "life"]), "life\n");
    eventually("it runs again", || {
        carafe.ok(["logs", "life"]).lines().count() == 3
    });
    carafe.ok(["rename", "life", "other"]);
    carafe.fails(1, ["rename", "nothing", "x1"]);
    assert_eq!(carafe.ok(["kill", "other"]), "other\n");
    assert_eq!(carafe.ok(["wait", "other"]), "137\n");
    carafe.ok(["run", "--name", "once", "base", "echo", "once"]);
    carafe.ok([
        "run", "-d", "--rm", "--name", "gone", "base", "sleep", "4713.75",
    ]);
    let wait = carafe.spawn(["wait", "gone"], Stdio::null());
    std::thread::sleep(std::time::Duration::from_millis(300));
    carafe.ok(["kill", "gone"]);
    let waited = said(&wait.wait_with_output().unwrap());
    assert!(
        waited.code == 1 && waited.stderr.contains("exit code with it"),
        "{waited:#?}"
    );
    let again = carafe.run(["start", "-a", "once"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, "once\n"));
}

/// The directories of the control groups of the containers, and the lines of the mount table that have to do with the store.
fn remains(carafe: &Carafe) -> (Vec<PathBuf>, Vec<String>) {
    let mut groups = Vec::new();
    for entry in fs::read_dir(carafe.path("store/containers")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path().join("state.json")).unwrap();
        let state: serde_json::Value = serde_json::from_str(&text).unwrap();
        let listed = state["cgroups"].as_array().unwrap();
        groups.extend(
            listed
                .iter()
                .map(|path| PathBuf::from(path.as_str().unwrap())),
        );
    }
    let store = carafe.path("store").display().to_string();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mounts = mounts.lines().filter(|line| line.contains(&store));
    (groups, mounts.map(str::to_owned).collect())
}

/// The processes whose command line or root has to do with this store.
fn processes_of(carafe: &Carafe) -> Vec<i32> {
    processes_with(carafe.path("store").to_str().unwrap())
}

#[test]
fn nothing_is_left_of_what_was_killed() {
    let carafe = Carafe::new();
    let limits = [
        "--pids-limit=50",
        "--memory=64m",
        "--init",
        "--health-cmd=true",
        "--health-interval=20ms",
    ];
    for victim in ["init", "monitor", "foreground"] {
        let mut foreground = None;
        let pid = if victim == "foreground" {
            let line = ["run", "--name", victim].into_iter().chain(limits);
            let line = line.chain(["base", "sleep", "4715.75"]);
            let child = carafe.spawn(line, Stdio::null());
            eventually("it runs", || !processes_with("4715.75").is_empty());
            let pid = child.id().to_string();
            foreground = Some(child);
            pid
        } else {
            carafe.ok(["run", "-d", "--name", victim]
                .into_iter()
                .chain(limits)
                .chain(["base", "sleep", "4715.75"]));
            let pid = carafe.ok(["inspect", "-f", "{{.State.Pid}}", victim]);
            let id = carafe.ok(["inspect", "-f", "{{.Id}}", victim]);
            match victim {
                "init" => pid.trim().to_owned(),
                _ => processes_with(id.trim())[0].to_string(),
            }
        };
        let state = "{{.State.Status}} {{.State.ExitCode}}";
        eventually("it is known", || {
            carafe.run(["inspect", "-f", state, victim]).stdout == "running 0\n"
        });
        let (groups, mounts) = remains(&carafe);
        assert!(mounts.is_empty(), "{mounts:?}");
        if has_controller("pids") {
            assert!(
                !groups.is_empty() && groups.iter().all(|group| group.exists()),
                "{groups:?}"
            );
        }
        kill_process(Pid::from_raw(pid.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
        if let Some(mut child) = foreground {
            child.wait().unwrap();
        }
        eventually("the end", || {
            carafe.ok(["inspect", "-f", state, victim]) == "exited 137\n"
        });
        eventually("no process", || {
            processes_with("4715.75").is_empty() && processes_of(&carafe).is_empty()
        });
        eventually("no group", || !groups.iter().any(|group| group.exists()));
        let (_, mounts) = remains(&carafe);
        assert!(mounts.is_empty(), "{mounts:?}");
        carafe.ok(["rm", victim]);
    }
}

/// As a user with no rights, and whatever ids the machine gives it.
fn as_user(carafe: &Carafe, line: &[&str]) -> Said {
    let mut command = carafe.command_of(&carafe.program_for_others(), line);
    if rustix::process::geteuid().is_root() {
        command.uid(4716).gid(4716);
    }
    said(&command.output().unwrap())
}

#[test]
fn who_has_subordinate_ids_ends_what_they_run() {
    let carafe = Carafe::new();
    fs::remove_dir_all(carafe.path("store")).unwrap();
    let setup = subordinate_ids(&carafe).replace("mkdir", "mkdir -p");
    let tar = carafe.path("base.tar");
    let ok = |line: &[&str]| {
        let said = said(&user_command(&carafe, &setup, line).output().unwrap());
        assert_eq!(said.code, 0, "{line:?}: {said:#?}");
    };
    ok(&["import", tar.to_str().unwrap(), "base"]);
    // Each command has another user namespace, and in none of them power over this process.
    let run = ["run", "-d", "--init", "--name=app", "--user=1000:1000"];
    ok(&[&run[..], &["base", "sleep", "4719.5"]].concat());
    ok(&["stop", "app"]);
    ok(&["start", "app"]);
    ok(&["kill", "app"]);
    ok(&["wait", "app"]);
    ok(&["start", "app"]);
    ok(&["rm", "-f", "app"]);
    eventually("the end", || processes_with("4719.5").is_empty());
}

#[test]
fn an_ordinary_user_has_containers() {
    let carafe = Carafe::new();
    if rustix::process::geteuid().is_root() {
        // Its ids are not the user's: a store is made anew.
        fs::remove_dir_all(carafe.path("store")).unwrap();
        let chown = Command::new("chown")
            .args(["-R", "4716:4716"])
            .arg(carafe.path(""))
            .status();
        assert!(chown.unwrap().success());
    }
    let tar = carafe.path("base.tar");
    let ok = |line: &[&str]| {
        let said = as_user(&carafe, line);
        assert_eq!(said.code, 0, "{line:?}: {said:#?}");
        said
    };
    ok(&["import", tar.to_str().unwrap(), "base"]);
    let line = [
        "run",
        "-d",
        "--name",
        "own",
        "--init",
        "-v",
        "vol:/tmp",
        "--memory=64m",
    ];
    let health = [
        "--health-cmd=true",
        "--health-interval=50ms",
        "base",
        "sleep",
        "4716.5",
    ];
    let started = ok(&[&line[..], &health[..]].concat());
    assert!(
        started.stderr.is_empty() || started.stderr.contains("without limits"),
        "{started:#?}"
    );
    let seen = ok(&[
        "exec",
        "own",
        "sh",
        "-c",
        "id -u; cat /proc/1/comm; hostname",
    ]);
    let id = ok(&["inspect", "-f", "{{.Config.Hostname}}", "own"]).stdout;
    assert!(
        seen.stdout.starts_with("0\n") && seen.stdout.ends_with(&id),
        "{seen:#?}"
    );
    ok(&["cp", "base.tar", "own:/tmp/x"]);
    ok(&["exec", "own", "test", "-s", "/tmp/x"]);
    assert!(ok(&["top", "own"]).stdout.contains("sleep 4716.5"));
    eventually("it is healthy", || ok(&["ps"]).stdout.contains("(healthy)"));
    ok(&["stop", "-t", "1", "own"]);
    ok(&["cp", "own:/etc/passwd", "passwd"]);
    ok(&["start", "own"]);
    ok(&["exec", "own", "test", "-s", "/tmp/x"]);
    ok(&["rm", "-f", "own"]);
    ok(&["volume", "rm", "vol"]);
    eventually("its end", || processes_with("4716.5").is_empty());
}
