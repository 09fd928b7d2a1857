//! `ADD` of an archive.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use oci::tar::Kind;
use rootfs::Dir;
use store::{extract, is_archive};

use crate::support::{archive, dir, file, hard_link, other, symlink as link, tree_of};

fn lines(top: &Dir) -> Vec<String> {
    let short = |line: &String| line.split(' ').take(4).collect::<Vec<_>>().join(" ");
    tree_of(top).iter().map(short).collect()
}

#[test]
fn owners_modes_and_implied_directories() {
    let temp = tempfile::tempdir().unwrap();
    let with_owner = |mut entry: (oci::tar::Entry, Vec<u8>)| {
        (entry.0.uid, entry.0.gid) = (1, 2);
        entry
    };
    let tar = archive(&[
        with_owner(dir("d", 0o750)),
        with_owner(file("d/f", 0o640, "f")),
        with_owner(file("imp/g", 0o644, "g")),
        with_owner(link("d/l", "../one")),
    ]);
    let top = || Dir::open(temp.path()).unwrap();
    let extracted = extract(tar.as_slice(), top(), None).unwrap();
    assert_eq!((extracted.entries, extracted.size), (4, 2));
    let expected = [
        "d Directory 750 1:2",
        "d/f File 640 1:2",
        "d/l Symlink 777 1:2",
        "imp Directory 755 0:0",
        "imp/g File 644 1:2",
    ];
    assert_eq!(lines(&top()), expected);
    top().clear().unwrap();
    extract(tar.as_slice(), top(), Some((3, 4))).unwrap();
    assert_eq!(
        lines(&top()),
        expected.map(|line| line.replace("1:2", "3:4"))
    );
}

#[test]
fn what_is_there_is_merged_or_replaced_and_the_destination_stays() {
    let temp = tempfile::tempdir().unwrap();
    let at = temp.path();
    fs::create_dir_all(at.join("dir")).unwrap();
    fs::create_dir_all(at.join("was-dir/full")).unwrap();
    fs::write(at.join("dir/kept"), "kept").unwrap();
    fs::write(at.join("was-file"), "").unwrap();
    fs::set_permissions(at, fs::Permissions::from_mode(0o711)).unwrap();
    fs::set_permissions(at.join("dir"), fs::Permissions::from_mode(0o700)).unwrap();
    symlink("dir", at.join("link")).unwrap();
    let tar = archive(&[
        dir(".", 0o755),
        dir("dir", 0o2750),
        file("dir/.wh.kept", 0o600, "literal"),
        file("was-dir", 0o644, "file"),
        dir("was-file", 0o755),
        // Through a link of the destination, resolved inside it.
        file("link/through", 0o644, ""),
        other("dir/pipe", 0o644, Kind::Fifo),
        hard_link("dir/second", "link/through"),
    ]);
    extract(tar.as_slice(), Dir::open(at).unwrap(), None).unwrap();
    assert_eq!(fs::metadata(at).unwrap().mode() & 0o7777, 0o711);
    assert_eq!(
        lines(&Dir::open(at).unwrap()),
        [
            "dir Directory 2750 0:0",
            "dir/.wh.kept File 600 0:0",
            "dir/kept File 644 0:0",
            "dir/pipe Fifo 644 0:0",
            "dir/second File 644 0:0",
            "dir/through File 644 0:0",
            "link Symlink 777 0:0",
            "was-dir File 644 0:0",
            "was-file Directory 755 0:0",
        ]
    );
    assert_eq!(fs::metadata(at.join("dir/second")).unwrap().nlink(), 2);
    assert_eq!(fs::metadata(at.join("dir")).unwrap().mtime(), 1_000_000_000);
}

#[test]
fn archives_are_known_by_their_content() {
    let tar = archive(&[file("f", 0o644, "")]);
    assert!(is_archive(tar.as_slice()));
    assert!(is_archive(&tar[..600]));
    for other in [&b""[..], b"not a tar", &[0; 1024], &[b'x'; 5000]] {
        assert!(!is_archive(other));
    }
}
