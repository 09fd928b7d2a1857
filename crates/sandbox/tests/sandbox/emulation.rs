//! Programs of other machines.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sandbox::{Emulation, Error, Sandbox, enter_user_namespace};

use testkit::foreign;

use crate::harness::tests;
use crate::ordinary_user::{as_user, home};
use crate::support::{Fixture, chain, overlay, run, shell};

tests![
    every_machine,
    the_program_is_of_the_other_machine,
    ids_and_power_are_as_ever,
    an_ordinary_user_can,
    nothing_is_left,
    without_an_emulator,
    with_one_that_does_not_work,
];

fn put(root: &Path, name: &str, content: &[u8]) {
    let path = root.join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// A sandbox that runs arm64's `/uname`.
fn uname(emulation: &Emulation) -> Fixture {
    let mut fixture = Fixture::prepared("", |root| put(root, "uname", &foreign::uname()));
    fixture.process.args = vec!["/uname".into()];
    fixture.sandbox.user_namespace = emulation.namespace().unwrap();
    fixture
}

fn every_machine() {
    let folders = foreign::emulators();
    for machine in [
        "amd64", "arm64", "arm", "386", "riscv64", "ppc64le", "s390x", "mips64le", "loong64",
    ] {
        // No program of the image is known here, so that the one with which it was tried has to do.
        let emulation = Emulation::of(machine, &folders);
        let not_found = Error::ProgramNotExecutable {
            program: String::new(),
            source: std::io::Error::from_raw_os_error(rustix::io::Errno::NOEXEC.raw_os_error()),
        };
        let error = emulation.explain(not_found);
        assert!(!matches!(error, Error::Foreign { .. }), "{}", chain(&error));
    }
    assert!(
        Emulation::of("vax", &folders)
            .namespace()
            .unwrap()
            .is_none()
    );
}

fn the_program_is_of_the_other_machine() {
    let emulation = Emulation::of("arm64", &foreign::emulators());
    assert_eq!(uname(&emulation).stdout(), "aarch64");
    // A second one, while the first is held.
    assert_eq!(uname(&emulation).stdout(), "aarch64");
}

fn ids_and_power_are_as_ever() {
    let emulation = Emulation::of("arm64", &foreign::emulators());
    let script = "/uname; echo; id -u; touch /file; chown 1234:5678 /file; stat -c %u:%g /file; \
        grep CapEff /proc/self/status; hostname; touch /proc/sys/kernel/hostname 2>/dev/null || echo protected";
    let of = |emulation: Option<&Emulation>| {
        let mut fixture = Fixture::prepared(script, |root| put(root, "uname", &foreign::uname()));
        fixture.sandbox.user_namespace = emulation.and_then(|e| e.namespace().unwrap());
        fixture.run().unwrap().stdout
    };
    let (plain, emulated) = (of(None), of(Some(&emulation)));
    let (first, rest) = emulated.split_once('\n').unwrap();
    assert_eq!(first, "aarch64");
    assert_eq!(Some(rest), plain.split_once('\n').map(|(_, rest)| rest));
    assert!(rest.contains("1234:5678"), "{rest}");
}

/// The ordinary user's part: arm64's `/uname`, and who the user is meanwhile.
pub(crate) fn ordinary_user() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().unwrap());
    let folders: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    enter_user_namespace().unwrap();
    // As carafe does, so that the emulated program is under a supervisor, too.
    rootfs::record_owners();
    let emulation = Emulation::of("arm64", &folders);
    let path = |name: &str| directory.join(name);
    let mut sandbox = Sandbox::new(overlay(&path("base"), &path("upper"), &path("work")));
    sandbox.user_namespace = emulation.namespace().unwrap();
    match run(&sandbox, &shell("/uname; id -u")) {
        Ok(output) => print!("{}{}", output.stdout, output.stderr),
        Err(error) => println!("{}", chain(&emulation.explain(error))),
    }
    ExitCode::SUCCESS
}

fn an_ordinary_user_can() {
    let home = home();
    put(&home.path().join("base"), "uname", &foreign::uname());
    // The user may not look into the place where the checkout is.
    let folder = home.path().join("emulators");
    fs::create_dir(&folder).unwrap();
    let name = "qemu-aarch64-static";
    let program = foreign::emulators()
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    fs::copy(program.unwrap(), folder.join(name)).unwrap();
    let arguments = [home.path(), &folder].map(|path| path.to_str().unwrap());
    let said = as_user("user-of-arm64", &arguments, "");
    assert_eq!(said, "aarch640\n");
}

fn nothing_is_left() {
    let children = || {
        let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
        let children =
            tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
        children
            .flat_map(|list| {
                list.split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .filter(|id| {
                fs::read(format!("/proc/{id}/cmdline"))
                    .is_ok_and(|line| line.starts_with(b"step-emulator"))
            })
            .count()
    };
    let before = children();
    let emulation = Emulation::of("arm64", &foreign::emulators());
    let held = emulation.namespace().unwrap().is_some();
    assert_eq!(children(), before + usize::from(held));
    drop(emulation);
    assert_eq!(children(), before);
}

/// Whether the machine runs arm64's programs by itself: then nothing can be missing.
fn is_needless() -> bool {
    let needless = uname(&Emulation::default()).run().is_ok();
    if needless {
        println!("left out: the kernel of this machine has a handler for arm64");
    }
    needless
}

fn without_an_emulator() {
    if is_needless() {
        return;
    }
    let emulation = Emulation::of("arm64", &["/nowhere".into()]);
    assert!(emulation.namespace().unwrap().is_none());
    let error = emulation.explain(uname(&emulation).run().unwrap_err());
    assert_eq!(
        chain(&error),
        "programs for arm64 do not run on this machine: the kernel has no handler for them, and neither \
         qemu-aarch64-static nor qemu-aarch64 is in a directory of PATH"
    );
    assert!(
        error
            .hint()
            .unwrap()
            .contains("apt-get install qemu-user-static")
    );
    assert_eq!(error.exit_code(), Some(126));
    // What has another cause is left alone.
    let error = emulation.explain(Error::ProgramNotFound {
        program: "x".to_owned(),
    });
    assert!(matches!(error, Error::ProgramNotFound { .. }));
}

fn with_one_that_does_not_work() {
    if is_needless() {
        return;
    }
    let folder = crate::support::temporary();
    // It needs libraries that the sandbox does not have.
    put(folder.path(), "qemu-aarch64", &fs::read("/bin/ls").unwrap());
    let emulation = Emulation::of("arm64", &[folder.path().to_owned()]);
    let error = emulation.explain(uname(&emulation).run().unwrap_err());
    assert!(
        chain(&error).contains("qemu-aarch64` cannot be used for them"),
        "{}",
        chain(&error)
    );
    assert!(
        error.hint().unwrap().contains("linked statically"),
        "{:?}",
        error.hint()
    );
}
