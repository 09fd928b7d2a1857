//! `--ssh`, with OpenSSH's own programs on both ends.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{Carafe, eventually};

const PROGRAMS: [&str; 2] = ["/usr/bin/ssh-add", "/usr/bin/ssh-keygen"];

/// A context with OpenSSH's programs and the libraries that they need.
fn context(carafe: &Carafe, dockerfile: &str) -> String {
    for program in PROGRAMS {
        let needed = Command::new("ldd").arg(program).output().unwrap();
        let needed = String::from_utf8(needed.stdout).unwrap();
        let libraries = needed
            .split_whitespace()
            .filter(|word| word.starts_with('/'));
        for file in libraries.chain([program]) {
            let place = carafe.path("context/root").join(&file[1..]);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::copy(file, place).expect("openssh-client is installed (scripts/setup test)");
        }
    }
    carafe.context(&format!("FROM base\nCOPY root /\n{dockerfile}"))
}

fn key(carafe: &Carafe, name: &str, arguments: &[&str]) -> String {
    let path = carafe.path(name);
    let status = Command::new("ssh-keygen")
        .args(["-q", "-C", name, "-f"])
        .arg(&path)
        .args(arguments)
        .status()
        .unwrap();
    assert!(status.success());
    path.to_str().unwrap().to_owned()
}

/// An agent, which ends with the value.
struct Agent(Child);

impl Agent {
    fn start(socket: &Path, key: &str) -> Self {
        let mut command = Command::new("ssh-agent");
        command.args(["-D", "-a"]).arg(socket).stdout(Stdio::null());
        let agent = Self(command.spawn().unwrap());
        eventually("the agent's socket", || socket.exists());
        let mut add = Command::new("ssh-add");
        add.arg("-q").arg(key).env("SSH_AUTH_SOCK", socket);
        assert!(add.status().unwrap().success());
        agent
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Signs and verifies with each key of the agent, and tries what an agent of others must not do.
const USES: &str = "\
RUN --mount=type=ssh,id=it \
    ssh-add -L > /keys && while read -r kind key name; do \
        echo \"$kind $key\" > /key.pub; echo \"me $kind $key\" > /allowed; echo text > /text; rm -f /text.sig; \
        ssh-keygen -q -Y sign -f /key.pub -n file /text && \
        ssh-keygen -Y verify -f /allowed -I me -n file -s /text.sig < /text || exit 1; \
    done < /keys; \
    ssh-add -D || echo cannot remove; ssh-add -x < /dev/null || echo cannot lock; \
    ssh-add -l | cut -d' ' -f3; echo at $SSH_AUTH_SOCK
RUN ls /run 2>/dev/null && echo left || echo nothing is left
";

#[test]
fn keys_are_used_and_the_agent_stays_as_it_is() {
    let carafe = Carafe::new();
    let context = context(&carafe, USES);
    let ed25519 = key(&carafe, "ed25519", &["-t", "ed25519", "-N", ""]);
    let rsa = key(&carafe, "rsa", &["-t", "rsa", "-b", "2048", "-N", ""]);
    let ecdsa = key(&carafe, "ecdsa", &["-t", "ecdsa", "-N", ""]);
    let socket = carafe.path("agent");
    let _agent = Agent::start(&socket, &ed25519);

    let with = |ssh: &str, keys: &[&str]| {
        let said = carafe.run(["build", "--no-cache", "--ssh", ssh, &context]);
        assert_eq!(said.code, 0, "{said:#?}");
        let good = said
            .stderr
            .matches("Good \"file\" signature for me")
            .count();
        assert_eq!(good, keys.len(), "{}", said.stderr);
        for words in [
            " cannot remove",
            " cannot lock",
            " nothing is left",
            " at /run/buildkit/ssh_agent.0",
        ]
        .iter()
        .chain(keys)
        {
            assert!(said.stderr.contains(words), "{words}: {}", said.stderr);
        }
    };
    with(
        &format!("it={ed25519},{rsa},{ecdsa}"),
        &[" ed25519", " rsa", " ecdsa"],
    );
    with(&format!("it={}", socket.display()), &[" ed25519"]);
    let mut build = carafe.command(["build", "--no-cache", "-q", "--ssh", "it", &context]);
    let output = build.env("SSH_AUTH_SOCK", &socket).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn sockets_are_where_and_whose_they_are_asked_to_be() {
    let carafe = Carafe::new();
    let context = context(
        &carafe,
        "WORKDIR /w\n\
         RUN --mount=type=ssh,target=a,mode=0660,uid=1000,gid=1001 --mount=type=ssh \
             stat -c '%n %F %a %u:%g' /w/a /run/buildkit/ssh_agent.1 && echo first $SSH_AUTH_SOCK\n\
         USER app\n\
         RUN --mount=type=ssh,uid=1000 for i in 1 2 3 4 5 6 7 8; do ssh-add -l & done; wait\n\
         RUN --mount=type=ssh,id=none test ! -e $SSH_AUTH_SOCK\n",
    );
    let key = key(&carafe, "ed25519", &["-t", "ed25519", "-N", ""]);
    let said = carafe.run(["build", "--ssh", &format!("default={key}"), &context]);
    assert_eq!(said.code, 0, "{said:#?}");
    for words in [
        "/w/a socket 660 1000:1001",
        "/run/buildkit/ssh_agent.1 socket 600 0:0",
        "first /w/a",
    ] {
        assert!(said.stderr.contains(words), "{words}: {}", said.stderr);
    }
    assert_eq!(
        said.stderr.matches("(ED25519)").count(),
        8,
        "{}",
        said.stderr
    );
    // Which keys there are does not count.
    carafe.ok(["build", &context]);
}

#[test]
fn what_is_missing_is_said() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nRUN --mount=type=ssh,required true\n");
    let missing = carafe.fails(1, ["build", &context]);
    for words in [
        "no SSH agent or key `default`",
        "Dockerfile:2",
        "--ssh default",
    ] {
        assert!(missing.contains(words), "{words}: {missing}");
    }
    let locked = key(&carafe, "locked", &["-t", "ed25519", "-N", "secret"]);
    let refused = carafe.fails(
        1,
        ["build", "--ssh", &format!("default={locked}"), &context],
    );
    assert!(
        refused.contains("encrypted with a passphrase") && refused.contains("ssh-add"),
        "{refused}"
    );
    carafe.fails(1, ["build", "--ssh", "default=/nowhere", &context]);
    for wrong in ["=x", "default=", "a=,b"] {
        let mut command = carafe.command(["build", "--ssh", wrong, &context]);
        let status = command.env_remove("SSH_AUTH_SOCK").output().unwrap().status;
        assert_eq!(status.code(), Some(2), "{wrong}");
    }
}

/// What the programs of git say to `ssh` is carried out here: there is no server, and which keys it would see is written
/// down.
const STAND_IN: &str = "#!/bin/sh
ssh-add -l > \"$(dirname \"$0\")/keys\" 2>&1
for command; do :; done
exec sh -c \"$command\"
";

#[test]
fn repositories_are_opened_with_the_same_keys() {
    use std::os::unix::fs::PermissionsExt as _;
    let carafe = Carafe::new();
    let program = carafe.write("bin/ssh", STAND_IN.as_bytes());
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    let tree = carafe.write("repository/file", b"content");
    let tree = tree.parent().unwrap();
    let steps: [&[&str]; 3] = [
        &["init", "-q", "-b", "main"],
        &["add", "."],
        &[
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@x",
            "commit",
            "-q",
            "-m",
            "x",
        ],
    ];
    for arguments in steps {
        let git = Command::new("git")
            .args(arguments)
            .current_dir(tree)
            .output();
        assert!(git.unwrap().status.success(), "{arguments:?}");
    }
    let url = format!("git@localhost:{}/.git", tree.display());
    let context = carafe.context(&format!("FROM base\nADD {url} /from\nRUN cat /from/file\n"));
    let key = key(&carafe, "ed25519", &["-t", "ed25519", "-N", ""]);
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", carafe.path("bin").display());
    let mut command = carafe.command(["build", "--ssh", &format!("default={key}"), &context]);
    let output = command.env("PATH", path).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let keys = fs::read_to_string(carafe.path("bin/keys")).unwrap();
    assert!(keys.contains("ed25519 (ED25519)"), "{keys}");
}
