//! Flags of `run`: rights, limits, mounts, volumes, restarts, health.

use std::fs;
use std::path::Path;

use crate::support::{Carafe, eventually, processes_with};

fn sh(carafe: &Carafe, flags: &[&str], script: &str) -> String {
    let line = [&["run", "--rm"], flags, &["base", "sh", "-c", script]].concat();
    carafe.ok(line)
}

const STATUS: &str =
    "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t' | tr '\\n' ' '";

#[test]
fn what_programs_may_do() {
    let carafe = Carafe::new();
    let usual = "CapEff:00000000a80425fb CapBnd:00000000a80425fb NoNewPrivs:0 Seccomp:2 ";
    assert_eq!(sh(&carafe, &[], STATUS), usual);
    let one = "CapEff:0000000000000001 CapBnd:0000000000000001 NoNewPrivs:1 Seccomp:2 ";
    let flags = [
        "--cap-drop=ALL",
        "--cap-add=CHOWN",
        "--security-opt=no-new-privileges",
    ];
    assert_eq!(sh(&carafe, &flags, STATUS), one);
    let open = sh(&carafe, &["--security-opt=seccomp=unconfined"], STATUS);
    assert!(open.ends_with("Seccomp:0 "), "{open}");
    for (flag, words) in [
        ("--security-opt=seccomp=x.json", "not implemented"),
        ("--cap-add=NOSUCH", "NOSUCH"),
        ("--privileged", "--privileged"),
        ("--restart=sometimes", "no policy"),
        ("--mount=type=nfs,target=/x", "no type `nfs` yet"),
        ("--dns=x", "no IP address"),
        ("--cpus=0", "number of processors"),
    ] {
        let error = carafe.fails(125, ["run", flag, "base", "true"]);
        assert!(error.contains(words), "{flag}: {error}");
    }
}

#[test]
fn process_one_reaps_and_passes_signals_on() {
    let carafe = Carafe::new();
    // An orphan that ends becomes nobody's; without a reaper it would stay as a zombie.
    let script = "sh -c 'sh -c true & exec true'; sleep 0.3; \
        grep -l 'State:.Z' /proc/[0-9]*/status; cat /proc/1/comm; test $$ != 1 && echo child; exit 7";
    let said = carafe.run(["run", "--rm", "--init", "base", "sh", "-c", script]);
    assert_eq!(said.code, 7, "{said:#?}");
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert!(lines.len() == 2 && lines[1] == "child", "{said:#?}");
    let script = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.02; done";
    carafe.ok([
        "run", "-d", "--init", "--name", "init", "base", "sh", "-c", script,
    ]);
    eventually("it is ready", || carafe.ok(["logs", "init"]) == "ready\n");
    carafe.ok(["stop", "init"]);
    let code = carafe.ok(["inspect", "-f", "{{.State.ExitCode}}", "init"]);
    assert_eq!(code, "5\n");
    carafe.fails(127, ["run", "--rm", "--init", "base", "nosuch"]);
}

/// Whether this process can make control groups with the controller.
pub(crate) fn has_controller(name: &str) -> bool {
    let one = Path::new("/sys/fs/cgroup").join(name);
    let two = fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").unwrap_or_default();
    rustix::process::geteuid().is_root()
        && (one.join("cgroup.procs").exists() || two.split_whitespace().any(|word| word == name))
}

#[test]
fn what_programs_may_use() {
    let carafe = Carafe::new();
    let limits = sh(
        &carafe,
        &["--ulimit", "nofile=50:60", "--shm-size=1m"],
        "ulimit -n; ulimit -Hn; stat -f -c %b /dev/shm",
    );
    assert_eq!(limits, "50\n60\n256\n");
    let error = carafe.fails(125, ["run", "--ulimit", "nofile=x", "base", "true"]);
    assert!(error.contains("nofile=x"), "{error}");
    let line = [
        "run",
        "--rm",
        "--pids-limit=4",
        "--memory=64m",
        "--cpus=0.5",
        "base",
        "sh",
        "-c",
    ];
    let script = "for i in 1 2 3 4 5 6; do sleep 1 & done; echo all";
    let said = carafe.run(line.into_iter().chain([script]));
    if has_controller("pids") && has_controller("memory") && has_controller("cpu") {
        assert!(said.stderr.contains("can't fork"), "{said:#?}");
        assert!(!said.stderr.contains("without limits"), "{said:#?}");
    } else {
        assert!(said.stderr.contains("runs without limits"), "{said:#?}");
        assert_eq!(said.stdout, "all\n");
    }
}

#[test]
fn mounts_of_all_kinds() {
    let carafe = Carafe::new();
    carafe.write("data/in", b"host");
    let tmpfs = sh(
        &carafe,
        &[
            "--read-only",
            "--tmpfs=/tmp:size=64k",
            "--mount=type=tmpfs,target=/t,tmpfs-mode=700",
        ],
        "touch /tmp/x && touch /x || echo read-only; stat -c %a /tmp /t; grep -c ' /tmp .*noexec' /proc/mounts",
    );
    assert_eq!(tmpfs, "read-only\n1777\n700\n1\n");
    let bind = sh(
        &carafe,
        &["--mount=type=bind,src=./data,dst=/data,readonly"],
        "cat /data/in; touch /data/x || echo no",
    );
    assert_eq!(bind, "hostno\n");
    let twice = ["run", "-v", "./data:/x", "--tmpfs", "/x", "base", "true"];
    assert!(carafe.fails(125, twice).contains("two things"));
}

#[test]
fn volumes_are_filled_kept_and_removed() {
    let carafe = Carafe::new();
    let context = carafe.context(
        "FROM base\nRUN mkdir /data && echo image > /data/file && busybox chown -R 1000:1001 /data && busybox chmod 750 /data\n",
    );
    carafe.ok(["build", "-t", "app", &context]);
    let run =
        |script: &str| carafe.ok(["run", "--rm", "-v", "vol:/data", "app", "sh", "-c", script]);
    let script = "cat /data/file; stat -c '%u:%g %a' /data; echo more > /data/more";
    assert_eq!(run(script), "image\n1000:1001 750\n");
    assert_eq!(run("cat /data/more; rm /data/file"), "more\n");
    assert_eq!(run("ls /data"), "more\n", "only what is empty is filled");
    assert_eq!(carafe.ok(["volume", "ls", "-q"]), "vol\n");
    let at = carafe.ok(["volume", "inspect", "-f", "{{.Mountpoint}}", "vol"]);
    assert_eq!(
        fs::read_to_string(Path::new(at.trim()).join("more")).unwrap(),
        "more\n"
    );

    carafe.ok([
        "run",
        "--name",
        "user",
        "-v",
        "vol:/data:ro",
        "-v",
        "/anonymous",
        "app",
        "true",
    ]);
    let error = carafe.fails(1, ["volume", "rm", "vol"]);
    assert!(error.contains("in use by container user"), "{error}");
    assert_eq!(carafe.ok(["volume", "ls", "-q"]).lines().count(), 2);
    let types = "{{range .Mounts}}{{.Type}} {{.RW}},{{end}}";
    assert_eq!(
        carafe.ok(["inspect", "-f", types, "user"]),
        "volume false,volume true,\n"
    );
    carafe.ok(["rm", "-v", "user"]);
    assert_eq!(carafe.ok(["volume", "ls", "-q"]), "vol\n");
    carafe.ok(["volume", "create", "--label", "a=b", "other"]);
    assert_eq!(
        carafe.ok(["volume", "ls", "-q", "--filter", "label=a"]),
        "other\n"
    );
    carafe.ok(["volume", "create"]);
    let used = carafe.ok([
        "system",
        "df",
        "--format",
        "{{.Type}} {{.TotalCount}} {{.Active}}",
    ]);
    assert!(used.contains("Local Volumes 3 0\n"), "{used}");
    let pruned = carafe.ok(["system", "prune", "-f", "--volumes"]);
    assert!(pruned.contains("Deleted Volumes:"), "{pruned}");
    assert_eq!(carafe.ok(["volume", "ls", "-q"]), "other\nvol\n");
    carafe.fails(2, ["prune", "-f", "--volumes", "--filter", "until=1h"]);
    carafe.ok(["volume", "create"]);
    let pruned = carafe.ok(["volume", "prune", "-f"]);
    assert!(pruned.contains("Deleted Volumes:") && !pruned.contains("other"));
    assert_eq!(carafe.ok(["volume", "rm", "other", "vol"]), "other\nvol\n");
    carafe.fails(1, ["volume", "rm", "vol"]);
}

#[test]
fn names_that_the_container_knows() {
    let carafe = Carafe::new();
    let said = sh(
        &carafe,
        &[
            "--dns=10.0.0.1",
            "--dns-search=a.b",
            "--add-host=x:1.2.3.4",
            "-h",
            "box",
        ],
        "cat /etc/resolv.conf; grep -E 'x$' /etc/hosts; hostname",
    );
    assert!(
        said.starts_with("nameserver 10.0.0.1\nsearch a.b\n"),
        "{said}"
    );
    assert!(said.ends_with("1.2.3.4\tx\n127.0.0.1\tbox\nbox\n") || said.contains("1.2.3.4\tx"));
}

#[test]
fn what_fails_is_started_again_until_it_is_stopped() {
    let carafe = Carafe::new();
    let twice = [
        "run",
        "-d",
        "--name",
        "twice",
        "--restart=on-failure:2",
        "-p",
        "127.0.0.1::80",
    ];
    carafe.ok(twice
        .into_iter()
        .chain(["base", "sh", "-c", "echo run; exit 3"]));
    let state = "{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}";
    eventually("the end", || {
        carafe.ok(["inspect", "-f", state, "twice"]) == "exited 2 3\n"
    });
    assert_eq!(carafe.ok(["logs", "twice"]), "run\nrun\nrun\n");

    let script = "echo run; sleep 0.1";
    carafe.ok([
        "run",
        "-d",
        "--name",
        "always",
        "--restart=always",
        "base",
        "sh",
        "-c",
        script,
    ]);
    eventually("the second run", || {
        carafe.ok(["logs", "always"]).lines().count() > 1
    });
    carafe.ok(["stop", "-t", "0", "always"]);
    let ended = carafe.ok(["logs", "always"]);
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(carafe.ok(["logs", "always"]), ended);
    assert!(carafe.ok(["inspect", "-f", "{{.State.Status}}", "always"]) == "exited\n");
    let both = carafe.fails(125, ["run", "--rm", "--restart=always", "base", "true"]);
    assert!(both.contains("exclude each other"), "{both}");
}

#[test]
fn health_is_checked_and_shown() {
    let carafe = Carafe::new();
    let context = carafe.context(
        "FROM base\nENV WHO=me\nHEALTHCHECK --interval=50ms --retries=2 CMD echo \"$WHO\"; test -e /well\nCMD [\"sleep\", \"30\"]\n",
    );
    carafe.ok(["build", "-t", "app", &context]);
    let script = "sleep 0.4; touch /well; sleep 30";
    carafe.ok(["run", "-d", "--name", "sick", "app", "sh", "-c", script]);
    let status = |name: &str| carafe.ok(["inspect", "-f", "{{.State.Health.Status}}", name]);
    let shown = |words: &str| carafe.ok(["ps"]).contains(words);
    assert!(shown("(health: starting)") || shown("(unhealthy)"));
    eventually("it is unhealthy", || status("sick") == "unhealthy\n");
    eventually("it is healthy", || status("sick") == "healthy\n");
    assert!(shown("(healthy)"));
    let log = "{{(index .State.Health.Log 0).Output}}";
    assert_eq!(carafe.ok(["inspect", "-f", log, "sick"]), "me\n\n");
    let id = carafe.ok(["inspect", "-f", "{{.Id}}", "sick"]);
    let owner = processes_with(id.trim())[0];
    let children = format!("/proc/{owner}/task");
    let children: String = fs::read_dir(children)
        .unwrap()
        .flatten()
        .map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default())
        .collect();
    // Process 1, the guard, and perhaps a check.
    let count = children.split_whitespace().count();
    assert!(count <= 3, "checks are not reaped: {children}");
    carafe.ok(["rm", "-f", "sick"]);

    let flags = [
        "--health-cmd=sleep 5",
        "--health-timeout=100ms",
        "--health-interval=50ms",
    ];
    let slow = ["run", "-d", "--name", "slow"].into_iter().chain(flags);
    carafe.ok(slow.chain(["--health-retries=1", "app"]));
    eventually("it is unhealthy", || status("slow") == "unhealthy\n");
    let said = carafe.ok(["inspect", "-f", log, "slow"]);
    assert!(said.contains("exceeded timeout (0.1s)"), "{said}");
    carafe.ok(["rm", "-f", "slow"]);
    carafe.ok(["run", "-d", "--name", "none", "--no-healthcheck", "app"]);
    assert!(!shown("health"));
    carafe.ok(["rm", "-f", "none"]);
}
