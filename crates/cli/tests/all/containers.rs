//! `run` and its companions.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Carafe, eventually, processes_with, said};

#[test]
fn exit_codes_are_dockers() {
    let carafe = Carafe::new();
    assert_eq!(carafe.run(["run", "--rm", "base", "true"]).code, 0);
    assert_eq!(
        carafe
            .run(["run", "--rm", "base", "sh", "-c", "exit 7"])
            .code,
        7
    );
    assert!(
        carafe
            .fails(127, ["run", "--rm", "base", "nosuch"])
            .contains("nosuch")
    );
    assert!(
        carafe
            .fails(126, ["run", "--rm", "base", "/etc/not-executable"])
            .contains("executable")
    );
    assert!(
        carafe
            .fails(125, ["run", "--rm", "base"])
            .contains("no program")
    );
    assert!(
        carafe
            .fails(125, ["run", "--rm", "-u", "nosuch", "base", "id"])
            .contains("nosuch")
    );
    carafe.fails(125, ["run", "--nonsense", "base"]);
    assert_eq!(carafe.ok(["ps", "-aq"]), "", "--rm leaves nothing");
}

#[test]
fn the_image_and_the_flags_are_honoured() {
    let carafe = Carafe::new();
    let context = carafe.context(
        "FROM base\nENV A=image B=image\nUSER app\nWORKDIR /work\nENTRYPOINT [\"sh\", \"-c\"]\nCMD [\"pwd; id; echo $A $B $HOME\"]\n",
    );
    carafe.ok(["build", "-t", "app", &context]);
    let id = "uid=1000(app) gid=1000(app) groups=1000(app),1001(extra)";
    let said = carafe.ok(["run", "--rm", "app"]);
    assert_eq!(said, format!("/work\n{id}\nimage image /home/app\n"));
    carafe.write("vars", b"# note\nB=file\nC=file\n");
    let said = carafe.ok([
        "run",
        "--rm",
        "-e",
        "C=flag",
        "--env-file",
        "vars",
        "-w",
        "/tmp",
        "-u",
        "0:5",
        "--hostname",
        "box",
        "app",
        "pwd; hostname; echo $A $B $C; id -u; id -g",
    ]);
    assert_eq!(said, "/tmp\nbox\nimage file flag\n0\n5\n");
    assert_eq!(
        carafe.ok(["run", "--rm", "--entrypoint", "echo", "app", "x"]),
        "x\n"
    );
}

#[test]
fn folders_of_the_host() {
    let carafe = Carafe::new();
    carafe.write("data/in", b"from the host");
    let script = "cat /data/in; echo back > /data/out; touch /x && echo writable";
    let said = carafe.ok([
        "run",
        "--rm",
        "-v",
        "./data:/data",
        "base",
        "sh",
        "-c",
        script,
    ]);
    assert_eq!(said, "from the hostwritable\n");
    assert_eq!(
        fs::read_to_string(carafe.path("data/out")).unwrap(),
        "back\n"
    );
    let volume = format!("{}:/data:ro", carafe.path("data").display());
    let script = "touch /data/x || touch /x || echo neither";
    let said = carafe.ok([
        "run",
        "--rm",
        "--read-only",
        "-v",
        &volume,
        "base",
        "sh",
        "-c",
        script,
    ]);
    assert_eq!(said, "neither\n");
    let error = carafe.fails(125, ["run", "-v", "./nowhere:/x", "base", "true"]);
    assert!(error.contains("nowhere"), "{error}");
}

#[test]
fn input_and_streams_are_passed_on_and_kept() {
    let carafe = Carafe::new();
    let said = carafe.feed(
        ["run", "-i", "--name", "echo", "base", "cat"],
        b"in and out",
    );
    assert_eq!((said.code, said.stdout.as_str()), (0, "in and out"));
    let said = carafe.run([
        "run",
        "--name",
        "both",
        "base",
        "sh",
        "-c",
        "echo o; echo e >&2",
    ]);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("o\n", "e\n"));
    let logs = carafe.run(["logs", "both"]);
    assert_eq!((logs.stdout.as_str(), logs.stderr.as_str()), ("o\n", "e\n"));
    let stamped = carafe.ok(["logs", "-t", "both"]);
    assert!(
        stamped.starts_with("20") && stamped.ends_with("Z o\n"),
        "{stamped}"
    );
    let error = carafe.fails(125, ["run", "--name", "both", "base", "true"]);
    assert!(error.contains("in use"), "{error}");
    carafe.ok(["rm", "both", "echo"]);
    assert!(
        carafe
            .fails(1, ["logs", "both"])
            .contains("no container both")
    );
}

#[test]
fn a_detached_server_answers_and_stops() {
    let carafe = Carafe::new();
    let script = "mkdir /www; echo hello > /www/index.html; echo serving; httpd -f -p 80 -h /www & trap 'echo asked; exit 3' TERM; while :; do sleep 0.02; done";
    let id = carafe.ok([
        "run",
        "-d",
        "--name",
        "web",
        "-p",
        "127.0.0.1::80",
        "base",
        "sh",
        "-c",
        script,
    ]);
    assert_eq!(id.trim().len(), 64);
    let port = "{{range .NetworkSettings.Ports}}{{range .}}{{.HostPort}}{{end}}{{end}}";
    let port = carafe.ok(["inspect", "--format", port, "web"]);
    let address = format!("127.0.0.1:{}", port.trim());
    eventually("an answer", || {
        get(&address).is_some_and(|answer| answer.ends_with("hello\n"))
    });
    let ps = carafe.ok(["ps", "--format", "{{.Names}} {{.State}} {{.Ports}}"]);
    assert_eq!(ps, format!("web running {address}->80/tcp\n"));
    assert!(carafe.fails(1, ["rm", "web"]).contains("running"));
    assert!(carafe.fails(1, ["rmi", "base"]).contains("web"));

    carafe.ok(["stop", "web"]);
    assert_eq!(
        carafe.ok(["inspect", "--format", "{{.State.ExitCode}}", "web"]),
        "3\n"
    );
    assert_eq!(carafe.ok(["logs", "web"]), "serving\nasked\n");
    assert!(
        TcpStream::connect(&address).is_err(),
        "the port is free again"
    );
    assert_eq!(carafe.ok(["ps", "-q"]), "");
    carafe.ok(["rm", "web"]);
    assert_eq!(carafe.ok(["ps", "-aq"]), "");
}

fn get(address: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(b"GET /index.html HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

#[test]
fn a_port_that_is_taken_is_said_before_anything_starts() {
    let carafe = Carafe::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for mode in ["--rm", "-d"] {
        let publish = format!("127.0.0.1:{port}:80");
        let error = carafe.fails(125, ["run", mode, "-p", &publish, "base", "true"]);
        assert!(
            error.contains(&port.to_string()) && error.contains("in use"),
            "{error}"
        );
    }
}

#[test]
fn a_killed_monitor_takes_its_container_along() {
    let carafe = Carafe::new();
    let id = carafe.ok(["run", "-d", "--name", "orphan", "base", "sleep", "4712.25"]);
    let monitor = processes_with(id.trim());
    assert_eq!(monitor.len(), 1);
    kill_process(Pid::from_raw(monitor[0]).unwrap(), Signal::KILL).unwrap();
    eventually("the container's end", || {
        processes_with("4712.25").is_empty()
    });
    let state = "{{.State.Status}} {{.State.ExitCode}}";
    eventually("the state", || {
        carafe.ok(["inspect", "-f", state, "orphan"]) == "exited 137\n"
    });
    carafe.ok(["rm", "orphan"]);
}

#[test]
fn signals_go_to_the_program() {
    let carafe = Carafe::new();
    let script = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.02; done";
    let mut child = carafe.spawn(["run", "--rm", "base", "sh", "-c", script], Stdio::null());
    let mut ready = [0; 6];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut ready)
        .unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(said(&child.wait_with_output().unwrap()).code, 5);
}

#[test]
fn networks() {
    let carafe = Carafe::new();
    let outside = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = outside.local_addr().unwrap().port();
    let script = format!("nc 127.0.0.1 {port} < /dev/null && echo reached");
    let run = |network: &str| {
        let network = format!("--network={network}");
        carafe
            .run(["run", "--rm", &network, "base", "sh", "-c", &script])
            .stdout
    };
    let accept = std::thread::spawn(move || drop(outside.accept()));
    assert_eq!(run("private"), "");
    assert_eq!(run("none"), "");
    assert_eq!(run("host"), "reached\n");
    accept.join().unwrap();
}
