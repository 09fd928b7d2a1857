//! Overlays without a mount point. These tests need the right to mount: root, or a user namespace.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rootfs::{Dir, Error, MakeDir, Overlay, Root, Upper, adopt_root, remove_tree};

fn layer(at: &Path, name: &str, files: &[(&str, &str)]) -> PathBuf {
    let dir = at.join(name);
    fs::create_dir(&dir).unwrap();
    for (path, content) in files {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    dir
}

fn upper(at: &Path) -> Upper {
    Upper {
        dir: layer(at, "upper", &[]),
        work: layer(at, "work", &[]),
    }
}

#[test]
fn changes_go_to_the_upper_directory() {
    let temp = tempfile::tempdir().unwrap();
    let at = temp.path();
    let lowers = vec![
        layer(at, "two", &[("d/b", "two"), ("k/x", "")]),
        layer(at, "one", &[("d/a", "one"), ("d/b", "one")]),
    ];
    let upper = upper(at);
    let root = Root::from_fd(
        Overlay {
            lowers,
            upper: Some(upper.clone()),
        }
        .mount()
        .unwrap(),
    );
    assert_eq!(root.read("d/a", 9).unwrap().unwrap(), b"one");
    assert_eq!(root.read("d/b", 9).unwrap().unwrap(), b"two");
    root.open_dir("d").unwrap().remove_file("a").unwrap();
    let top = root.open_dir("/").unwrap();
    top.remove_tree("k").unwrap();
    top.mkdir("k", 0o755).unwrap();
    root.create_dir_all(
        "new/dir",
        &MakeDir {
            mode: 0o700,
            uid: 1,
            gid: 2,
            mtime: None,
        },
    )
    .unwrap();
    drop((top, root));

    let found = Dir::open(&upper.dir).unwrap();
    assert!(
        found
            .open_dir("d")
            .unwrap()
            .stat("a")
            .unwrap()
            .unwrap()
            .is_whiteout()
    );
    assert!(found.open_dir("k").unwrap().is_opaque().unwrap());
    assert_eq!(fs::metadata(upper.dir.join("new/dir")).unwrap().uid(), 1);
    // The kernel leaves a directory of mode 000 in its work directory.
    remove_tree(&upper.work).unwrap();
}

#[test]
fn nothing_is_in_the_mount_table_and_nothing_stays() {
    let temp = tempfile::tempdir().unwrap();
    let at = temp.path();
    let lowers = vec![layer(at, "a", &[("f", "x")]), layer(at, "b", &[])];
    let mounted = Overlay {
        lowers,
        upper: None,
    }
    .mount()
    .unwrap();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(at.to_str().unwrap()));
    let root = Root::from_fd(mounted);
    let dir = root.open_dir("/").unwrap();
    let error = dir.create_file("g", 0o600).unwrap_err();
    assert_eq!(
        error.io_kind(),
        Some(std::io::ErrorKind::ReadOnlyFilesystem)
    );
}

#[test]
fn an_old_kernels_way_through_the_mount_table() {
    let temp = tempfile::tempdir().unwrap();
    let at = temp.path();
    let odd = layer(at, "with : and , and \\", &[("f", "odd")]);
    let lowers = vec![layer(at, "two", &[("g", "two")]), odd];
    let overlay = Overlay {
        lowers,
        upper: Some(upper(at)),
    };
    let point = layer(at, "point", &[("under", "")]);
    let root = Root::from_fd(overlay.mount_through(&point).unwrap());
    assert_eq!(root.read("f", 9).unwrap().unwrap(), b"odd");
    assert_eq!(root.read("g", 9).unwrap().unwrap(), b"two");
    root.open_dir("/")
        .unwrap()
        .create_file("new", 0o600)
        .unwrap();
    assert!(at.join("upper/new").exists());
    assert!(point.join("under").exists());
    assert!(
        !fs::read_to_string("/proc/self/mounts")
            .unwrap()
            .contains(at.to_str().unwrap())
    );
}

#[test]
fn layers_with_odd_and_long_names_and_many_of_them() {
    let temp = tempfile::tempdir().unwrap();
    let at = temp.path().join("n".repeat(200)).join("m".repeat(200));
    fs::create_dir_all(&at).unwrap();
    let mut lowers = vec![layer(&at, "a:b,c\\d=e", &[("f0", "")])];
    lowers.extend((1..150).map(|n| layer(&at, &n.to_string(), &[(&format!("f{n}"), "")])));
    let overlay = Overlay {
        lowers,
        upper: Some(upper(&at)),
    };
    let root = Root::from_fd(overlay.mount().unwrap());
    assert_eq!(root.open_dir("/").unwrap().entries().unwrap().len(), 150);
}

#[test]
fn errors_say_what_the_kernel_said() {
    let temp = tempfile::tempdir().unwrap();
    let lowers = vec![layer(temp.path(), "one", &[]); 501];
    let error = Overlay {
        lowers,
        upper: None,
    }
    .mount()
    .unwrap_err();
    assert!(matches!(error, Error::Overlay { .. }), "{error:?}");
    assert!(
        error.to_string().contains("too many lower directories"),
        "{error}"
    );
    let lowers = vec![temp.path().join("missing")];
    let error = Overlay {
        lowers,
        upper: None,
    }
    .mount()
    .unwrap_err();
    assert!(error.to_string().contains("missing"), "{error}");
}

#[test]
fn the_root_is_the_lower_ones() {
    let temp = tempfile::tempdir().unwrap();
    let at = temp.path();
    let lower = layer(at, "lower", &[]);
    fs::set_permissions(&lower, fs::Permissions::from_mode(0o1711)).unwrap();
    std::os::unix::fs::chown(&lower, Some(3), Some(4)).unwrap();
    let upper = upper(at);
    adopt_root(&Dir::open(&lower).unwrap(), &Dir::open(&upper.dir).unwrap()).unwrap();
    let root = Overlay {
        lowers: vec![lower],
        upper: Some(upper),
    }
    .mount()
    .unwrap();
    let found = Root::from_fd(root).metadata("/").unwrap().unwrap();
    assert_eq!((found.mode, found.uid, found.gid), (0o1711, 3, 4));
}
