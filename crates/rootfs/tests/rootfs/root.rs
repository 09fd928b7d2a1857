//! Paths inside a root, hostile ones among them.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use rootfs::{Error, FileKind, FollowLast, MakeDir, Root};
use tempfile::TempDir;

/// A host directory with a `secret` in it and a root beside the secret.
fn jail() -> (TempDir, PathBuf, Root) {
    let host = tempfile::tempdir().unwrap();
    fs::write(host.path().join("secret"), "host").unwrap();
    let top = host.path().join("root");
    fs::create_dir(&top).unwrap();
    let root = Root::open(&top).unwrap();
    (host, top, root)
}

const PLAIN: MakeDir = MakeDir {
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: None,
};

#[test]
fn dots_and_links_stay_inside() {
    let (host, top, root) = jail();
    symlink("../secret", top.join("up")).unwrap();
    symlink(host.path().join("secret"), top.join("absolute")).unwrap();
    for path in [
        "../secret",
        "/../../secret",
        "up",
        "absolute",
        "/up",
        "a/../../secret",
    ] {
        assert_eq!(root.metadata(path).unwrap(), None, "{path}");
        assert_eq!(root.read(path, 100).unwrap(), None, "{path}");
    }
    fs::write(top.join("secret"), "mine").unwrap();
    for path in ["../secret", "/../../secret", "up", "/up"] {
        assert_eq!(root.read(path, 100).unwrap().unwrap(), b"mine", "{path}");
    }
}

#[test]
fn metadata_follows_or_not() {
    let (_host, top, root) = jail();
    fs::create_dir(top.join("d")).unwrap();
    symlink("/d", top.join("l")).unwrap();
    symlink("nowhere", top.join("dangling")).unwrap();
    let kind = |found: Option<rootfs::Metadata>| found.map(|m| m.kind);
    assert_eq!(
        kind(root.metadata("/l").unwrap()),
        Some(FileKind::Directory)
    );
    assert_eq!(
        kind(root.symlink_metadata("/l").unwrap()),
        Some(FileKind::Symlink)
    );
    assert_eq!(kind(root.metadata("dangling").unwrap()), None);
    assert_eq!(
        kind(root.symlink_metadata("dangling").unwrap()),
        Some(FileKind::Symlink)
    );
    assert_eq!(kind(root.metadata("").unwrap()), Some(FileKind::Directory));
    assert_eq!(kind(root.metadata("/").unwrap()), Some(FileKind::Directory));
    assert_eq!(kind(root.metadata("dangling/below").unwrap()), None);
}

#[test]
fn only_regular_files_of_bounded_length_are_read() {
    let (_host, top, root) = jail();
    symlink("/dev/zero", top.join("passwd")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        top.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    fs::write(top.join("long"), [b'x'; 101]).unwrap();
    // The host's /dev/zero is not there.
    assert_eq!(root.read("passwd", 100).unwrap(), None);
    assert!(matches!(
        root.read("pipe", 100),
        Err(Error::NotAFile { .. })
    ));
    assert!(matches!(root.read("/", 100), Err(Error::NotAFile { .. })));
    assert!(matches!(
        root.read("long", 100),
        Err(Error::TooLarge { limit: 100, .. })
    ));
    assert_eq!(root.read("long", 101).unwrap().unwrap().len(), 101);
}

#[test]
fn resolve_answers_the_path_without_links() {
    let (_host, top, root) = jail();
    fs::create_dir_all(top.join("usr/lib")).unwrap();
    fs::write(top.join("usr/lib/so"), "").unwrap();
    symlink("usr/lib", top.join("lib")).unwrap();
    symlink("../../../../usr", top.join("usr/up")).unwrap();
    symlink("/usr/lib/so", top.join("file")).unwrap();
    symlink("loop", top.join("loop")).unwrap();
    let resolve = |path: &str| root.resolve(path, FollowLast::Yes);
    assert_eq!(resolve("/lib/so").unwrap(), Path::new("/usr/lib/so"));
    assert_eq!(resolve("lib/../x/y").unwrap(), Path::new("/usr/x/y"));
    assert_eq!(resolve("usr/up/lib").unwrap(), Path::new("/usr/lib"));
    assert_eq!(resolve("file").unwrap(), Path::new("/usr/lib/so"));
    assert_eq!(resolve("missing/../..").unwrap(), Path::new("/"));
    assert_eq!(resolve("..").unwrap(), Path::new("/"));
    assert_eq!(
        root.resolve("/lib", FollowLast::No).unwrap(),
        Path::new("/lib")
    );
    assert!(matches!(resolve("loop"), Err(Error::TooManyLinks { .. })));
    match resolve("/file/below") {
        Err(Error::NotADirectory { path }) => assert_eq!(path, Path::new("/usr/lib/so")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn missing_directories_are_made_exactly_as_told() {
    let (_host, top, root) = jail();
    fs::create_dir(top.join("a")).unwrap();
    let make = MakeDir {
        mode: 0o2770,
        uid: 7,
        gid: 8,
        mtime: Some((1_000_000_000, 5)),
    };
    let made = root.create_dir_all("a/b/../b/c", &make).unwrap();
    assert_eq!(made, [Path::new("/a/b"), Path::new("/a/b/c")]);
    for path in made {
        let found = fs::metadata(top.join(path.strip_prefix("/").unwrap())).unwrap();
        assert_eq!(
            (found.uid(), found.gid(), found.mode() & 0o7777),
            (7, 8, 0o2770)
        );
        assert_eq!((found.mtime(), found.mtime_nsec()), (1_000_000_000, 5));
    }
    assert_eq!(
        root.create_dir_all("/a/b/c", &make).unwrap(),
        Vec::<PathBuf>::new()
    );
    assert_eq!(
        root.create_dir_all("/", &make).unwrap(),
        Vec::<PathBuf>::new()
    );
}

#[test]
fn the_target_of_a_dangling_link_is_made() {
    let (host, top, root) = jail();
    symlink("/z/y", top.join("f")).unwrap();
    symlink("../../w", top.join("up")).unwrap();
    symlink(host.path().join("outside"), top.join("evil")).unwrap();
    let made = root.create_dir_all("/f/d", &PLAIN).unwrap();
    assert_eq!(
        made,
        [Path::new("/z"), Path::new("/z/y"), Path::new("/z/y/d")]
    );
    assert_eq!(
        root.create_dir_all("up", &PLAIN).unwrap(),
        [Path::new("/w")]
    );
    root.create_dir_all("/evil/new", &PLAIN).unwrap();
    assert!(!host.path().join("outside").exists());
    assert!(
        top.join(host.path().strip_prefix("/").unwrap())
            .join("outside/new")
            .is_dir()
    );
}

#[test]
fn a_file_in_the_way_is_named() {
    let (_host, top, root) = jail();
    fs::create_dir(top.join("d")).unwrap();
    fs::write(top.join("d/f"), "").unwrap();
    symlink("d/f", top.join("l")).unwrap();
    for path in ["/d/f/x/y", "/d/f", "/l/x", "/l"] {
        match root.create_dir_all(path, &PLAIN) {
            Err(Error::NotADirectory { path }) => assert_eq!(path, Path::new("/d/f")),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_parent_of_a_path() {
    let (_host, top, root) = jail();
    fs::create_dir_all(top.join("real/deep")).unwrap();
    symlink("/real", top.join("link")).unwrap();
    let (dir, name) = root.parent_of("link/deep/f").unwrap();
    dir.mkdir(&name, 0o700).unwrap();
    assert!(top.join("real/deep/f").is_dir());
    for path in ["/", "", "a/.."] {
        assert!(
            matches!(root.parent_of(path), Err(Error::BadName { .. })),
            "{path}"
        );
    }
}
