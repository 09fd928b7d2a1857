//! carafe with a store of its own, and a base image made of busybox.

pub(crate) mod layout;
pub(crate) mod session;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use oci::tar::{Entry, Kind};
use tempfile::TempDir;

/// A store that vanishes with the value, and what runs in it.
pub(crate) struct Carafe {
    dir: TempDir,
}

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Carafe {
    /// An empty store.
    pub(crate) fn empty() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("carafe-test-")
            .tempdir()
            .unwrap();
        Self { dir }
    }

    /// A store with the image `base`.
    pub(crate) fn new() -> Self {
        let carafe = Self::empty();
        let tar = carafe.write("base.tar", &base());
        carafe.ok(["import", "-m", "test base", tar.to_str().unwrap(), "base"]);
        carafe
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file beside the store; directories on the way are made.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A context with this Dockerfile.
    pub(crate) fn context(&self, dockerfile: &str) -> String {
        let path = self.write("context/Dockerfile", dockerfile.as_bytes());
        path.parent().unwrap().to_str().unwrap().to_owned()
    }

    /// The program where other users can execute it: a checkout may lie in a folder of root's.
    pub(crate) fn program_for_others(&self) -> PathBuf {
        let copy = self.path("carafe");
        if !copy.exists() {
            copy_program(&copy);
        }
        copy
    }

    pub(crate) fn command<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_carafe")), args)
    }

    /// As [`command`](Self::command), by a copy of the program.
    pub(crate) fn command_of<I: AsRef<OsStr>>(
        &self,
        program: &Path,
        args: impl IntoIterator<Item = I>,
    ) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.dir.path())
            .env("CARAFE_ROOT", self.path("store"))
            .env("CONTAINERS_REGISTRIES_CONF", "/dev/null")
            .env_remove("BUILDKIT_PROGRESS")
            .env_remove("SOURCE_DATE_EPOCH")
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Said {
        said(&self.command(args).output().unwrap())
    }

    /// Runs what must succeed, and gives its standard output.
    pub(crate) fn ok<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> String {
        let said = self.run(args);
        assert_eq!(said.code, 0, "{said:#?}");
        said.stdout
    }

    /// Runs what must fail with this code, and gives its standard error.
    pub(crate) fn fails<I: AsRef<OsStr>>(
        &self,
        code: i32,
        args: impl IntoIterator<Item = I>,
    ) -> String {
        let said = self.run(args);
        assert_eq!(said.code, code, "{said:#?}");
        assert!(said.stderr.contains("error"), "{said:#?}");
        said.stderr
    }

    /// Builds [`context`](Self::context) with these flags, which must succeed.
    pub(crate) fn build(&self, flags: &[&str]) -> Said {
        let said = self.run([&["build", "--progress=plain"], flags, &["context"]].concat());
        assert_eq!(said.code, 0, "{said:#?}");
        said
    }

    /// Runs it with something on standard input.
    pub(crate) fn feed<I: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = I>,
        input: &[u8],
    ) -> Said {
        let mut child = self.spawn(args, Stdio::piped());
        child.stdin.take().unwrap().write_all(input).unwrap();
        said(&child.wait_with_output().unwrap())
    }

    /// Starts it.
    pub(crate) fn spawn<I: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = I>,
        stdin: Stdio,
    ) -> Child {
        let mut command = self.command(args);
        command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    }
}

/// Copies the program by another one: of a file that was open for writing here, a child of another test could have inherited
/// the descriptor, and then it cannot be executed (ETXTBSY, execve(2)).
pub(crate) fn copy_program(to: &Path) {
    let mut copy = Command::new("cp");
    copy.arg(env!("CARGO_BIN_EXE_carafe")).arg(to);
    assert!(copy.status().unwrap().success());
}

pub(crate) fn said(output: &Output) -> Said {
    Said {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Looks until it is so.
pub(crate) fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "it did not come: {what}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Process IDs of what runs a program with this argument, on the whole machine.
pub(crate) fn processes_with(argument: &str) -> Vec<i32> {
    let ids = fs::read_dir("/proc").unwrap().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let runs = |id: &i32| {
        let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0)
            .any(|word| word == argument.as_bytes())
    };
    ids.filter(runs).collect()
}

/// The tar of a root with busybox, some of its applets, and two users.
fn base() -> Vec<u8> {
    let applets = [
        "sh", "cat", "echo", "tr", "printf", "sleep", "id", "env", "pwd", "ls", "head", "httpd",
        "mkdir", "touch", "hostname", "true", "kill", "test", "nc", "stat", "cut", "rm", "grep",
        "setsid", "timeout",
    ];
    let directory = |name: &str, mode| (Entry::new(name, Kind::Directory, mode), Vec::new());
    let file =
        |name: &str, mode, content: &[u8]| (Entry::new(name, Kind::File, mode), content.to_vec());
    let mut members = vec![
        directory("bin", 0o755),
        directory("etc", 0o755),
        directory("tmp", 0o1777),
        file(
            "etc/passwd",
            0o644,
            b"root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n",
        ),
        file(
            "etc/group",
            0o644,
            b"root:x:0:\napp:x:1000:\nextra:x:1001:app\n",
        ),
        file("etc/not-executable", 0o644, b"x"),
        file("bin/busybox", 0o755, &fs::read(testkit::busybox()).unwrap()),
    ];
    members.extend(applets.map(|applet| {
        let link = Kind::Symlink(b"busybox".to_vec());
        (Entry::new(format!("bin/{applet}"), link, 0o777), Vec::new())
    }));
    testkit::layer(members)
}
