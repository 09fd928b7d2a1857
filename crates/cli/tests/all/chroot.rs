//! Builds whose steps run in a chroot.

use std::fs;

use crate::support::{Carafe, Said, said};

fn build(carafe: &Carafe, dockerfile: &str, flags: &[&str]) -> Said {
    let context = carafe.context(dockerfile);
    let args = [&["build", "-t", "made"], flags, &[&context]].concat();
    let mut command = carafe.command(args);
    said(&command.env("CARAFE_ISOLATION", "chroot").output().unwrap())
}

#[test]
fn the_user_is_told_once_and_nothing_is_left() {
    let carafe = Carafe::new();
    let text = "FROM base\nRUN echo 1 > /a\nRUN rm /a && echo out > /dev/stdout\nFROM base\nCOPY --from=0 /etc /e\nRUN true\n";
    let built = build(&carafe, text, &["--progress=plain"]);
    assert_eq!(built.code, 0, "{built:#?}");
    assert_eq!(
        built.stderr.matches("run in a chroot").count(),
        1,
        "{built:#?}"
    );
    assert!(built.stderr.contains("out\n"), "{built:#?}");
    assert_eq!(fs::read_dir(carafe.path("store/tmp")).unwrap().count(), 0);
}

#[test]
fn a_cache_of_the_other_kind_of_build_serves() {
    let carafe = Carafe::new();
    let text = "FROM base\nRUN echo 1 > /a\nWORKDIR /w\nCOPY Dockerfile .\n";
    let id = |carafe: &Carafe| carafe.ok(["inspect", "--format", "{{.Id}}", "made"]);
    carafe.context(text);
    carafe.ok(["build", "-t", "made", "context"]);
    let before = id(&carafe);
    let built = build(&carafe, text, &[]);
    assert_eq!(built.code, 0, "{built:#?}");
    assert!(!built.stderr.contains("chroot"), "{built:#?}");
    assert_eq!(id(&carafe), before);
}

#[test]
fn what_takes_a_namespace_is_an_error() {
    let carafe = Carafe::new();
    let built = build(&carafe, "FROM base\nRUN --network=none true\n", &[]);
    assert_eq!(built.code, 1, "{built:#?}");
    assert!(
        built.stderr.contains("RUN --network=none needs namespaces"),
        "{built:#?}"
    );
    assert!(built.stderr.contains("CARAFE_ISOLATION"), "{built:#?}");
    let context = carafe.context("FROM base\n");
    let mut command = carafe.command(["build", &context]);
    let wrong = said(&command.env("CARAFE_ISOLATION", "jail").output().unwrap());
    assert!(
        wrong.stderr.contains("`namespaces` or `chroot`"),
        "{wrong:#?}"
    );
}

/// Before anything is pulled for one.
#[test]
fn there_are_no_containers() {
    let carafe = Carafe::empty();
    let mut command = carafe.command(["run", "--rm", "nowhere.invalid/base"]);
    let refused = said(&command.env("CARAFE_ISOLATION", "chroot").output().unwrap());
    assert_eq!(refused.code, 125, "{refused:#?}");
    assert!(
        refused.stderr.contains("containers need namespaces"),
        "{refused:#?}"
    );
    assert!(refused.stderr.contains("CARAFE_ISOLATION"), "{refused:#?}");
}
