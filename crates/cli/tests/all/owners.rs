//! Owners in layers that a user without subordinate IDs makes: the same as root's.

use std::os::unix::process::CommandExt;
use std::process::Command;

use oci::tar::{Entry, Kind};

use crate::support::{Carafe, Said, said};

/// A user that no file knows.
const USER: u32 = 4713;

/// Files of all kinds that belong to others, on which steps then work.
const DOCKERFILE: &str = "\
FROM base
ADD foreign.tar /f
COPY --chown=1000:1001 tree /own/tree
RUN mv /f/link /f/moved && chmod 600 /f/file && mv /f/set-id /f/dir/ && touch /f/new && ln /f/second /f/third && mv /f/pipe /p
RUN rm -r /own/tree/sub && mkdir /own/tree/sub && cp /f/file /copied && echo more >> /f/dir/inside
WORKDIR /own/tree/made
";

fn archive() -> Vec<u8> {
    let entry = |path: &str, kind, mode, (uid, gid)| Entry {
        uid,
        gid,
        ..Entry::new(path, kind, mode)
    };
    let link = |target: &str| Kind::Symlink(target.into());
    testkit::layer([
        (entry("dir", Kind::Directory, 0o2775, (7, 8)), vec![]),
        (
            entry("dir/inside", Kind::File, 0o644, (7, 9)),
            b"in".to_vec(),
        ),
        (entry("file", Kind::File, 0o644, (33, 33)), b"file".to_vec()),
        (
            entry("set-id", Kind::File, 0o4755, (0, 42)),
            b"x".repeat(100_000),
        ),
        (entry("link", link("file"), 0o777, (1000, 1001)), vec![]),
        (
            entry("dir/link", link("nowhere"), 0o777, (65_534, 65_534)),
            vec![],
        ),
        (entry("pipe", Kind::Fifo, 0o620, (5, 6)), vec![]),
        (
            entry("second", Kind::Hardlink("link".into()), 0o777, (1000, 1001)),
            vec![],
        ),
        (entry("root", Kind::File, 0o600, (0, 0)), b"root".to_vec()),
    ])
}

/// A store with the base image, and a context.
fn prepared() -> Carafe {
    let carafe = Carafe::new();
    carafe.context(DOCKERFILE);
    carafe.write("context/foreign.tar", &archive());
    carafe.write("context/tree/a", b"a");
    carafe.write("context/tree/sub/b", b"b");
    std::os::unix::fs::symlink("a", carafe.path("context/tree/l")).unwrap();
    carafe
}

/// Runs carafe as a user without subordinate IDs, who may write beside the stores.
fn as_user(carafe: &Carafe, args: &[&str]) -> Said {
    let program = carafe.program_for_others();
    let all = carafe.path("");
    std::os::unix::fs::chown(&all, Some(USER), Some(USER)).unwrap();
    let mut command = Command::new(&program);
    command
        .args(args)
        .current_dir(&all)
        .env("CARAFE_ROOT", carafe.path("user-store"))
        .env("CONTAINERS_REGISTRIES_CONF", "/dev/null")
        .env_remove("SOURCE_DATE_EPOCH")
        .uid(USER)
        .gid(USER);
    said(&command.output().unwrap())
}

#[test]
fn a_single_id_makes_the_same_layers_as_root() {
    assert!(rustix::process::geteuid().is_root(), "this takes root");
    let carafe = prepared();
    carafe.ok(["save", "-o", "base-image.tar", "base"]);
    let build = ["build", "-q", "--reproducible", "-t", "app", "context"];
    let image = carafe.ok(build);

    let loaded = as_user(&carafe, &["load", "-i", "base-image.tar"]);
    assert_eq!(loaded.code, 0, "{loaded:#?}");
    let built = as_user(&carafe, &build);
    assert_eq!((built.code, &built.stdout), (0, &image), "{built:#?}");
    // It is the same again, made from what is in the store and loaded from outside.
    let saved = as_user(&carafe, &["save", "-o", "app.tar", "app"]);
    assert_eq!(saved.code, 0, "{saved:#?}");
    assert!(carafe.ok(["load", "-i", "app.tar"]).contains("app"));
    assert!(
        carafe
            .ok(["inspect", "-f", "{{.Id}}", "app"])
            .contains(image.trim())
    );
}

#[test]
fn stores_of_one_form_are_not_taken_for_the_other() {
    assert!(rustix::process::geteuid().is_root(), "this takes root");
    let carafe = Carafe::empty();
    assert_eq!(as_user(&carafe, &["images"]).code, 0);
    let mut command = carafe.command(["images"]);
    command.env("CARAFE_ROOT", carafe.path("user-store"));
    let refused = said(&command.output().unwrap());
    assert_eq!(refused.code, 1, "{refused:#?}");
    assert!(
        refused.stderr.contains("was made without subordinate IDs"),
        "{refused:#?}"
    );
}
