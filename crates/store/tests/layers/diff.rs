//! Directories of changes become layers: which entries there are, and in which order.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use store::{Changes, Snapshot, Store};

use crate::support::{archive, dir, file, layer_of, listing, step, store, unpack};

/// Does one thing after the other, each in a step; answers what the layers hold.
struct Build {
    _temp: tempfile::TempDir,
    store: Store,
    stack: Vec<Snapshot>,
}

impl Build {
    fn new() -> Build {
        let (temp, store) = store();
        Build {
            _temp: temp,
            store,
            stack: Vec::new(),
        }
    }

    fn step(&mut self, act: impl FnOnce(&Path)) -> Vec<String> {
        self.stack.push(step(&self.store, &self.stack, act));
        listing(&layer_of(&self.store, &self.stack))
    }
}

#[test]
fn whiteouts_replaced_and_recreated_directories() {
    let mut build = Build::new();
    let first = build.step(|at| {
        fs::create_dir_all(at.join("d/sub")).unwrap();
        fs::create_dir(at.join("k")).unwrap();
        for name in ["d/a", "d/sub/b", "k/x"] {
            fs::write(at.join(name), "1").unwrap();
        }
    });
    let all = [
        "dir 755 d/",
        "reg 644 d/a",
        "dir 755 d/sub/",
        "reg 644 d/sub/b",
        "dir 755 k/",
        "reg 644 k/x",
    ];
    assert_eq!(first, all);
    let removed = build.step(|at| fs::remove_file(at.join("d/a")).unwrap());
    assert_eq!(removed, ["dir 755 d/", "reg 0 d/.wh.a"]);
    let recreated = build.step(|at| {
        fs::remove_dir_all(at.join("d")).unwrap();
        fs::create_dir(at.join("d")).unwrap();
        fs::write(at.join("d/c"), "2").unwrap();
    });
    assert_eq!(recreated, ["dir 755 d/", "reg 644 d/c", "reg 0 d/.wh.sub"]);
    let replaced = build.step(|at| {
        fs::remove_dir_all(at.join("k")).unwrap();
        fs::write(at.join("k"), "f").unwrap();
    });
    assert_eq!(replaced, ["reg 644 k"]);
    assert_eq!(build.step(|_| {}), [""; 0]);
    let gone = build.step(|at| {
        fs::remove_file(at.join("k")).unwrap();
        fs::remove_dir_all(at.join("d")).unwrap();
    });
    assert_eq!(gone, ["reg 0 .wh.d", "reg 0 .wh.k"]);
}

#[test]
fn below_an_opaque_directory_everything_is_compared() {
    let mut build = Build::new();
    build.step(|at| {
        fs::create_dir_all(at.join("d/s/deep")).unwrap();
        fs::write(at.join("d/s/old"), "").unwrap();
        fs::write(at.join("d/s/deep/old"), "").unwrap();
    });
    let layer = build.step(|at| {
        fs::remove_dir_all(at.join("d")).unwrap();
        fs::create_dir_all(at.join("d/s/deep/new")).unwrap();
    });
    let expected = [
        "dir 755 d/",
        "dir 755 d/s/",
        "dir 755 d/s/deep/",
        "dir 755 d/s/deep/new/",
        "reg 0 d/s/deep/.wh.old",
        "reg 0 d/s/.wh.old",
    ];
    assert_eq!(layer, expected);
}

#[test]
fn special_files_and_hard_links() {
    let mut build = Build::new();
    let layer = build.step(|at| {
        let at = at.join("s");
        fs::create_dir(&at).unwrap();
        fs::write(at.join("a"), "1").unwrap();
        fs::hard_link(at.join("a"), at.join("b")).unwrap();
        mknodat(
            CWD,
            at.join("p"),
            FileType::Fifo,
            Mode::from_raw_mode(0o644),
            0,
        )
        .unwrap();
        mknodat(
            CWD,
            at.join("c"),
            FileType::CharacterDevice,
            Mode::from_raw_mode(0o644),
            makedev(1, 3),
        )
        .unwrap();
        fs::copy(at.join("a"), at.join("su")).unwrap();
        fs::set_permissions(at.join("su"), fs::Permissions::from_mode(0o4755)).unwrap();
        symlink("a", at.join("l")).unwrap();
        fs::hard_link(at.join("l"), at.join("m")).unwrap();
        drop(UnixListener::bind(at.join("socket")).unwrap());
    });
    assert_eq!(
        layer,
        [
            "dir 755 s/",
            "reg 644 s/a",
            "hard 644 s/b -> s/a",
            "chr 644 s/c",
            "sym 777 s/l -> a",
            "hard 777 s/m -> s/l",
            "fifo 644 s/p",
            "reg 4755 s/su"
        ]
    );
}

#[test]
fn what_was_copied_up_and_is_as_it_was_is_left_out() {
    let mut build = Build::new();
    let base = archive(&[
        dir("d", 0o755),
        dir("d/e", 0o755),
        file("d/e/f", 0o644, "old"),
        file("g", 0o644, ""),
    ]);
    build.stack.push(unpack(&build.store, &[], &base));
    // There and back again; a changed time is no change of a directory, but one of a file.
    let nothing = build.step(|at| {
        let f = at.join("d/e/f");
        let mtime = fs::metadata(&f).unwrap().modified().unwrap();
        fs::set_permissions(&f, fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(&f, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(&f, "old").unwrap();
        File::options()
            .write(true)
            .open(&f)
            .unwrap()
            .set_modified(mtime)
            .unwrap();
        fs::write(at.join("d/tmp"), "").unwrap();
        fs::remove_file(at.join("d/tmp")).unwrap();
    });
    assert_eq!(nothing, [""; 0]);
    // Same length and same whole second: only the content tells.
    let content = build.step(|at| {
        let f = at.join("d/e/f");
        let mtime = fs::metadata(&f).unwrap().modified().unwrap();
        fs::write(&f, "new").unwrap();
        File::options()
            .write(true)
            .open(&f)
            .unwrap()
            .set_modified(mtime)
            .unwrap();
    });
    assert_eq!(content, ["dir 755 d/", "dir 755 d/e/", "reg 644 d/e/f"]);
    let touched = build.step(|at| {
        let later = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
        File::options()
            .write(true)
            .open(at.join("g"))
            .unwrap()
            .set_modified(later)
            .unwrap();
    });
    assert_eq!(touched, ["reg 644 g"]);
    let owned = build.step(|at| chown(at.join("d/e"), Some(5), None).unwrap());
    assert_eq!(owned, ["dir 755 d/", "dir 755 d/e/"]);
    let of_root =
        build.step(|at| fs::set_permissions(at, fs::Permissions::from_mode(0o711)).unwrap());
    assert_eq!(of_root, [""; 0]);
}

#[test]
fn files_of_one_tick_of_the_clock_differ() {
    let mut build = Build::new();
    let tick = SystemTime::UNIX_EPOCH + Duration::new(1_500_000_000, 4_000_000);
    let mut write = |content: &str| {
        build.step(|at| {
            fs::write(at.join("f"), content).unwrap();
            let file = File::options().write(true).open(at.join("f")).unwrap();
            file.set_modified(tick).unwrap();
        })
    };
    assert_eq!(write("one"), ["reg 644 f"]);
    assert_eq!(write("two"), ["reg 644 f"]);
    assert_eq!(write("two"), [""; 0]);
}

#[test]
fn only_capabilities_are_exported() {
    let mut build = Build::new();
    let layer = |build: &Build| layer_of(&build.store, &build.stack);
    let capability = b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    build.step(|at| {
        fs::write(at.join("f"), "").unwrap();
        for (name, value) in [
            ("security.capability", &capability[..]),
            ("user.mine", b"v"),
        ] {
            rustix::fs::setxattr(at.join("f"), name, value, rustix::fs::XattrFlags::empty())
                .unwrap();
        }
    });
    let tar = layer(&build);
    let entry = oci::tar::Reader::new(tar.as_slice())
        .next_entry()
        .unwrap()
        .unwrap();
    assert_eq!(entry.xattrs.len(), 1);
    assert_eq!(entry.xattrs[&b"security.capability"[..]], capability);
    let dropped = build.step(|at| {
        let f = at.join("f");
        let mtime = fs::metadata(&f).unwrap().modified().unwrap();
        rustix::fs::removexattr(&f, "security.capability").unwrap();
        File::options()
            .write(true)
            .open(&f)
            .unwrap()
            .set_modified(mtime)
            .unwrap();
    });
    assert_eq!(dropped, ["reg 644 f"]);
}

#[test]
fn the_same_changes_give_the_same_bytes() {
    let at_once = |names: &[&str]| {
        let (_temp, store) = store();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000);
        let top = step(&store, &[], |at| {
            fs::create_dir(at.join("d")).unwrap();
            for name in names {
                fs::write(at.join("d").join(name), name).unwrap();
                File::options()
                    .write(true)
                    .open(at.join("d").join(name))
                    .unwrap()
                    .set_modified(time)
                    .unwrap();
            }
            File::open(at.join("d"))
                .unwrap()
                .set_modified(time)
                .unwrap();
        });
        layer_of(&store, &[top])
    };
    assert_eq!(at_once(&["a", "b", "ä"]), at_once(&["ä", "b", "a"]));
}

#[test]
fn paths_that_nobody_could_unpack_are_errors() {
    let (_temp, store) = store();
    let top = step(&store, &[], |at| {
        let mut dir = rootfs::Dir::open(at).unwrap();
        for _ in 0..20 {
            dir = dir.create_dir("n".repeat(250), 0o755).unwrap();
        }
    });
    let upper = rootfs::Dir::open(top.dir()).unwrap();
    let error = store::write_layer(
        Changes::new(&store.union(&[]).unwrap(), upper).unwrap(),
        Vec::new(),
    )
    .unwrap_err();
    assert!(
        matches!(error, store::LayerError::PathTooLong { .. }),
        "{error:?}"
    );
}
