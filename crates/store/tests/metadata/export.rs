use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use oci::tar::Reader;
use oci::{Compression, Digest, ImageConfig, MediaType, Platform};
use store::{Error, Extraneous, Store, Timestamps, Tree, export_dir, export_tar};

use crate::support::{archive, compress, store};

fn config() -> ImageConfig {
    let mut config = ImageConfig::new(&Platform::host());
    config.created = Some("2026-11-20T10:00:00Z".into());
    config
}

fn mounted(store: &Store, tar: &[u8]) -> rootfs::Root {
    let image = store.import(&mut &*tar, config(), "").unwrap();
    let stack = store.unpack_image(&image).unwrap();
    store.mount(&stack, None, None).unwrap()
}

#[test]
fn an_archive_becomes_an_image() {
    let tar = archive(&[("bin/sh", b"#!"), ("etc/passwd", b"root")]);
    for (compression, media_type) in [
        (Compression::None, MediaType::OciLayer),
        (Compression::Gzip, MediaType::OciLayerGzip),
        (Compression::Zstd, MediaType::OciLayerZstd),
    ] {
        let (_dir, store) = store();
        let bytes = compress(compression, &tar);
        let image = store
            .import(&mut &*bytes, config(), "Imported from -")
            .unwrap();
        assert_eq!(*image.layers[0].diff_id.digest(), Digest::sha256(&tar));
        let blob = &image.layers[0].blob;
        assert_eq!(
            (&blob.media_type, blob.digest.clone()),
            (&media_type, Digest::sha256(&bytes))
        );
        let config = store.config(&image.config).unwrap();
        assert_eq!(config.history[0].comment, "Imported from -");
        assert_eq!(config.history[0].created, config.created);
        let stack = store.unpack_image(&image).unwrap();
        let content = store.union(&stack).unwrap().read("/bin/sh", 10).unwrap();
        assert_eq!(content.unwrap(), b"#!");
    }
}

#[test]
fn what_is_no_archive_is_not_imported() {
    let (_dir, store) = store();
    let error = store
        .import(&mut &[b'x'; 4000][..], config(), "")
        .unwrap_err();
    assert!(matches!(error, Error::Archive { .. }), "{error}");
    let whole = compress(Compression::Gzip, &archive(&[("f", &[7; 10_000])]));
    let error = store
        .import(&mut &whole[..whole.len() / 2], config(), "")
        .unwrap_err();
    assert!(
        matches!(error, Error::Archive { .. } | Error::Read { .. }),
        "{error}"
    );
    assert!(store.images().unwrap().is_empty());
}

#[test]
fn a_root_becomes_an_archive_again() {
    let (_dir, store) = store();
    let root = mounted(&store, &archive(&[("b", b"2"), ("a/x", b"1")]));
    let (bytes, size) = export_tar(&[Tree::whole(&root)], Vec::new()).unwrap();
    let mut reader = Reader::new(&*bytes);
    let mut names = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        names.push(String::from_utf8(entry.path).unwrap());
    }
    assert_eq!(names, ["a", "a/x", "b"]);
    assert_eq!((size.entries, size.bytes), (3, 2));
    assert_eq!(
        export_tar(&[Tree::whole(&root)], Vec::new()).unwrap().0,
        bytes
    );
}

#[test]
fn a_root_becomes_files_of_the_caller() {
    let (_dir, store) = store();
    let tar = {
        use oci::tar::{Entry, Kind, Time, Writer};
        let mut writer = Writer::new(Vec::new());
        let file = |path: &str, size| Entry {
            size,
            uid: 1234,
            gid: 5678,
            mtime: Time::seconds(1_000_000_000),
            ..Entry::new(path, Kind::File, 0o640)
        };
        let dir = Entry {
            uid: 1234,
            ..Entry::new("d", Kind::Directory, 0o750)
        };
        writer.append(&dir, &mut std::io::empty()).unwrap();
        writer.append(&file("d/f", 2), &mut &b"hi"[..]).unwrap();
        let link = Entry::new("d/hard", Kind::Hardlink("d/f".into()), 0o640);
        writer.append(&link, &mut std::io::empty()).unwrap();
        let link = Entry::new("d/soft", Kind::Symlink("/etc/passwd".into()), 0o777);
        writer.append(&link, &mut std::io::empty()).unwrap();
        writer.append(&file("top", 1), &mut &b"t"[..]).unwrap();
        writer.finish().unwrap()
    };
    let root = mounted(&store, &tar);
    let out = tempfile::tempdir().unwrap();
    // What is there already: kept, replaced, and never followed.
    let outside = tempfile::tempdir().unwrap();
    fs::write(out.path().join("mine"), "mine").unwrap();
    fs::write(out.path().join("top"), "old and longer").unwrap();
    symlink(outside.path(), out.path().join("d")).unwrap();

    let exported = export_dir(
        &[Tree::whole(&root)],
        out.path(),
        (42, 43),
        Extraneous::Kept,
    )
    .unwrap();
    assert_eq!((exported.size, exported.skipped.len()), (3, 0));
    let at = |name: &str| out.path().join(name);
    let file = fs::symlink_metadata(at("d/f")).unwrap();
    assert_eq!(
        (file.uid(), file.gid(), file.permissions().mode() & 0o7777),
        (42, 43, 0o640)
    );
    assert_eq!((file.mtime(), file.nlink()), (1_000_000_000, 2));
    let dir = fs::symlink_metadata(at("d")).unwrap();
    assert_eq!(
        (dir.is_dir(), dir.uid(), dir.permissions().mode() & 0o7777),
        (true, 42, 0o750)
    );
    assert_eq!(
        fs::read_link(at("d/soft")).unwrap().to_str(),
        Some("/etc/passwd")
    );
    assert_eq!(fs::read_to_string(at("top")).unwrap(), "t");
    assert_eq!(fs::read_to_string(at("mine")).unwrap(), "mine");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn nothing_becomes_nothing() {
    let (_dir, store) = store();
    let root = store.mount(&[], None, None).unwrap();
    let out = tempfile::tempdir().unwrap();
    assert_eq!(
        export_dir(&[Tree::whole(&root)], out.path(), (0, 0), Extraneous::Kept)
            .unwrap()
            .entries,
        0
    );
    assert_eq!(
        export_tar(&[Tree::whole(&root)], Vec::new()).unwrap().0,
        [0; 1024]
    );
}

#[test]
fn several_roots_go_side_by_side_and_what_was_there_may_go() {
    let (_dir, store) = store();
    let one = mounted(&store, &archive(&[("a/x", b"1"), ("a/y", b"2")]));
    let two = mounted(&store, &archive(&[("b", b"3")]));
    let tree = |root, folder| Tree {
        root,
        folder: Some(folder),
        timestamps: Timestamps::Set(7),
    };
    let trees = [tree(&one, "linux_amd64"), tree(&two, "linux_arm64")];
    let (bytes, _) = export_tar(&trees, Vec::new()).unwrap();
    let mut reader = Reader::new(&*bytes);
    let mut names = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        assert_eq!(entry.mtime.seconds, 7);
        names.push(String::from_utf8(entry.path).unwrap());
    }
    let files = ["linux_amd64/a/x", "linux_amd64/a/y", "linux_arm64/b"];
    assert_eq!(names[..2], ["linux_amd64", "linux_amd64/a"]);
    assert!(
        files
            .iter()
            .all(|file| names.iter().any(|name| name == file))
    );

    let out = tempfile::tempdir().unwrap();
    fs::create_dir_all(out.path().join("linux_amd64/old/deep")).unwrap();
    fs::write(out.path().join("mine"), "mine").unwrap();
    export_dir(&trees, out.path(), (0, 0), Extraneous::Kept).unwrap();
    assert!(out.path().join("mine").exists());
    export_dir(&trees, out.path(), (0, 0), Extraneous::Deleted).unwrap();
    assert!(files.iter().all(|file| out.path().join(file).exists()));
    assert!(!out.path().join("mine").exists() && !out.path().join("linux_amd64/old").exists());
    assert_eq!(
        fs::metadata(out.path().join("linux_amd64/a"))
            .unwrap()
            .mtime(),
        7
    );
}
