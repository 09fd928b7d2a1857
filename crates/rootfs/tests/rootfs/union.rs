//! A stack that is not mounted, compared with the kernel's idea of it.

use std::fs;
use std::path::Path;

use rootfs::{Dir, Error, FileKind, FollowLast, Node, Overlay, Root, Union, UnionDir};

/// Numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Fills a layer with few names, so that they meet those of other layers.
fn fill(dir: &Dir, numbers: &mut Numbers, depth: u32) {
    for name in ["a", "b", "c", "d"] {
        match numbers.below(8) {
            0 => dir.whiteout(name).unwrap(),
            1 => drop(
                dir.create_file(name, 0o600 + numbers.below(8) as u32)
                    .unwrap(),
            ),
            2 => dir
                .symlink(
                    name,
                    ["a", "../b", "/c/d", "nowhere"][numbers.below(4) as usize],
                )
                .unwrap(),
            3 => dir.mknod(name, Node::Fifo, 0o600).unwrap(),
            4 | 5 if depth > 0 => {
                let below = dir
                    .create_dir(name, 0o700 + numbers.below(8) as u32)
                    .unwrap();
                if numbers.below(4) == 0 {
                    below.set_opaque().unwrap();
                }
                fill(&below, numbers, depth - 1);
            }
            _ => {}
        }
    }
}

fn described(mounted: &Dir, at: &Path, lines: &mut Vec<String>) {
    for entry in mounted.entries().unwrap() {
        // Listed but not there: a whiteout in a directory that the kernel did not have to merge.
        let Some(found) = mounted.stat(&entry.name).unwrap() else {
            continue;
        };
        let path = at.join(&entry.name);
        lines.push(format!(
            "{} {:?} {:o}",
            path.display(),
            found.kind,
            found.mode
        ));
        if found.is_dir() {
            described(&mounted.open_dir(&entry.name).unwrap(), &path, lines);
        }
    }
}

fn described_union(union: &UnionDir, at: &Path, lines: &mut Vec<String>) {
    for entry in union.entries().unwrap() {
        let found = union.stat(&entry.name).unwrap().unwrap();
        assert_eq!(found.kind, entry.kind);
        let path = at.join(&entry.name);
        lines.push(format!(
            "{} {:?} {:o}",
            path.display(),
            found.kind,
            found.mode
        ));
        if found.is_dir() {
            described_union(&union.open_dir(&entry.name).unwrap().unwrap(), &path, lines);
        }
    }
}

#[test]
fn looks_like_the_mounted_overlay() {
    for seed in 0..60 {
        let mut numbers = Numbers(seed);
        let temp = tempfile::tempdir().unwrap();
        let lowers: Vec<_> = (0..4).map(|n| temp.path().join(n.to_string())).collect();
        for lower in &lowers {
            fs::create_dir(lower).unwrap();
            fill(&Dir::open(lower).unwrap(), &mut numbers, 3);
        }
        let union = Union::open(&lowers).unwrap();
        let root = Root::from_fd(
            Overlay {
                lowers,
                upper: None,
            }
            .mount()
            .unwrap(),
        );
        let (mut expected, mut found) = (Vec::new(), Vec::new());
        described(&root.open_dir("/").unwrap(), Path::new("/"), &mut expected);
        described_union(union.root(), Path::new("/"), &mut found);
        assert_eq!(found, expected, "seed {seed}");
        for path in [
            "a/b",
            "a/b/c",
            "c/d",
            "b/../a",
            "d/a/b/c",
            "a/a/a/a",
            "/",
            "..",
            "c/nowhere",
        ] {
            let kind = |m: Option<rootfs::Metadata>| m.map(|m| (m.kind, m.mode));
            let looked = |f| {
                union
                    .lookup(path, f)
                    .map(|found| kind(found.map(|f| f.metadata)))
            };
            match (looked(FollowLast::Yes), root.metadata(path)) {
                (Ok(union), Ok(mounted)) => assert_eq!(union, kind(mounted), "{path} seed {seed}"),
                (Err(Error::TooManyLinks { .. }), Err(_)) => {}
                other => panic!("{path} seed {seed}: {other:?}"),
            }
            if let (Ok(union), Ok(mounted)) = (looked(FollowLast::No), root.symlink_metadata(path))
            {
                assert_eq!(union, kind(mounted), "{path} seed {seed}");
            }
        }
    }
}

#[test]
fn files_are_read_through_links() {
    let temp = tempfile::tempdir().unwrap();
    let (top, bottom) = (temp.path().join("top"), temp.path().join("bottom"));
    fs::create_dir_all(bottom.join("usr/etc")).unwrap();
    fs::create_dir(&top).unwrap();
    fs::write(bottom.join("usr/etc/passwd"), "root").unwrap();
    fs::write(temp.path().join("secret"), "host").unwrap();
    std::os::unix::fs::symlink("/usr/etc", top.join("etc")).unwrap();
    std::os::unix::fs::symlink("../secret", top.join("out")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", bottom.join("usr/etc/group")).unwrap();
    let union = Union::open([&top, &bottom]).unwrap();
    assert_eq!(union.read("/etc/passwd", 100).unwrap().unwrap(), b"root");
    assert!(matches!(
        union.read("/etc/passwd", 3),
        Err(Error::TooLarge { .. })
    ));
    assert!(matches!(union.read("/etc", 3), Err(Error::NotAFile { .. })));
    assert_eq!(union.read("/out", 100).unwrap(), None);
    assert_eq!(union.read("/etc/group", 100).unwrap(), None);
    let found = union
        .lookup("/etc/passwd", FollowLast::Yes)
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.layer, found.path.as_path()),
        (1, Path::new("/usr/etc/passwd"))
    );
    let listed = union.read_dir("etc").unwrap().unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!((listed[1].kind, listed[1].layer), (FileKind::File, 1));
    assert_eq!(union.read_dir("etc/passwd").unwrap(), None);
}
