//! The way out of a container's own network: with the real pasta, on a machine that has one neighbour.

use std::fs;
use std::process::{Command, Stdio};

use crate::support::{Carafe, Said, eventually, said};

/// A machine (10.9.9.1) whose default route leads to a neighbour (10.9.9.2), where somebody listens; on it, `"$@"`.
const MACHINE: &str = r#"
set -e
ip link set lo up
unshare --net sleep 60 & neighbour=$! server= local=
nc() { "$BUSYBOX" nc -w 1 "$@"; }
trap 'kill $neighbour $server $local' EXIT
until [ "$(readlink /proc/$neighbour/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
ip link add here type veth peer name there netns $neighbour
ip address add 10.9.9.1/24 dev here
ip link set here up
there() { nsenter --net --target $neighbour "$@"; }
there ip address add 10.9.9.2/24 dev there
there ip link set there up
ip route add default via 10.9.9.2
nsenter --net --target $neighbour python3 -c "$SERVER" 10.9.9.2 hello & server=$!
python3 -c "$SERVER" 127.0.0.1 host & local=$!
until nc 10.9.9.2 80 && nc 127.0.0.1 80; do sleep 0.05; done >/dev/null 2>&1 </dev/null
"$@"
"#;

/// Greets whoever comes to port 80 of an address.
const SERVER: &str = "
import socket, sys
server = socket.create_server((sys.argv[1], 80))
while True:
    connection, _ = server.accept()
    connection.sendall(sys.argv[2].encode() + b'\\n')
    connection.close()
";

fn on_a_machine(carafe: &Carafe, args: &[&str]) -> Said {
    let command = carafe.command(args);
    let mut machine = Command::new("unshare");
    machine.args(["--net", "sh", "-c", MACHINE, "machine"]);
    machine.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => machine.env(name, value),
            None => machine.env_remove(name),
        };
    }
    machine
        .env("BUSYBOX", testkit::busybox())
        .env("SERVER", SERVER);
    said(&machine.output().unwrap())
}

#[test]
fn a_container_gets_out_and_not_to_the_host() {
    let carafe = Carafe::new();
    // Older pastas do not always pass on that the other side has ended.
    let script = "for host in 10.9.9.2 127.0.0.1 10.9.9.1; do \
        sleep 0.3 | timeout 2 nc -w 1 $host 80; done; true";
    let said = on_a_machine(&carafe, &["run", "--rm", "base", "sh", "-c", script]);
    assert_eq!((said.code, &*said.stdout), (0, "hello\n"), "{said:#?}");
    assert!(!said.stderr.contains("warning"), "{said:#?}");
    let flags = ["run", "--rm", "--network=none", "base", "sh", "-c", script];
    assert_eq!(on_a_machine(&carafe, &flags).stdout, "");
}

/// How many processes have the variables of this store's commands.
fn processes_of(carafe: &Carafe) -> usize {
    let store = carafe.path("store");
    let wanted = format!("CARAFE_ROOT={}", store.display());
    let ids = fs::read_dir("/proc").unwrap().flatten();
    ids.filter(|entry| {
        let variables = fs::read(entry.path().join("environ")).unwrap_or_default();
        variables
            .split(|byte| *byte == 0)
            .any(|variable| variable == wanted.as_bytes())
    })
    .count()
}

#[test]
fn nothing_is_left_of_it() {
    let carafe = Carafe::new();
    let script = "test -e /sys/class/net/lo && sleep 0.2; exit 1";
    let flags = ["run", "--restart=on-failure:1", "base", "sh", "-c", script];
    assert_eq!(on_a_machine(&carafe, &flags).code, 1);
    assert_eq!(processes_of(&carafe), 0);
    let mut killed = carafe.spawn(["run", "base", "sleep", "9"], Stdio::null());
    // Itself and pasta.
    eventually("all run", || processes_of(&carafe) == 2);
    killed.kill().unwrap();
    killed.wait().unwrap();
    eventually("all have ended", || processes_of(&carafe) == 0);
}

#[test]
fn without_it_containers_run_and_say_so() {
    let carafe = Carafe::new();
    let run = |flags: &[&str]| {
        let line = [&["run", "--rm"], flags, &["base", "true"]].concat();
        let said = said(
            &carafe
                .command(line)
                .env("PATH", "/nowhere")
                .output()
                .unwrap(),
        );
        assert_eq!(said.code, 0, "{said:#?}");
        said.stderr
    };
    assert!(run(&[]).contains("pasta is not installed (Debian: passt)"));
    for quiet in ["--network=none", "--network=host", "-p=127.0.0.1::80"] {
        assert_eq!(run(&[quiet]), "");
    }
}
