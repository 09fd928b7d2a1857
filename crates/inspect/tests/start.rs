//! Will it start? Images are made of this machine's own programs, and lack something each time.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use inspect::start::{Problem, problems};
use oci::{Config, Healthcheck, ImageConfig};
use rootfs::Union;
use tempfile::TempDir;

/// An image that is a directory.
struct Image {
    directory: TempDir,
    config: ImageConfig,
}

impl Image {
    fn new(entrypoint: &[&str]) -> Self {
        let config = Config {
            entrypoint: entrypoint.iter().map(|word| (*word).to_owned()).collect(),
            ..Config::default()
        };
        let config = ImageConfig {
            architecture: architecture().to_owned(),
            os: "linux".to_owned(),
            config,
            ..ImageConfig::default()
        };
        Self {
            directory: tempfile::tempdir().expect("there is room"),
            config,
        }
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        let path = self.directory.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().expect("it is below the image"))
            .expect("directories can be made");
        path
    }

    fn with(self, path: &str, text: &str, mode: u32) -> Self {
        let at = self.path(path);
        fs::write(&at, text).expect("the file can be written");
        fs::set_permissions(&at, fs::Permissions::from_mode(mode)).expect("it has a mode");
        self
    }

    /// A file of this machine, links followed, at a path of the image.
    fn with_file(self, from: &str, path: &str) -> Self {
        fs::copy(from, self.path(path)).unwrap_or_else(|error| panic!("{from}: {error}"));
        self
    }

    fn configured(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config.config);
        self
    }

    fn problems(&self) -> Vec<Problem> {
        let files = Union::open([self.directory.path()]).expect("the directory can be opened");
        problems(&files, &self.config).expect("the image can be read")
    }

    fn kinds(&self) -> Vec<&'static str> {
        self.problems()
            .iter()
            .map(|problem| problem.kind.name())
            .collect()
    }
}

fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "amd64"
    }
}

/// Where this machine's glibc has its loader and its libraries.
fn loader() -> (&'static str, &'static str) {
    match architecture() {
        "arm64" => ("/lib/ld-linux-aarch64.so.1", "/lib/aarch64-linux-gnu"),
        _ => ("/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu"),
    }
}

/// `cat` with all that it needs but a C library.
fn cat() -> Image {
    Image::new(&["/bin/cat"])
        .with_file("/bin/cat", "/bin/cat")
        .with_file(loader().0, loader().0)
}

fn libc() -> String {
    format!("{}/libc.so.6", loader().1)
}

#[test]
fn a_program_with_all_that_it_needs_starts() {
    let image = cat().with_file(&libc(), &libc());
    assert_eq!(image.problems(), []);
    let by_name = image.configured(|config| config.entrypoint = vec!["cat".to_owned()]);
    assert_eq!(by_name.problems(), [], "it is found in the default PATH");
}

#[test]
fn libraries_are_looked_for_as_the_loader_does() {
    assert_eq!(cat().kinds(), ["library-missing"]);
    let elsewhere = cat().with_file(&libc(), "/opt/libc.so.6");
    assert_eq!(elsewhere.kinds(), ["library-missing"]);
    let named = elsewhere.configured(|config| config.env = vec!["LD_LIBRARY_PATH=/opt".to_owned()]);
    assert_eq!(named.problems(), []);
}

#[test]
fn a_library_that_is_older_is_told_from_one_that_is_missing() {
    // It is a library of glibc that has some of its versions, and not all that libc has.
    let image = cat().with_file(&format!("{}/libm.so.6", loader().1), &libc());
    let kinds = image.kinds();
    assert!(kinds.contains(&"symbol-version-missing"), "{kinds:?}");
}

#[test]
fn the_loader_has_to_be_there_and_to_be_that_of_the_right_libc() {
    let alone = Image::new(&["/bin/cat"]).with_file("/bin/cat", "/bin/cat");
    assert_eq!(alone.kinds(), ["loader-missing"]);
    let alpine = alone.with("/lib/ld-musl-x86_64.so.1", "", 0o755);
    assert_eq!(alpine.kinds(), ["other-libc"]);
}

#[test]
fn a_program_for_another_machine_is_none() {
    let mut image = cat().with_file(&libc(), &libc());
    image.config.architecture = "s390x".to_owned();
    assert_eq!(image.kinds(), ["wrong-architecture"]);
}

#[test]
fn what_is_no_program() {
    let run = |image: Image| image.kinds();
    assert_eq!(run(Image::new(&["/app"])), ["program-missing"]);
    assert_eq!(run(Image::new(&["app"])), ["program-missing"]);
    assert_eq!(
        run(Image::new(&["/bin/sh", "-c", "app"])),
        ["shell-missing"]
    );
    assert_eq!(run(Image::new(&[])), ["no-command"]);
    assert_eq!(
        run(Image::new(&["/app"]).with("/app/x", "", 0o644)),
        ["not-a-file"]
    );
    assert_eq!(
        run(Image::new(&["/app"]).with("/app", "echo", 0o755)),
        ["unknown-format"]
    );
    assert_eq!(
        run(Image::new(&["/app"]).with("/app", "\x7fELF", 0o755)),
        ["unknown-format"]
    );
    assert_eq!(
        run(Image::new(&["/app"]).with("/app", "", 0o644)),
        ["not-executable", "unknown-format"]
    );
}

#[test]
fn scripts_need_their_interpreters() {
    let script = |line: &str| Image::new(&["/app"]).with("/app", line, 0o755);
    assert_eq!(script("#!/bin/sh\n").kinds(), ["interpreter-missing"]);
    assert_eq!(script("#!/bin/sh\r\n").kinds(), ["carriage-return"]);
    let with_cat = |image: Image| {
        let image = image
            .with_file("/bin/cat", "/bin/cat")
            .with_file(loader().0, loader().0);
        image
            .with_file(&libc(), &libc())
            .with_file("/usr/bin/env", "/usr/bin/env")
    };
    assert_eq!(with_cat(script("#!/bin/cat\n")).problems(), []);
    assert_eq!(
        with_cat(script("#!/usr/bin/env -S cat -u\n")).problems(),
        []
    );
    assert_eq!(
        with_cat(script("#!/usr/bin/env node\n")).kinds(),
        ["interpreter-missing"]
    );
    let chain = with_cat(script("#!/second\n").with("/second", "#!/third -x\n", 0o755));
    assert_eq!(chain.kinds(), ["interpreter-missing"]);
}

#[test]
fn links_lead_inside_the_image() {
    let image = cat().with_file(&libc(), &libc());
    symlink("/bin/cat", image.path("/app")).expect("a link can be made");
    symlink("/etc/passwd", image.path("/outside")).expect("a link can be made");
    let run = |program: &str| Image {
        directory: tempfile::tempdir().expect("there is room"),
        config: ImageConfig {
            config: Config {
                entrypoint: vec![program.to_owned()],
                ..Config::default()
            },
            ..image.config.clone()
        },
    };
    let kinds = |program: &str| {
        let files = Union::open([image.directory.path()]).expect("the directory can be opened");
        let found = problems(&files, &run(program).config).expect("the image can be read");
        found
            .iter()
            .map(|problem| problem.kind.name())
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds("/app"), [""; 0]);
    assert!(Path::new("/etc/passwd").exists(), "it is there, outside");
    assert_eq!(kinds("/outside"), ["program-missing"]);
}

#[test]
fn the_user_must_be_known_and_let_in() {
    let image = |user: &str| {
        let image = cat().with_file(&libc(), &libc());
        image.configured(|config| config.user = user.to_owned())
    };
    assert_eq!(image("1000:1000").problems(), []);
    assert_eq!(image("app").kinds(), ["user-unknown"]);
    let passwd =
        |user: &str| image(user).with("/etc/passwd", "app:x:1000:1000::/:/bin/sh\n", 0o644);
    assert_eq!(passwd("app").problems(), []);
    assert_eq!(passwd("app:staff").kinds(), ["user-unknown"]);
    let closed = passwd("app").configured(|config| config.working_dir = "/work".to_owned());
    fs::create_dir(closed.path("/work")).expect("a directory can be made");
    fs::set_permissions(closed.path("/work"), fs::Permissions::from_mode(0o700))
        .expect("it has a mode");
    // Who runs the test owns it: to the image's user it is another's, unless both are 1000.
    assert_eq!(closed.kinds(), ["working-directory"]);
    let locked = passwd("app").with("/bin/cat", "x", 0o700);
    assert!(locked.kinds().contains(&"not-executable"));
}

#[test]
fn surroundings() {
    let image = |change: fn(&mut Config)| cat().with_file(&libc(), &libc()).configured(change);
    let zone = image(|config| config.env = vec!["TZ=Europe/Berlin".to_owned()]);
    assert_eq!(zone.kinds(), ["time-zone-missing"]);
    assert_eq!(
        zone.with("/usr/share/zoneinfo/Europe/Berlin", "TZif", 0o644)
            .problems(),
        []
    );
    assert_eq!(
        image(|config| config.env = vec!["TZ=UTC".to_owned()]).problems(),
        []
    );
    let port = image(|config| {
        config.exposed_ports = ["80/tcp".to_owned()].into();
        config.user = "1000".to_owned();
    });
    assert_eq!(port.kinds(), ["low-port"]);
    let file = image(|config| config.working_dir = "/bin/cat".to_owned());
    assert_eq!(file.kinds(), ["working-directory"]);
}

#[test]
fn health_checks_need_their_programs() {
    let image = |test: &[&str]| {
        let test = test.iter().map(|word| (*word).to_owned()).collect();
        let image = cat().with_file(&libc(), &libc());
        let check = Healthcheck {
            test,
            ..Healthcheck::default()
        };
        image.configured(|config| config.healthcheck = Some(check))
    };
    assert_eq!(image(&["NONE"]).problems(), []);
    assert_eq!(image(&["CMD", "cat", "/x"]).problems(), []);
    assert_eq!(
        image(&["CMD", "curl", "-f", "x"]).kinds(),
        ["healthcheck-broken"]
    );
    assert_eq!(
        image(&["CMD-SHELL", "cat x"]).kinds(),
        ["healthcheck-broken"],
        "there is no shell"
    );
    let shell = image(&["CMD-SHELL", "curl x || exit 1"]).with_file("/bin/cat", "/bin/sh");
    assert_eq!(shell.kinds(), ["healthcheck-broken"], "and no curl");
    let builtin = image(&["CMD-SHELL", "test -f /x"]).with_file("/bin/cat", "/bin/sh");
    assert_eq!(builtin.problems(), []);
}

#[test]
fn who_speaks_tls_is_told_that_there_are_no_certificates() {
    // A marked program: what is looked for is a name that Go leaves in it.
    let image = cat().with_file(&libc(), &libc());
    let mut program = fs::read("/bin/cat").expect("it is there");
    program.extend_from_slice(b"crypto/x509.loadSystemRoots");
    fs::write(image.path("/bin/cat"), program).expect("the file can be written");
    assert_eq!(image.kinds(), ["certificates-missing"]);
    let with = image.with("/etc/ssl/certs/ca-certificates.crt", "", 0o644);
    assert_eq!(with.problems(), []);
}
