//! Inputs that mean harm, through the whole program: each ends with a message, not with a crash or a wait.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::fs::{CWD, Mode};

use crate::support::{Carafe, said};

fn pipe(path: &Path) {
    rustix::fs::mkfifoat(CWD, path, Mode::from_raw_mode(0o644)).unwrap();
}

#[test]
fn the_number_of_nobody_is_no_user() {
    let carafe = Carafe::new();
    for (instruction, message) in [
        (
            "USER 4294967295\nRUN true",
            "the image has no user `4294967295`",
        ),
        (
            "RUN --mount=type=cache,target=/c,uid=4294967295 true",
            "invalid value for uid: 4294967295",
        ),
    ] {
        let context = carafe.context(&format!("FROM base\n{instruction}\n"));
        let stderr = carafe.fails(1, ["build", context.as_str()]);
        assert!(stderr.contains(message), "{stderr}");
    }
    let context = carafe.context("FROM base\nCOPY --chown=4294967295 Dockerfile /\n");
    carafe.ok(["build", context.as_str()]);
}

#[test]
fn a_context_of_pipes_does_not_block() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nCOPY . /all\n");
    pipe(&Path::new(&context).join("pipe"));
    carafe.ok(["build", context.as_str()]);
    for name in [".dockerignore", "Dockerfile"] {
        let path = Path::new(&context).join(name);
        let _ = fs::remove_file(&path);
        pipe(&path);
        let stderr = carafe.fails(1, ["build", context.as_str()]);
        assert!(stderr.contains("it is not a regular file"), "{stderr}");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_context_that_is_too_deep_is_refused() {
    let carafe = Carafe::new();
    let context = carafe.context("FROM base\nCOPY . /all\n");
    let deep = Path::new(&context).join("d/".repeat(300));
    fs::create_dir_all(deep).unwrap();
    let stderr = carafe.fails(1, ["build", context.as_str()]);
    assert!(stderr.contains("levels deep"), "{stderr}");
}

#[test]
fn wildcards_that_match_in_many_ways_are_quick() {
    let carafe = Carafe::new();
    let pattern = "**/*/".repeat(30);
    let context = carafe.context(&format!(
        "FROM base\nCOPY --parents {}{pattern}none* /x/\n",
        "**/".repeat(3_000)
    ));
    fs::create_dir_all(Path::new(&context).join("d/".repeat(60))).unwrap();
    carafe.ok(["build", context.as_str()]);
}

#[test]
fn stages_that_stand_on_one_another_are_made() {
    let carafe = Carafe::new();
    let chain: String = (1..90)
        .map(|n| format!("FROM scratch AS s{n}\nCOPY --from=s{} / /\n", n - 1))
        .collect();
    let context = carafe.context(&format!("FROM scratch AS s0\nCOPY Dockerfile /f\n{chain}"));
    carafe.ok(["build", context.as_str()]);
}

/// `pnpm` and `cp -al` make trees in which every file has several names.
#[test]
fn files_with_several_names_need_no_descriptor_each() {
    let carafe = Carafe::empty();
    let context = carafe.context("FROM scratch\nCOPY d /d\n");
    carafe.write("context/d/0", b"x");
    for at in 1..300 {
        let name = carafe.path(&format!("context/d/{at}"));
        std::fs::hard_link(carafe.path("context/d/0"), name).unwrap();
    }
    for at in 0..300 {
        let first = carafe.write(&format!("context/d/pairs/{at}/a"), b"z");
        std::fs::hard_link(&first, first.with_file_name("b")).unwrap();
    }
    let build = carafe.command(["build", "-q", "-t", "x", &context]);
    let limited = Command::new("sh")
        .args(["-c", "ulimit -n 100; exec \"$0\" \"$@\""])
        .arg(build.get_program())
        .args(build.get_args())
        .env("CARAFE_ROOT", carafe.path("store"))
        .output()
        .unwrap();
    let said = said(&limited);
    assert_eq!(said.code, 0, "{said:#?}");
}

/// Names that a Dockerfile, a ref or a path hold are told in errors: they must not reach the terminal as they are.
#[test]
fn control_characters_are_not_passed_on() {
    let carafe = Carafe::empty();
    for text in [
        "FROM scratch\nCOPY \x1bc\x07x /x\n",
        "FROM \x1b[2Jx\n",
        "FROM scratch\nSTOPSIGNAL \u{202e}\x1b[31m\n",
        "FROM scratch AS a\nCPOY \x1b[2J\n",
        "# syntax=\x1b[2J/x\nFROM scratch\n",
    ] {
        let context = carafe.context(text);
        for args in [["build", "-q", &context], ["build", "--check", &context]] {
            let said = carafe.run(args);
            let is_check = args[1] == "--check";
            assert!(is_check || said.code == 1, "{text:?}: {said:?}");
            for shown in [said.stdout, said.stderr] {
                assert!(
                    !shown.contains(['\x1b', '\x07', '\u{202e}']),
                    "{text:?}: {shown:?}"
                );
            }
        }
    }
    let missing = carafe.run(["build", "no\x1b[2Jsuch"]);
    assert!(
        missing.code == 1 && !missing.stderr.contains('\x1b'),
        "{missing:?}"
    );
}

#[test]
fn endless_secrets_are_refused() {
    let carafe = Carafe::empty();
    let context = carafe.context("FROM scratch\n");
    let endless = carafe.run(["build", "--secret", "id=a,src=/dev/zero", &context]);
    let words = "secret `a` is larger than 500 KiB";
    assert!(
        endless.code == 1 && endless.stderr.contains(words),
        "{endless:?}"
    );
}
