//! A source that is not there: what the error says of it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::support::{Carafe, copy_program, said};

/// A Dockerfile, and what its error says.
const CASES: &[(&str, &[&str])] = &[
    (
        "FROM base\nCOPY a src/main.rs /x/\n",
        &[
            "`/src/main.rs` is not in the build context",
            "2 | COPY a src/main.rs /x/\n  |        ^^^^^^^^^^^\n",
            "hint: did you mean `/src/Main.rs`?",
        ],
    ),
    (
        "FROM base\nCOPY scr/Main.rs /x\n",
        &["did you mean `/src/Main.rs`?"],
    ),
    (
        "FROM base\nCOPY main.rs /x\n",
        &["did you mean `/src/Main.rs`?"],
    ),
    (
        "FROM base\nCOPY docs/a.md /x\n",
        &[
            "`/docs/a.md` is hidden from the build context by",
            "context/.dockerignore:2 (`docs`)",
            "take it back with a line `!docs/a.md`",
        ],
    ),
    (
        "FROM base\nCOPY ../outside /x\n",
        &[
            "`../outside` leads out of the build context",
            "--build-context NAME=DIR",
        ],
    ),
    (
        "FROM base AS b\nRUN echo 1 > /prog\nFROM b AS c\nRUN echo 2 > /other\nFROM base\nCOPY --from=b /other /x\nCOPY --from=c /a /x\n",
        &["`/other` is not in stage `b`", "  |               ^^^^^^\n"],
    ),
    (
        "FROM base AS b\nRUN echo 1 > /prog\nFROM base\nRUN --mount=from=b,source=/a,target=/x true\n",
        &[
            "`/a` is not in stage `b`",
            "4 | RUN --mount=from=b,source=/a,target=/x true\n  |             ^",
            "the build context has it: leave --from out",
        ],
    ),
    (
        "FROM base\nRUN --mount=source=Src,target=/x true\n",
        &[
            "`/Src` is not in the build context",
            "  |             ^",
            "did you mean `/src`?",
        ],
    ),
    (
        "FROM base\nCOPY --from=base /bin/buzybox /x\n",
        &[
            "`/bin/buzybox` is not in the image `base:latest`",
            "did you mean `/bin/busybox`?",
        ],
    ),
];

#[test]
fn the_error_says_what_could_be_meant() {
    let carafe = Carafe::new();
    carafe.write("context/a", b"a");
    carafe.write("context/src/Main.rs", b"a");
    carafe.write("context/docs/a.md", b"a");
    carafe.write("context/.dockerignore", b"# what is not needed\ndocs\n");
    carafe.write("outside", b"a");
    for (dockerfile, parts) in CASES {
        let context = carafe.context(dockerfile);
        let error = carafe.fails(1, ["build", "--progress=quiet", &context]);
        for part in *parts {
            assert!(error.contains(part), "{dockerfile}: {part}: {error}");
        }
    }
    let file = carafe.write("context/src/Dockerfile", b"FROM base\nCOPY Main.rs /\n");
    let context = carafe.path("context");
    let (file, context) = (file.to_str().unwrap(), context.to_str().unwrap());
    let error = carafe.fails(1, ["build", "--progress=quiet", "-f", file, context]);
    assert!(
        error.contains("/src` meant to be the build context?"),
        "{error}"
    );
}

#[test]
fn a_stage_that_has_it_is_named() {
    let carafe = Carafe::new();
    let stages =
        "FROM base AS b\nRUN echo 1 > /prog\nFROM base AS c\nRUN echo 2 > /other\nFROM base\n";
    let context = carafe.context(&format!(
        "{stages}COPY --from=b /prog /x\nCOPY --from=c /other /x\n"
    ));
    carafe.ok(["build", &context]);
    let wrong = format!("{stages}COPY --from=b /prog /x\nCOPY --from=c /prog /x\n");
    let error = carafe.fails(1, ["build", "--progress=quiet", &carafe.context(&wrong)]);
    assert!(
        error.contains("hint: stage `b` has it: --from=b"),
        "{error}"
    );
}

/// Paths of a context are not those of the machine, so the error says whose they are.
#[test]
fn a_file_that_must_not_be_read_is_one_of_the_context() {
    let carafe = Carafe::empty();
    let context = carafe.context("FROM scratch\nCOPY . /\n");
    let private = carafe.write("context/private", b"x");
    fs::set_permissions(&private, Permissions::from_mode(0o000)).unwrap();
    let program = carafe.path("carafe");
    copy_program(&program);
    let mut command = Command::new(&program);
    command
        .args(["build", &context])
        .env("CARAFE_ROOT", carafe.path("store"))
        .env("CONTAINERS_REGISTRIES_CONF", "/dev/null");
    // The file stays root's: what belongs to the user can be read in the user's own namespace.
    let mut chown = Command::new("chown");
    let chown = chown.args(["-R", "4713:4713"]).arg(carafe.path(""));
    assert!(chown.status().unwrap().success());
    std::os::unix::fs::chown(&private, Some(0), Some(0)).unwrap();
    command.uid(4713).gid(4713);
    let said = said(&command.output().unwrap());
    let message = "cannot read the build context: cannot open /private: Permission denied";
    assert!(said.stderr.contains(message), "{said:#?}");
    assert_eq!(said.code, 1);
}
