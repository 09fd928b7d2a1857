//! One directory.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use rootfs::{Attributes, Dir, Error, FileKind, Node, remove_tree};

fn temp() -> (tempfile::TempDir, Dir) {
    let temp = tempfile::tempdir().unwrap();
    let dir = Dir::open(temp.path()).unwrap();
    (temp, dir)
}

#[test]
fn only_single_names_are_taken() {
    let (temp, dir) = temp();
    fs::create_dir(temp.path().join("d")).unwrap();
    for name in ["", ".", "..", "/", "a/b", "../x", "d/", "a\0b"] {
        assert!(
            matches!(dir.stat(name), Err(Error::BadName { .. })),
            "{name:?}"
        );
        assert!(
            matches!(dir.mkdir(name, 0o755), Err(Error::BadName { .. })),
            "{name:?}"
        );
        assert!(
            matches!(dir.remove_tree(name), Err(Error::BadName { .. })),
            "{name:?}"
        );
        assert!(
            matches!(dir.rename("d", &dir, name), Err(Error::BadName { .. })),
            "{name:?}"
        );
    }
}

#[test]
fn entries_are_sorted_by_bytes_whatever_they_are() {
    let (temp, dir) = temp();
    let odd = OsString::from_vec(vec![0xff, b'x']);
    for name in [
        OsString::from("b"),
        "B".into(),
        "a b".into(),
        odd.clone(),
        "ä".into(),
    ] {
        fs::write(temp.path().join(name), "").unwrap();
    }
    symlink("nowhere", temp.path().join("link")).unwrap();
    let names: Vec<_> = dir.entries().unwrap().into_iter().map(|e| e.name).collect();
    assert_eq!(
        names,
        [
            "B".into(),
            "a b".into(),
            "b".into(),
            "link".into(),
            "ä".into(),
            odd
        ]
    );
    let link = dir
        .entries()
        .unwrap()
        .into_iter()
        .find(|e| e.name == "link")
        .unwrap();
    assert_eq!(link.kind, Some(FileKind::Symlink));
}

#[test]
fn a_directory_of_many_names_is_listed_whole() {
    let (temp, dir) = temp();
    for number in 0..3000 {
        fs::write(temp.path().join(format!("{number:0100}")), "").unwrap();
    }
    assert_eq!(dir.entries().unwrap().len(), 3000);
}

#[test]
fn links_are_never_followed() {
    let (temp, dir) = temp();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("f"), "host").unwrap();
    symlink(outside.path(), temp.path().join("d")).unwrap();
    symlink(outside.path().join("f"), temp.path().join("f")).unwrap();
    let before = fs::metadata(outside.path().join("f")).unwrap();
    assert!(matches!(
        dir.open_dir("d"),
        Err(Error::NotADirectory { .. })
    ));
    assert!(matches!(dir.open_file("f"), Err(Error::NotAFile { .. })));
    assert!(dir.create_file("f", 0o644).is_err());
    assert!(dir.set_mode("f", 0o4777).is_err());
    dir.set_owner("f", 5, 6).unwrap();
    dir.set_times("f", (7, 8)).unwrap();
    dir.remove_tree("d").unwrap();
    let after = fs::metadata(outside.path().join("f")).unwrap();
    assert_eq!(
        (before.uid(), before.mode(), before.mtime()),
        (after.uid(), after.mode(), after.mtime())
    );
    let link = dir.stat("f").unwrap().unwrap();
    assert_eq!((link.uid, link.gid, link.mtime), (5, 6, (7, 8)));
}

#[test]
fn attributes_of_a_new_file() {
    let (_temp, dir) = temp();
    let file = dir.create_file("f", 0o4755).unwrap();
    // Not set-user-ID while it belongs to whoever made it.
    assert_eq!(dir.stat("f").unwrap().unwrap().mode & 0o7000, 0);
    let wanted = Attributes {
        mode: Some(0o6711),
        owner: Some((12, 34)),
        mtime: Some((-5, 999_999_999)),
    };
    wanted.apply_to(&file).unwrap();
    assert_eq!(Attributes::of(&dir.stat("f").unwrap().unwrap()), wanted);
    // The owner as it is, the mode changed by chown before.
    let other = Attributes {
        owner: Some((0, 34)),
        mode: Some(0o6711),
        ..wanted
    };
    dir.set_attributes("f", &other).unwrap();
    assert_eq!(Attributes::of(&dir.stat("f").unwrap().unwrap()), other);
}

#[test]
fn special_files() {
    let (_temp, dir) = temp();
    dir.mknod("null", Node::Char(1, 3), 0o666).unwrap();
    dir.mknod("disk", Node::Block(259, 1_000_000), 0o660)
        .unwrap();
    dir.mknod("pipe", Node::Fifo, 0o600).unwrap();
    dir.mknod("socket", Node::Socket, 0o600).unwrap();
    dir.whiteout("gone").unwrap();
    let found = |name: &str| dir.stat(name).unwrap().unwrap();
    assert_eq!(
        (found("null").kind, found("null").rdev),
        (FileKind::Char, (1, 3))
    );
    assert_eq!(
        (found("disk").kind, found("disk").rdev),
        (FileKind::Block, (259, 1_000_000))
    );
    assert_eq!(found("pipe").kind, FileKind::Fifo);
    assert_eq!(found("socket").kind, FileKind::Socket);
    assert!(found("gone").is_whiteout() && !found("null").is_whiteout());
    dir.set_mode("null", 0o4640).unwrap();
    assert_eq!(found("null").mode, 0o4640);
    assert!(matches!(dir.open_file("pipe"), Err(Error::NotAFile { .. })));
    assert!(matches!(
        dir.open_file("socket"),
        Err(Error::NotAFile { .. })
    ));
}

#[test]
fn extended_attributes() {
    let (_temp, dir) = temp();
    dir.create_file("f", 0o600).unwrap();
    dir.symlink("l", "f").unwrap();
    let big = vec![7; 3000];
    dir.set_xattr_of("f", "user.big", &big).unwrap();
    dir.set_xattr_of("f", "user.empty", b"").unwrap();
    dir.set_xattr_of("l", "security.odd", b"of the link")
        .unwrap();
    let of_file = dir.xattrs_of("f").unwrap();
    assert_eq!(of_file.len(), 2, "{of_file:?}");
    assert_eq!(of_file[std::ffi::OsStr::from_bytes(b"user.big")], big);
    assert_eq!(dir.xattrs_of("l").unwrap().len(), 1);
    dir.remove_xattr_of("f", "user.big").unwrap();
    assert_eq!(dir.xattrs_of("f").unwrap().len(), 1);
    assert!(!dir.is_opaque().unwrap());
    dir.set_opaque().unwrap();
    assert!(dir.is_opaque().unwrap());
}

#[test]
fn trees_are_removed_however_deep_and_unreadable() {
    let (temp, dir) = temp();
    let mut at = dir.create_dir("deep", 0o755).unwrap();
    for _ in 0..3000 {
        at.create_file("f", 0o600).unwrap();
        at = at.create_dir("d", 0o000).unwrap();
    }
    fs::create_dir(temp.path().join("other")).unwrap();
    fs::set_permissions(temp.path().join("other"), fs::Permissions::from_mode(0o000)).unwrap();
    drop(at);
    dir.remove_tree("deep").unwrap();
    dir.remove_tree("deep").unwrap();
    remove_tree(temp.path().join("other")).unwrap();
    remove_tree(temp.path().join("no/such/place")).unwrap();
    assert_eq!(dir.entries().unwrap(), []);
}
