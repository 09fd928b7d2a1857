//! Inputs that broke other programs. Each is unpacked beside a victim, which must stay as it was.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use oci::tar::{Entry, Kind};
use rootfs::{Dir, Root};
use store::{LayerError, apply, extract};
use tempfile::TempDir;

use crate::support::{archive, dir, file, hard_link, other, store, symlink, unpack};

/// A directory of the host with files in it, and an empty one beside it to unpack into.
struct Host {
    temp: TempDir,
}

impl Host {
    fn new() -> Host {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir_all(temp.path().join("host/exploit")).unwrap();
        fs::create_dir_all(temp.path().join("deep/er/into")).unwrap();
        fs::write(temp.path().join("host/secret"), "secret").unwrap();
        fs::write(temp.path().join("host/victim"), "victim").unwrap();
        Host { temp }
    }

    fn inside(&self) -> std::path::PathBuf {
        self.temp.path().join("deep/er/into")
    }

    fn host(&self) -> String {
        self.temp.path().join("host").to_str().unwrap().to_owned()
    }

    /// Everything outside of the directory that is unpacked into.
    fn outside(&self) -> Vec<String> {
        fn list(at: &Path, except: &Path, lines: &mut Vec<String>) {
            let mut paths: Vec<_> = fs::read_dir(at)
                .unwrap()
                .map(|e| e.unwrap().path())
                .collect();
            paths.sort();
            for path in paths.iter().filter(|path| *path != except) {
                let m = fs::symlink_metadata(path).unwrap();
                let facts = (
                    m.mode(),
                    m.uid(),
                    m.nlink(),
                    m.len(),
                    m.mtime(),
                    m.mtime_nsec(),
                );
                lines.push(format!("{} {facts:?}", path.display()));
                if m.is_dir() {
                    list(path, except, lines);
                }
            }
        }
        let mut lines = Vec::new();
        list(self.temp.path(), &self.inside(), &mut lines);
        lines
    }

    /// Unpacks as a layer and as an archive; answers whether each was refused.
    fn unpack(&self, entries: &[(Entry, Vec<u8>)]) -> (bool, bool) {
        let tar = archive(entries);
        let before = self.outside();
        let union = rootfs::Union::new(Vec::new());
        let layer = apply(tar.as_slice(), &self.inside())
            .and_then(|mut applied| applied.settle(&self.inside(), &union));
        assert_eq!(self.outside(), before);
        Dir::open(self.inside()).unwrap().clear().unwrap();
        let added = extract(
            tar.as_slice(),
            Dir::open(self.inside()).unwrap(),
            Some((5, 6)),
        );
        assert_eq!(self.outside(), before);
        (layer.is_err(), added.is_err())
    }
}

#[test]
fn names_that_lead_out_are_refused() {
    for name in [
        "../outside.txt",
        "../../../../tini",
        "a/../../b",
        "/../x",
        "a/b/../../../c",
    ] {
        let host = Host::new();
        assert_eq!(
            host.unpack(&[file(name, 0o755, "evil")]),
            (true, true),
            "{name}"
        );
        assert_eq!(host.unpack(&[dir(name, 0o777)]), (true, true), "{name}");
        assert_eq!(host.unpack(&[symlink(name, "x")]), (true, true), "{name}");
    }
}

#[test]
fn absolute_names_are_inside() {
    let host = Host::new();
    let name = format!("{}/victim", host.host());
    assert_eq!(host.unpack(&[file(&name, 0o755, "evil")]), (false, false));
    assert_eq!(fs::read(host.inside().join(&name[1..])).unwrap(), b"evil");
}

#[test]
fn the_root_itself_is_left_alone() {
    let host = Host::new();
    let target = host.host();
    for name in [".", "./.", "a/.."] {
        host.unpack(&[symlink(name, &target), file("f", 0o644, "evil")]);
        host.unpack(&[
            other(name, 0o666, Kind::Char { major: 1, minor: 3 }),
            file("f", 0o644, ""),
        ]);
        host.unpack(&[file(name, 0o666, "evil"), dir(name, 0o000)]);
        assert!(fs::symlink_metadata(host.inside()).unwrap().is_dir());
    }
}

#[test]
fn links_to_the_host_lead_nowhere() {
    let host = Host::new();
    let outside = host.host();
    for target in [
        "..",
        "../..",
        "../../../host",
        &outside,
        "../../../../../../..",
        "/proc/self/cwd",
    ] {
        host.unpack(&[
            symlink("l", target),
            file("l/exploit/f", 0o644, "evil"),
            file("l/secret", 0o644, "evil"),
            file("l/.wh.victim", 0, ""),
            file("l/.wh..wh..opq", 0, ""),
            dir("l/exploit", 0o000),
            symlink("l/exploit/link", "x"),
            hard_link("copy", "l/secret"),
            other("l/pipe", 0o600, Kind::Fifo),
        ]);
    }
}

#[test]
fn a_chain_of_links_leads_nowhere() {
    let host = Host::new();
    host.unpack(&[
        dir("a", 0o755),
        dir("a/b", 0o755),
        symlink("a/b/up", "../.."),
        symlink("a/b/up2", "up/.."),
        symlink("a/b/up3", "up2/../host"),
        file("a/b/up3/victim", 0o644, "evil"),
        symlink("loop", "loop"),
    ]);
    let (layer, added) = host.unpack(&[symlink("loop", "loop"), file("loop/f", 0o644, "")]);
    assert!(layer && added);
}

#[test]
fn a_directory_entry_does_not_change_what_a_link_leads_to() {
    // CVE-2026-33056, tar-rs: chmod through a link.
    let host = Host::new();
    let target = host.host();
    assert_eq!(
        host.unpack(&[symlink("d", &target), dir("d", 0o777)]),
        (false, false)
    );
    assert!(
        fs::symlink_metadata(host.inside().join("d"))
            .unwrap()
            .is_dir()
    );
    assert_eq!(
        host.unpack(&[
            symlink("f", "../../../host/victim"),
            file("f", 0o777, "evil")
        ]),
        (false, false)
    );
    assert_eq!(fs::read(host.inside().join("f")).unwrap(), b"evil");
}

#[test]
fn hard_links_to_the_host_are_refused() {
    for target in [
        "../../../host/secret",
        "../../../../../../etc/passwd",
        "..",
        "/",
    ] {
        let host = Host::new();
        assert_eq!(
            host.unpack(&[hard_link("h", target)]),
            (true, true),
            "{target}"
        );
    }
    let host = Host::new();
    let target = format!("{}/secret", host.host());
    assert_eq!(host.unpack(&[hard_link("h", &target)]), (true, true));
    let entries = [symlink("d", &host.host()), hard_link("h", "d/secret")];
    assert_eq!(host.unpack(&entries), (true, true));
}

#[test]
fn links_of_one_layer_do_not_redirect_the_next() {
    let (_temp, store) = store();
    let host = Host::new();
    let base = unpack(
        &store,
        &[],
        &archive(&[symlink("etc", &host.host()), file("x/y", 0o644, "")]),
    );
    let before = host.outside();
    let next = archive(&[
        file("etc/x", 0o644, "evil"),
        file("etc/.wh.victim", 0, ""),
        file("etc/.wh..wh..opq", 0, ""),
        dir("etc/exploit", 0o777),
    ]);
    let top = unpack(&store, std::slice::from_ref(&base), &next);
    let draft = store.draft().unwrap();
    let mut applied = apply(
        archive(&[hard_link("h", "etc/secret")]).as_slice(),
        &draft.dir(),
    )
    .unwrap();
    let below = store.union(std::slice::from_ref(&base)).unwrap();
    assert!(matches!(
        applied.settle(&draft.dir(), &below),
        Err(LayerError::LinkTarget { .. })
    ));
    assert_eq!(host.outside(), before);
    assert!(top.dir().join("etc/x").exists());
    // Nor does it redirect an archive that is added to the mounted stack.
    let draft = store.draft().unwrap();
    let root = store.mount(&[base], Some(&draft), None).unwrap();
    let tar = archive(&[file("etc/victim", 0o644, "evil"), dir("etc", 0o700)]);
    extract(tar.as_slice(), root.open_dir("/").unwrap(), None).unwrap();
    assert_eq!(host.outside(), before);
}

#[test]
fn a_destination_that_is_a_link_to_the_host_is_inside() {
    let (_temp, store) = store();
    let host = Host::new();
    let base = unpack(&store, &[], &archive(&[symlink("w", &host.host())]));
    let before = host.outside();
    let draft = store.draft().unwrap();
    let root: Root = store.mount(&[base], Some(&draft), None).unwrap();
    let make = rootfs::MakeDir {
        mode: 0o755,
        uid: 0,
        gid: 0,
        mtime: None,
    };
    root.create_dir_all("/w/new", &make).unwrap();
    let tar = archive(&[file("victim", 0o644, "evil")]);
    extract(tar.as_slice(), root.open_dir("/w").unwrap(), None).unwrap();
    assert_eq!(host.outside(), before);
    assert!(root.metadata("/w/victim").unwrap().is_some());
}

#[test]
fn whiteouts_without_a_name_are_refused() {
    for name in [".wh.", ".wh..", ".wh...", "d/.wh.", "d/.wh..."] {
        let host = Host::new();
        let (layer, added) = host.unpack(&[dir("d", 0o755), file(name, 0, "")]);
        assert!(layer && !added, "{name}");
    }
}

#[test]
fn devices_and_set_user_id_stay_in_the_layer() {
    let host = Host::new();
    let entries = [
        other("sda", 0o666, Kind::Block { major: 8, minor: 0 }),
        file("su", 0o4755, "#!/bin/sh"),
        other("gone", 0, Kind::Char { major: 0, minor: 0 }),
    ];
    assert_eq!(host.unpack(&entries), (false, false));
    assert_eq!(
        fs::metadata(host.inside().join("su")).unwrap().mode() & 0o7777,
        0o4755
    );
}

#[test]
fn names_that_no_file_system_takes_are_errors() {
    let host = Host::new();
    let long = "n".repeat(256);
    let deep = "d/".repeat(2100);
    let unreal = u64::from(u32::MAX);
    let mut nobody = file("f", 0o644, "");
    nobody.0.uid = unreal;
    for entry in [
        file(&long, 0o644, ""),
        file(&format!("{deep}f"), 0o644, ""),
        nobody,
    ] {
        let (layer, added) = host.unpack(std::slice::from_ref(&entry));
        // An owner that is overridden is not looked at.
        assert!(
            layer && (added || entry.0.uid == unreal),
            "{:?}",
            entry.0.uid
        );
    }
    // Deeper than a process may have files open, mostly.
    let deep = "d/".repeat(1200);
    assert_eq!(
        host.unpack(&[file(&format!("{deep}f"), 0o644, "")]),
        (false, false)
    );
    Dir::open(host.inside()).unwrap().clear().unwrap();
}
