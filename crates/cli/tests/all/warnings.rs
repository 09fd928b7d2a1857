//! What builds though it is hardly meant: warnings, on a cached step too, and errors with `--strict`.

use crate::support::Carafe;

/// A Dockerfile, the warning, and the text that is marked.
const CASES: &[(&str, &str, &str)] = &[
    (
        "FROM base\nCOPY --chown=nosuch:nogroup a /x\n",
        "the image knows no `nosuch` and no `nogroup`: the files belong to 0:0",
        "             ^^^^^^^^^^^^^^",
    ),
    (
        "FROM base\nCOPY a b /x\n",
        "2 sources become the one file `/x`: only the last is left",
        "         ^^",
    ),
    (
        "FROM base\nCOPY a none* /x/\n",
        "`none*` matches nothing: nothing is copied for it",
        "       ^^^^^",
    ),
    (
        "FROM base\nCOPY --link --chown=app a /x\n",
        "--link cannot look up `app`: the layer is not a linked one",
        "                    ^^^",
    ),
    (
        "FROM base\nUSER who\nWORKDIR /made\n",
        "the image knows no user `who`: `/made` belongs to root",
        "^^^^^^^^^^^^^",
    ),
    (
        "FROM base AS x\nCOPY none* /\nRUN echo 1 > /f\nFROM base\nCOPY --from=x /f /\n",
        "`none*` matches nothing: nothing is copied for it",
        "     ^^^^^",
    ),
];

#[test]
fn what_is_hardly_meant_is_told_every_time_and_is_an_error_if_asked_for() {
    let carafe = Carafe::new();
    carafe.write("context/a", b"a");
    carafe.write("context/b", b"b");
    for (dockerfile, warning, mark) in CASES {
        let context = carafe.context(dockerfile);
        for time in ["executed", "cached"] {
            let said = carafe.run(["build", &context]);
            assert_eq!(said.code, 0, "{time}: {said:#?}");
            let told = said
                .stderr
                .matches(&format!("warning: {warning}\n"))
                .count();
            assert_eq!(told, 1, "{time}: {}", said.stderr);
            let marked = said
                .stderr
                .lines()
                .any(|line| line.ends_with(&format!("| {mark}")));
            assert!(marked, "{time}: {}", said.stderr);
        }
        let strict = carafe.fails(1, ["build", "--strict", &context]);
        assert!(strict.contains(&format!("error: {warning}\n")), "{strict}");
    }
    let context = carafe.context("FROM base as x\nCOPY a /\n");
    assert_eq!(carafe.run(["build", &context]).code, 0);
    let strict = carafe.fails(1, ["build", "--strict", &context]);
    assert!(
        strict.contains("(FromAsCasing)"),
        "the checks count as well: {strict}"
    );
}

#[test]
fn what_is_well_meant_is_not_warned_of() {
    let carafe = Carafe::new();
    carafe.write("context/a", b"a");
    carafe.write("context/b", b"b");
    let context = carafe.context(
        "FROM base\nCOPY --chown=app:extra a b /x/\nCOPY a b /x\nCOPY --link --chown=1:1 a* /y\nWORKDIR /w\n",
    );
    let said = carafe.run(["build", "--strict", &context]);
    assert_eq!(said.code, 0, "{said:#?}");
    assert!(!said.stderr.contains("warning"), "{}", said.stderr);
}
