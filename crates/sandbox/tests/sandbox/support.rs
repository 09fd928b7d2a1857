//! A root with busybox in it, and running things there.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen,
};
use sandbox::{Child, Error, Exit, Process, Sandbox, Stdio, User};
use tempfile::TempDir;

pub(crate) mod role;

/// What the directories of tests begin with, in the temporary directory.
const PREFIX: &str = "carafe-sandbox-test-";

/// A directory for one test.
pub(crate) fn temporary() -> TempDir {
    tempfile::Builder::new().prefix(PREFIX).tempdir().unwrap()
}

/// A root file system with busybox, made once. It lies where every user can read it.
static BASE: Mutex<Option<TempDir>> = Mutex::new(None);

fn base() -> PathBuf {
    let mut base = BASE.lock().unwrap();
    let directory = base.get_or_insert_with(|| {
        let directory = temporary();
        make_base(directory.path());
        directory
    });
    directory.path().to_owned()
}

/// Removes what all tests share: a static value is never dropped.
pub(crate) fn clean_up() {
    drop(BASE.lock().unwrap().take());
}

/// Fills `root` with busybox and a few files.
pub(crate) fn make_base(root: &Path) {
    for name in ["bin", "etc", "dev", "proc", "sys", "tmp", "root", "work"] {
        fs::create_dir(root.join(name)).unwrap();
    }
    fs::set_permissions(root, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs::set_permissions(
        root.join("tmp"),
        std::os::unix::fs::PermissionsExt::from_mode(0o1777),
    )
    .unwrap();
    let busybox = testkit::busybox();
    fs::copy(&busybox, root.join("bin/busybox")).unwrap();
    let applets = std::process::Command::new(busybox)
        .arg("--list")
        .output()
        .unwrap();
    for applet in String::from_utf8(applets.stdout).unwrap().lines() {
        if applet != "busybox" {
            symlink("busybox", root.join("bin").join(applet)).unwrap();
        }
    }
    fs::write(root.join("etc/passwd"), "root:x:0:0::/root:/bin/sh\n").unwrap();
    fs::write(root.join("etc/hosts"), "the image's own\n").unwrap();
    fs::write(root.join("etc/resolv.conf"), "the image's own\n").unwrap();
}

/// A sandbox on a fresh overlay over the base.
pub(crate) struct Fixture {
    pub(crate) sandbox: Sandbox,
    pub(crate) process: Process,
    directory: TempDir,
}

/// What a finished process left.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) exit: Exit,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Fixture {
    /// A fixture that runs a shell script as root.
    pub(crate) fn new(script: &str) -> Self {
        Self::prepared(script, |_| ())
    }

    /// As `new`, on a root that `prepare` has changed before it was mounted.
    pub(crate) fn prepared(script: &str, prepare: impl FnOnce(&Path)) -> Self {
        let directory = temporary();
        let (upper, work) = (
            directory.path().join("upper"),
            directory.path().join("work"),
        );
        fs::create_dir(&upper).unwrap();
        fs::create_dir(&work).unwrap();
        fs::set_permissions(&upper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        prepare(&upper);
        let root = overlay(&base(), &upper, &work);
        Self {
            sandbox: Sandbox::new(root),
            process: shell(script),
            directory,
        }
    }

    /// The overlay's upper directory: what the process has changed.
    pub(crate) fn upper(&self) -> PathBuf {
        self.directory.path().join("upper")
    }

    pub(crate) fn user(mut self, uid: u32, gid: u32, groups: &[u32]) -> Self {
        self.process.user = User {
            uid,
            gid,
            groups: groups.into(),
        };
        self
    }

    /// Runs to the end.
    pub(crate) fn run(&self) -> Result<Output, Error> {
        run(&self.sandbox, &self.process)
    }

    /// Runs to the end, expecting success, for what is written to standard output.
    #[track_caller]
    pub(crate) fn stdout(&self) -> String {
        let output = self
            .run()
            .unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert!(output.exit.success(), "{output:?}");
        output.stdout
    }

    /// Starts, with nowhere to write to.
    pub(crate) fn spawn(&self) -> Result<Child, Error> {
        sandbox::spawn(&self.sandbox, &self.process, Stdio::null().unwrap())
    }
}

/// `sh -c script` as root in `/`.
pub(crate) fn shell(script: &str) -> Process {
    Process {
        args: ["/bin/sh", "-c", script].map(Into::into).into(),
        env: vec!["PATH=/bin".into()],
        cwd: "/".into(),
        user: User::default(),
        terminal: None,
    }
}

pub(crate) fn run(sandbox: &Sandbox, process: &Process) -> Result<Output, Error> {
    let (stdout, to_stdout) = pipe();
    let (stderr, to_stderr) = pipe();
    let stdio = Stdio {
        stdout: to_stdout,
        stderr: to_stderr,
        ..Stdio::null()?
    };
    let mut child = sandbox::spawn(sandbox, process, stdio)?;
    let read = |pipe: OwnedFd| {
        let mut bytes = Vec::new();
        File::from(pipe).read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    // Tests write less than a pipe holds.
    let (stdout, stderr) = (read(stdout), read(stderr));
    Ok(Output {
        exit: child.wait()?,
        stdout,
        stderr,
    })
}

/// A pipe: where to read, where to write.
pub(crate) fn pipe() -> (OwnedFd, OwnedFd) {
    rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap()
}

/// A detached overlay.
pub(crate) fn overlay(lower: &Path, upper: &Path, work: &Path) -> OwnedFd {
    let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC).unwrap();
    for (key, path) in [("lowerdir", lower), ("upperdir", upper), ("workdir", work)] {
        fsconfig_set_string(&context, key, path).unwrap();
    }
    fsconfig_set_flag(&context, "userxattr").unwrap();
    fsconfig_create(&context).unwrap();
    fsmount(
        &context,
        FsMountFlags::FSMOUNT_CLOEXEC,
        MountAttrFlags::empty(),
    )
    .unwrap()
}

/// A detached mount of a directory or file of the host.
pub(crate) fn bind_of(path: &Path) -> OwnedFd {
    let object =
        rustix::fs::openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap();
    sandbox::clone_mount(object.as_fd()).unwrap()
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}
