//! Programs that cannot be started.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sandbox::Error;

use crate::harness::tests;
use crate::support::{Fixture, chain};

tests![
    found_by_path,
    not_found,
    no_permission,
    a_directory,
    no_format,
    no_interpreter,
    a_later_directory_of_path_has_it,
];

fn file(root: &Path, path: &str, content: &str, mode: u32) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
}

#[track_caller]
fn failure(program: &str, prepare: impl FnOnce(&Path)) -> Error {
    let mut fixture = Fixture::prepared("", prepare);
    fixture.process.args = vec![program.into()];
    fixture.run().expect_err("it cannot start")
}

fn found_by_path() {
    let mut fixture = Fixture::new("");
    fixture.process.args = ["echo", "hi"].map(Into::into).into();
    fixture.process.env = vec!["PATH=/nowhere:/bin".into()];
    assert_eq!(fixture.stdout(), "hi\n");
    fixture = Fixture::new("");
    fixture.process.args = ["echo", "default"].map(Into::into).into();
    fixture.process.env = Vec::new();
    assert_eq!(fixture.stdout(), "default\n");
}

fn not_found() {
    for program in ["nothing", "/bin/nothing", "/etc/passwd/x", "./x", ""] {
        let error = failure(program, |_| ());
        assert_eq!(error.to_string(), format!("program `{program}` not found"));
        assert_eq!(error.exit_code(), Some(127));
        assert!(error.hint().is_some());
    }
}

fn no_permission() {
    let error = failure("/x", |root| file(root, "x", "#!/bin/sh\n", 0o644));
    assert_eq!(
        chain(&error),
        "program `/x` cannot be executed: Permission denied (os error 13)"
    );
    assert_eq!(error.exit_code(), Some(126));
}

fn a_directory() {
    let error = failure("/work", |_| ());
    assert!(
        matches!(error, Error::ProgramNotExecutable { .. }),
        "{}",
        chain(&error)
    );
}

fn no_format() {
    let error = failure("/x", |root| file(root, "x", "echo no shebang\n", 0o755));
    assert_eq!(
        chain(&error),
        "program `/x` cannot be executed: Exec format error (os error 8)"
    );
    assert!(error.hint().unwrap().contains("#!"));
}

fn no_interpreter() {
    let error = failure("/x", |root| file(root, "x", "#!/bin/sh\r\n", 0o755));
    assert_eq!(
        error.to_string(),
        "program `/x` needs an interpreter that is not there"
    );
    assert_eq!(error.exit_code(), Some(127));
    assert!(error.hint().unwrap().contains("carriage return"));
}

fn a_later_directory_of_path_has_it() {
    let prepare = |root: &Path| {
        file(root, "a/x", "#!/bin/sh\necho a\n", 0o644);
        file(root, "b/x", "#!/bin/sh\necho b\n", 0o755);
    };
    let mut fixture = Fixture::prepared("", prepare);
    fixture.process.args = vec!["x".into()];
    fixture.process.env = vec!["PATH=/a:/b".into()];
    assert_eq!(fixture.stdout(), "b\n");
    let mut fixture = Fixture::prepared("", prepare);
    fixture.process.args = vec!["x".into()];
    fixture.process.env = vec!["PATH=/a".into()];
    let error = fixture.run().unwrap_err();
    assert_eq!(error.to_string(), "program `/a/x` cannot be executed");
}
