//! Snapshots come to be whole or not at all.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use oci::{DiffId, Digest};
use store::{Error, Snapshot, SnapshotId, SnapshotMeta, Store};

use crate::support::{commit, path_of, step, store, tree};

#[test]
fn a_draft_becomes_a_snapshot_or_nothing() {
    let (temp, store) = store();
    let dropped = store.draft().unwrap();
    fs::write(dropped.dir().join("f"), "x").unwrap();
    let dir = dropped.dir();
    assert!(dir.exists());
    drop(dropped);
    drop(store);
    assert!(!dir.exists());

    let store = Store::open(temp.path().join("store")).unwrap();
    let draft = store.draft().unwrap();
    fs::write(draft.dir().join("f"), "x").unwrap();
    let id = SnapshotId::random();
    let meta = SnapshotMeta {
        diff_id: Some(DiffId(Digest::sha256(b""))),
        tar_size: Some(1),
        size: Some(1),
        ..SnapshotMeta::default()
    };
    assert_eq!(store.snapshot(&id).unwrap(), None);
    let snapshot = draft.commit(&id, &meta).unwrap();
    assert_eq!(store.snapshot(&id).unwrap().as_ref(), Some(&snapshot));
    assert_eq!(snapshot.meta().unwrap(), meta);
    assert_eq!(fs::read(snapshot.dir().join("f")).unwrap(), b"x");
    assert_eq!(store.snapshot_ids().unwrap(), std::slice::from_ref(&id));

    // Who comes second finds the first one's.
    let second = store.draft().unwrap();
    fs::write(second.dir().join("g"), "y").unwrap();
    assert_eq!(second.commit(&id, &meta).unwrap(), snapshot);
    assert!(snapshot.dir().join("f").exists() && !snapshot.dir().join("g").exists());

    store.remove_snapshot(&id).unwrap();
    store.remove_snapshot(&id).unwrap();
    assert_eq!(store.snapshot(&id).unwrap(), None);
    assert!(matches!(
        store.stack(&[id]),
        Err(Error::NoSuchSnapshot { .. })
    ));
}

#[test]
fn what_a_crash_took_is_found_out() {
    let (temp, store) = store();
    let commit = |content: &str| {
        let draft = store.draft().unwrap();
        fs::create_dir(draft.dir().join("d")).unwrap();
        fs::write(draft.dir().join("d/file"), content).unwrap();
        let id = SnapshotId::random();
        draft.commit(&id, &SnapshotMeta::default()).unwrap()
    };
    let (whole, torn, short) = (commit("whole"), commit("torn"), commit("short"));
    // As if the machine had been started again, and some of it had not reached the disk.
    for snapshot in [&whole, &torn, &short] {
        let mark = snapshot.dir().parent().unwrap().join("census");
        let census = fs::read_to_string(&mark).unwrap();
        let (_, counts) = census.split_once(' ').unwrap();
        fs::write(&mark, format!("another-boot {counts}")).unwrap();
    }
    fs::write(torn.dir().join("d/file"), "").unwrap();
    fs::remove_file(short.dir().join("d/file")).unwrap();
    let reopened = Store::open(temp.path().join("store")).unwrap();
    let known = |snapshot: &Snapshot| reopened.snapshot(snapshot.id()).unwrap().is_some();
    assert!(known(&whole) && known(&whole));
    assert!(!known(&torn));
    assert!(!known(&short));
    // Its name can be had again.
    let draft = reopened.draft().unwrap();
    fs::write(draft.dir().join("new"), "").unwrap();
    let again = draft.commit(torn.id(), &SnapshotMeta::default()).unwrap();
    assert!(again.dir().join("new").exists());
    assert!(known(&again));
}

#[test]
fn stacks_of_every_height_can_be_mounted() {
    let (temp, store) = store();
    assert_eq!(tree(&store, &[]).len(), 0);
    let one = step(&store, &[], |at| fs::write(at.join("a"), "1").unwrap());
    assert_eq!(tree(&store, std::slice::from_ref(&one)).len(), 1);
    let two = step(&store, std::slice::from_ref(&one), |at| {
        fs::write(at.join("b"), "2").unwrap();
    });
    assert_eq!(tree(&store, &[one.clone(), two.clone()]).len(), 2);
    let stub = temp.path().join("stub");
    fs::create_dir_all(stub.join("proc")).unwrap();
    let root = store.mount(&[one, two], None, Some(&stub)).unwrap();
    assert_eq!(root.open_dir("/").unwrap().entries().unwrap().len(), 3);
}

#[test]
fn a_draft_can_be_mounted_again_and_again() {
    let (_temp, store) = store();
    let draft = store.draft().unwrap();
    for name in ["a", "b", "c"] {
        let root = store.mount(&[], Some(&draft), None).unwrap();
        fs::write(path_of(&root).join(name), "").unwrap();
    }
    assert_eq!(fs::read_dir(commit(draft).dir()).unwrap().count(), 3);
}

#[test]
fn the_root_directory_keeps_what_a_step_made_of_it() {
    let (_temp, store) = store();
    let one = step(&store, &[], |at| {
        assert_eq!(fs::metadata(at).unwrap().mode() & 0o7777, 0o755);
        fs::set_permissions(at, fs::Permissions::from_mode(0o1711)).unwrap();
    });
    let draft = store.draft().unwrap();
    for _ in 0..2 {
        let root = store
            .mount(std::slice::from_ref(&one), Some(&draft), None)
            .unwrap();
        assert_eq!(root.metadata("/").unwrap().unwrap().mode, 0o1711);
    }
    let root = store
        .mount(std::slice::from_ref(&one), Some(&draft), None)
        .unwrap();
    fs::write(path_of(&root).join("f"), "").unwrap();
    fs::set_permissions(path_of(&root), fs::Permissions::from_mode(0o700)).unwrap();
    drop(root);
    let root = store
        .mount(std::slice::from_ref(&one), Some(&draft), None)
        .unwrap();
    assert_eq!(root.metadata("/").unwrap().unwrap().mode, 0o700);
}
