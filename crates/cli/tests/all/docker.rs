//! Called by the real docker command, with no daemon anywhere.

use std::ffi::OsStr;
use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{Carafe, Said, eventually, processes_with, said};

/// The docker command: `$DOCKER_CLI`, the one that `scripts/setup test` gets, or the machine's.
fn docker() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/docker");
    let candidates = std::env::var_os("DOCKER_CLI").map(PathBuf::from);
    let usual = ["/usr/bin/docker", "/usr/local/bin/docker"].map(PathBuf::from);
    let mut candidates = candidates.into_iter().chain([own]).chain(usual);
    candidates
        .find(|path| path.is_file())
        .expect("the docker command (scripts/setup test gets one)")
}

/// The docker command beside a store, with a home folder of its own and a daemon that does not exist.
fn command<I: AsRef<OsStr>>(
    carafe: &Carafe,
    client: &Path,
    args: impl IntoIterator<Item = I>,
) -> Command {
    let mut command = Command::new(client);
    command
        .args(args)
        .current_dir(carafe.path(""))
        .env("HOME", carafe.path("home"))
        .env("CARAFE_ROOT", carafe.path("store"))
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .env("CONTAINERS_REGISTRIES_CONF", "/dev/null")
        .env_remove("DOCKER_CONFIG")
        .env_remove("DOCKER_BUILDKIT")
        .env_remove("BUILDKIT_PROGRESS")
        .stdin(Stdio::null());
    command
}

fn run(carafe: &Carafe, line: &str) -> Said {
    said(
        &command(carafe, &docker(), line.split(' '))
            .output()
            .unwrap(),
    )
}

fn install(carafe: &Carafe, args: &str) {
    let home = carafe.path("home/.docker");
    let mut install = carafe.command(["docker-plugin", "install", "--config"]);
    let done = install.arg(home).args(args.split_whitespace()).output();
    let done = said(&done.unwrap());
    assert_eq!(done.code, 0, "{done:#?}");
}

const SECRET: &str = "\
FROM base
ARG TEXT
RUN --mount=type=secret,id=token test \"$(cat /run/secrets/token)\" = s3cret && echo \"$TEXT\" > /text
CMD [\"cat\", \"/text\"]
";

#[test]
fn docker_build_is_carafe() {
    let carafe = Carafe::new();
    let context = carafe.context(SECRET);
    carafe.write("token", b"s3cret");
    carafe.write("home/.docker/config.json", b"{\"auths\": {}}");
    install(&carafe, "");
    let build = format!("build -t x --secret id=token,src=token --build-arg TEXT=hello {context}");
    let built = run(&carafe, &build);
    assert_eq!((built.code, built.stdout.as_str()), (0, ""), "{built:#?}");
    assert!(built.stderr.contains("carafe save x:latest | docker load"));
    assert_eq!(carafe.ok(["run", "--rm", "x"]), "hello\n");

    // Flags of docker's own, and the other ways to say it.
    let id = carafe.ok(["inspect", "--format", "{{.Id}}", "x"]);
    for verb in ["--debug image build", "builder build", "carafe build"] {
        let line = build.replace("build -t", &format!("{verb} -q -t"));
        assert_eq!(run(&carafe, &line).stdout, id, "{verb}");
    }
    assert!(run(&carafe, "carafe images").stdout.contains("latest"));

    // What fails says so by its exit code.
    let failed = run(
        &carafe,
        &build.replace("token,", "other,").replace("hello", "bye"),
    );
    assert_eq!(failed.code, 1, "{failed:#?}");
    assert_eq!(run(&carafe, "build --no-such-flag .").code, 2);

    let gone = carafe.command(["docker-plugin", "uninstall", "--config", "home/.docker"]);
    assert!({ gone }.status().unwrap().success());
    let config = fs::read_to_string(carafe.path("home/.docker/config.json")).unwrap();
    assert_eq!(config, "{\n\t\"auths\": {}\n}\n");
}

#[test]
fn docker_buildx_is_carafe() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nRUN echo x > /x\n");
    install(&carafe, "--as buildx");
    let version = run(&carafe, "buildx version").stdout;
    assert!(version.contains(" v0.") && version.contains("carafe-"));
    let inspected = run(&carafe, "buildx inspect --bootstrap").stdout;
    assert!(inspected.contains("Driver: carafe\n") && inspected.contains("linux/"));
    assert!(run(&carafe, "buildx ls").stdout.contains("carafe*"));
    assert_eq!(run(&carafe, "buildx create --driver carafe --use").code, 0);
    let other = run(&carafe, "buildx create --driver docker-container --use");
    assert_eq!(other.code, 1);
    assert!(other.stderr.contains("no daemon to start"), "{other:#?}");
    assert_eq!(run(&carafe, "buildx use carafe").code, 0);
    assert!(run(&carafe, "buildx du").stdout.contains("Total: "));
    assert!(run(&carafe, "buildx prune -f").stdout.contains("Total:\t"));
    let later = run(&carafe, "buildx history ls");
    assert_eq!(later.code, 2);
    assert!(
        later
            .stderr
            .contains("buildx history is not implemented yet")
    );
    assert_eq!(run(&carafe, "buildx --builder kube ls").code, 1);

    let built = run(&carafe, &format!("buildx build --load -t x {context}"));
    assert_eq!(built.code, 0, "{built:#?}");
    assert!(built.stderr.contains("docker load"), "{built:#?}");
    let file = "services:\n  web:\n    image: web:${TAG:-1}\n    build: ./context\n";
    carafe.write("compose.yaml", file.as_bytes());
    let baked = run(&carafe, "buildx bake --set web.tags+=second");
    assert_eq!(baked.code, 0, "{baked:#?}");
    let names = carafe.ok(["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    assert!(names.contains("web:1") && names.contains("second:latest"));
    assert_eq!(run(&carafe, "buildx bake nothing").code, 1);
    let mut from_input = command(&carafe, &docker(), ["buildx", "build", "-q", "-"]);
    let dockerfile = fs::File::open(carafe.path("context/Dockerfile")).unwrap();
    let from_input = said(&from_input.stdin(dockerfile).output().unwrap());
    assert!(from_input.stdout.starts_with("sha256:"), "{from_input:#?}");
    let plain = run(&carafe, &format!("build -q {context}"));
    assert!(plain.stdout.starts_with("sha256:"), "{plain:#?}");
}

#[test]
fn another_plug_in_is_not_replaced() {
    let carafe = Carafe::empty();
    let path = carafe.write(
        "d/cli-plugins/docker-buildx",
        b"#!/bin/sh\necho '{\"Vendor\":\"Docker\"}'\n",
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let install = [
        "docker-plugin",
        "install",
        "--as",
        "buildx",
        "--config",
        "d",
    ];
    let refused = carafe.fails(1, install);
    assert!(refused.contains("--force"), "{refused}");
    carafe.fails(
        1,
        [
            "docker-plugin",
            "uninstall",
            "--as",
            "buildx",
            "--config",
            "d",
        ],
    );
    assert!(fs::read_to_string(&path).unwrap().contains("Vendor"));
    let status = carafe.run(["docker-plugin", "status", "--config", "d"]);
    assert_eq!(status.code, 1, "{status:#?}");
    carafe.ok(install.into_iter().chain(["--force"]));
    let status = carafe.ok(["docker-plugin", "status", "--config", "d"]);
    assert!(status.contains("docker build: carafe"), "{status}");
}

#[test]
fn an_ordinary_user_builds_through_docker() {
    let carafe = Carafe::empty();
    let context = carafe.context("FROM scratch\nCOPY Dockerfile /there\n");
    install(&carafe, "--copy");
    // Where the user can execute it: a checkout may lie in a folder of root's.
    let client = carafe.path("docker");
    fs::copy(docker(), &client).unwrap();
    let mut command = command(&carafe, &client, ["build", "-q", &context]);
    if rustix::process::geteuid().is_root() {
        let everything = Command::new("chown")
            .args(["-R", "4711:4711"])
            .arg(carafe.path(""))
            .status();
        assert!(everything.unwrap().success());
        command.uid(4711).gid(4711);
    }
    let built = said(&command.output().unwrap());
    assert!(built.stdout.starts_with("sha256:"), "{built:#?}");
}

#[test]
fn control_c_ends_what_docker_started() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nRUN sleep 7301.25\n");
    install(&carafe, "");
    let mut command = command(&carafe, &docker(), ["build", &context]);
    command.process_group(0).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let group = rustix::process::Pid::from_child(&child);
    eventually("the step", || !processes_with("7301.25").is_empty());
    rustix::process::kill_process_group(group, rustix::process::Signal::INT).unwrap();
    let ended = said(&child.wait_with_output().unwrap());
    assert_ne!(ended.code, 0, "{ended:#?}");
    eventually("its end", || processes_with("7301.25").is_empty());
}

/// A signal that reaches the docker command alone.
#[test]
fn the_end_of_dockers_socket_ends_the_build() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nRUN sleep 7302.25\n");
    let name = format!("carafe-test-{}", std::process::id());
    let listener =
        UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let child = carafe
        .command(["carafe", "build", &context])
        .arg0("docker-carafe")
        .env("DOCKER_CLI_PLUGIN_SOCKET", format!("@{name}"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (stream, _) = listener.accept().unwrap();
    eventually("the step", || !processes_with("7302.25").is_empty());
    drop(stream);
    let ended = said(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, 143, "{ended:#?}");
    eventually("its end", || processes_with("7302.25").is_empty());
}
