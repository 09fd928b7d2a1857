//! Layers of all kinds become directories.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use oci::tar::{Kind, Time};
use oci::{DiffId, Digest};
use rootfs::Dir;
use store::{LayerError, apply};

use crate::support::{
    archive, dir, file, hard_link, layer_of, listing, other, store, symlink, tree, unpack,
};

#[test]
fn everything_that_a_layer_can_hold() {
    let (_temp, store) = store();
    let mut owned = file("d/owned", 0o6755, "x");
    (owned.0.uid, owned.0.gid) = (1234, 567);
    owned.0.mtime = Time {
        seconds: -5,
        nanos: 123_456_789,
    };
    let mut capable = file("capable", 0o755, "y");
    let capability = b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    for (name, value) in [
        ("security.capability", capability.as_slice()),
        ("user.mine", b"kept"),
        ("user.overlay.opaque", b"y"),
        ("trusted.overlay.opaque", b"y"),
        ("security.selinux", b"x"),
    ] {
        capable.0.xattrs.insert(name.into(), value.into());
    }
    let tar = archive(&[
        dir("d", 0o1777),
        owned,
        capable,
        symlink("link", "/nowhere/at/all"),
        hard_link("same", "d/owned"),
        other("null", 0o666, Kind::Char { major: 1, minor: 3 }),
        other("loop0", 0o660, Kind::Block { major: 7, minor: 0 }),
        other("pipe", 0o620, Kind::Fifo),
    ]);
    let draft = store.draft().unwrap();
    let applied = apply(tar.as_slice(), &draft.dir()).unwrap();
    assert_eq!(applied.diff_id, DiffId(Digest::sha256(&tar)));
    assert_eq!(
        (applied.tar_size, applied.size, applied.entries),
        (tar.len() as u64, 2, 8)
    );
    let top = Dir::open(draft.dir()).unwrap();
    let found = |name: &str| top.stat(name).unwrap().unwrap();
    let same = found("same");
    assert_eq!(
        (same.mode, same.uid, same.gid, same.nlink),
        (0o6755, 1234, 567, 2)
    );
    assert_eq!(same.mtime, (-5, 123_456_789));
    assert_eq!(
        (found("d").mode, found("d").mtime),
        (0o1777, (1_000_000_000, 0))
    );
    assert_eq!(top.read_link("link").unwrap(), "/nowhere/at/all");
    assert_eq!(found("link").mtime, (1_000_000_000, 0));
    assert_eq!((found("null").rdev, found("null").mode), ((1, 3), 0o666));
    assert_eq!((found("loop0").rdev, found("pipe").mode), ((7, 0), 0o620));
    let xattrs = top.xattrs_of("capable").unwrap();
    let names: Vec<_> = xattrs.keys().collect();
    assert_eq!(names, ["security.capability", "user.mine"]);
    assert_eq!(xattrs[names[0]], capability);
}

#[test]
fn bytes_after_the_archive_are_part_of_the_diff_id() {
    let (_temp, store) = store();
    let mut tar = archive(&[file("f", 0o644, "x")]);
    tar.extend([0; 20_480]);
    tar.extend(b"and more");
    let draft = store.draft().unwrap();
    let applied = apply(tar.as_slice(), &draft.dir()).unwrap();
    assert_eq!(applied.diff_id, DiffId(Digest::sha256(&tar)));
}

#[test]
fn whiteouts_of_both_forms() {
    let (_temp, store) = store();
    let base = unpack(
        &store,
        &[],
        &archive(&[
            dir("d", 0o755),
            file("d/a", 0o644, "a"),
            file("d/b", 0o644, "b"),
            dir("e", 0o755),
            file("e/x", 0o644, "x"),
            dir("f", 0o700),
            file("f/y", 0o644, "y"),
        ]),
    );
    let next = archive(&[
        file("d/.wh.a", 0, ""),
        file("d/.wh.a", 0, ""),
        file("d/.wh.never", 0, ""),
        file("e/new", 0o644, "new"),
        file("e/.wh..wh..opq", 0, ""),
        file("e/.wh.x", 0, ""),
        file(".wh..wh.plnk", 0, ""),
        file(".wh.f", 0, ""),
    ]);
    let top = unpack(&store, std::slice::from_ref(&base), &next);
    let names: Vec<_> = tree(&store, &[base.clone(), top.clone()])
        .iter()
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["d", "d/b", "e", "e/new"]);
    assert_eq!(
        listing(&layer_of(&store, &[base, top])),
        [
            "dir 755 d/",
            "reg 0 d/.wh.a",
            "dir 755 e/",
            "reg 644 e/new",
            "reg 0 e/.wh.x",
            "reg 0 .wh.f"
        ]
    );
}

#[test]
fn whiteouts_hide_what_is_below_and_nothing_of_their_own_layer() {
    let (_temp, store) = store();
    let base = unpack(
        &store,
        &[],
        &archive(&[
            file("a/old", 0o644, ""),
            file("b/old", 0o644, ""),
            file("c/old", 0o644, ""),
            file("f", 0o644, "old"),
        ]),
    );
    let next = archive(&[
        // Before, after, and without an entry of the directory.
        file(".wh.a", 0, ""),
        dir("a", 0o755),
        file("a/new", 0o644, ""),
        file("b/new", 0o644, ""),
        file(".wh.b", 0, ""),
        file(".wh.c", 0, ""),
        file("c/deep/new", 0o644, ""),
        file("f", 0o644, "new"),
        file(".wh.f", 0, ""),
    ]);
    let top = unpack(&store, std::slice::from_ref(&base), &next);
    let lines = tree(&store, &[base, top]);
    let names: Vec<_> = lines
        .iter()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(
        names,
        ["a", "a/new", "b", "b/new", "c", "c/deep", "c/deep/new", "f"]
    );
    assert!(lines[7].contains("new"));
}

#[test]
fn a_layer_that_deletes_everything() {
    let (_temp, store) = store();
    let base = unpack(
        &store,
        &[],
        &archive(&[file("a/old", 0o644, ""), file("b", 0o644, "")]),
    );
    let next = archive(&[file(".wh..wh..opq", 0, ""), file("a/new", 0o644, "")]);
    let top = unpack(&store, std::slice::from_ref(&base), &next);
    let lines = tree(&store, &[base, top]);
    let names: Vec<_> = lines
        .iter()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(names, ["a", "a/new"]);
}

#[test]
fn implied_directories_are_those_below() {
    let (_temp, store) = store();
    let mut known = dir("known", 0o2750);
    (known.0.uid, known.0.gid) = (7, 8);
    known.0.xattrs.insert(b"user.mine".to_vec(), b"v".to_vec());
    let base = unpack(&store, &[], &archive(&[known, symlink("lib", "known")]));
    let next = archive(&[
        file("known/f", 0o644, ""),
        file("unknown/g", 0o644, ""),
        // Described in the end, after all.
        file("late/h", 0o644, ""),
        dir("late", 0o711),
    ]);
    let top = unpack(&store, std::slice::from_ref(&base), &next);
    let found = |name: &str| fs::metadata(top.dir().join(name)).unwrap();
    assert_eq!(
        (
            found("known").mode() & 0o7777,
            found("known").uid(),
            found("known").gid()
        ),
        (0o2750, 7, 8)
    );
    assert_eq!(found("known").mtime(), 1_000_000_000);
    assert_eq!(
        Dir::open(top.dir())
            .unwrap()
            .xattrs_of("known")
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        (found("unknown").mode() & 0o7777, found("unknown").uid()),
        (0o755, 0)
    );
    assert_eq!(found("late").permissions().mode() & 0o7777, 0o711);
    assert_eq!(listing(&layer_of(&store, &[base, top])).len(), 6);
}

#[test]
fn a_link_of_a_lower_layer_becomes_a_directory_as_with_overlayfs() {
    let (_temp, store) = store();
    let base = unpack(
        &store,
        &[],
        &archive(&[file("usr/lib/so", 0o644, ""), symlink("lib", "usr/lib")]),
    );
    // Within one layer links are followed, also where they lead to nothing yet.
    let next = archive(&[
        symlink("bin", "usr/bin"),
        file("bin/sh", 0o755, "sh"),
        file("lib/other", 0o644, ""),
    ]);
    let top = unpack(&store, std::slice::from_ref(&base), &next);
    assert!(top.dir().join("usr/bin/sh").exists());
    let lines = tree(&store, &[base, top]);
    let names: Vec<_> = lines
        .iter()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "bin",
            "lib",
            "lib/other",
            "usr",
            "usr/bin",
            "usr/bin/sh",
            "usr/lib",
            "usr/lib/so"
        ]
    );
}

#[test]
fn later_entries_replace_earlier_ones() {
    let (_temp, store) = store();
    let tar = archive(&[
        file("a", 0o644, "file"),
        dir("a", 0o700),
        file("a/in", 0o644, ""),
        dir("a", 0o711),
        dir("b", 0o755),
        file("b/c/d", 0o644, ""),
        file("b", 0o600, "now a file"),
        symlink("l", "a"),
        dir("l", 0o750),
        file("l/own", 0o644, ""),
        file("f", 0o4755, "first"),
        hard_link("g", "f"),
        file("f", 0o644, "second"),
        hard_link("f", "f"),
        hard_link("g", "g"),
    ]);
    let top = unpack(&store, &[], &tar);
    let lines = tree(&store, &[top]);
    let lines: Vec<_> = lines
        .iter()
        .map(|l| l.split(' ').take(3).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        lines,
        [
            "a Directory 711",
            "a/in File 644",
            "b File 600",
            "f File 644",
            "g File 4755",
            "l Directory 750",
            "l/own File 644"
        ]
    );
}

#[test]
fn hard_links_to_files_of_lower_layers_are_copies() {
    let (_temp, store) = store();
    let mut target = file("etc/secret", 0o4640, "content");
    target.0.uid = 9;
    let base = unpack(&store, &[], &archive(&[target, symlink("s", "etc")]));
    let next = archive(&[
        hard_link("h", "etc/secret"),
        hard_link("i", "h"),
        hard_link("j", "s/secret"),
    ]);
    let top = unpack(&store, std::slice::from_ref(&base), &next);
    for name in ["h", "i", "j"] {
        let found = fs::metadata(top.dir().join(name)).unwrap();
        assert_eq!(
            (found.mode() & 0o7777, found.uid(), found.len()),
            (0o4640, 9, 7),
            "{name}"
        );
    }
    assert_eq!(fs::metadata(top.dir().join("h")).unwrap().nlink(), 2);
    let draft = store.draft().unwrap();
    let mut applied = apply(
        archive(&[hard_link("h", "no/such")]).as_slice(),
        &draft.dir(),
    )
    .unwrap();
    let error = applied
        .settle(&draft.dir(), &store.union(&[base]).unwrap())
        .unwrap_err();
    assert!(matches!(error, LayerError::LinkTarget { .. }), "{error:?}");
}

#[test]
fn long_zero_stretches_become_holes() {
    let (_temp, store) = store();
    let mut entry = file("sparse", 0o644, "").0;
    entry.size = 64 << 20;
    let mut writer = oci::tar::Writer::new(Vec::new());
    let mut content = std::io::repeat(0).take((64 << 20) - 3).chain(&b"end"[..]);
    writer.append(&entry, &mut content).unwrap();
    let top = unpack(&store, &[], &writer.finish().unwrap());
    let found = fs::metadata(top.dir().join("sparse")).unwrap();
    assert_eq!(found.len(), 64 << 20);
    assert!(found.blocks() * 512 < 1 << 20);
    assert!(
        fs::read(top.dir().join("sparse"))
            .unwrap()
            .ends_with(b"\0end")
    );
}

#[test]
fn broken_archives_are_errors() {
    let (_temp, store) = store();
    let tar = archive(&[file("f", 0o644, &"x".repeat(5000))]);
    for cut in [700, 3000] {
        let draft = store.draft().unwrap();
        let error = apply(&tar[..cut], &draft.dir()).unwrap_err();
        assert!(
            matches!(error, LayerError::Read { .. } | LayerError::Content { .. }),
            "{error:?}"
        );
    }
}
