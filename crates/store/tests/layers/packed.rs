//! Snapshots without files: what ships is the same as with them, and whoever looks finds them.

use std::fs::{self, File};
use std::path::Path;

use oci::Compression;
use rootfs::{Dir, Metadata};
use store::{
    Change, Changes, Error, Grafted, Layer, Recompress, Snapshot, SnapshotId, Store, Timestamps,
};

use crate::support::{store, tree};

/// A directory below `/made`, in a packed snapshot on nothing.
fn packed(store: &Store, source: &Path, how: Option<&Recompress>) -> Snapshot {
    let draft = store.draft().unwrap();
    fs::create_dir(draft.dir().join("made")).unwrap();
    let below = store.union(&[]).unwrap();
    let changes = Changes::new(&below, Dir::open(draft.dir()).unwrap()).unwrap();
    let dir = Dir::open(source).unwrap();
    let file = |name: &str| {
        let metadata: Metadata = dir.stat(name).unwrap().unwrap();
        let file = File::open(source.join(name)).unwrap();
        Change::file(format!("made/{name}").into_bytes(), file, &metadata)
    };
    let files = vec![file("a"), file("b")].into_iter();
    let grafted = Grafted::new(changes, b"made".to_vec(), files);
    draft
        .commit_packed(&SnapshotId::random(), &[], how, grafted)
        .unwrap()
}

fn source() -> tempfile::TempDir {
    let source = tempfile::tempdir().unwrap();
    fs::write(source.path().join("a"), "first").unwrap();
    fs::write(source.path().join("b"), "second").unwrap();
    source
}

#[test]
fn the_layer_ships_without_files_and_is_unpacked_for_whoever_looks() {
    let (_temp, store) = store();
    let source = source();
    let snapshot = packed(&store, source.path(), None);
    let stack = [snapshot.id().clone()];
    assert!(!snapshot.dir().exists());
    let sealed = store.seal(&stack, Timestamps::Kept).unwrap();
    assert!(!snapshot.dir().exists(), "sealing needs no files");
    let mut shipped = Vec::new();
    let mut tar = store.open_blob(sealed.diff_id.digest()).unwrap();
    tar.read_to_end(&mut shipped).unwrap();
    assert_eq!(shipped.len() as u64, sealed.tar_size);

    let unpacked = store.stack(&stack).unwrap();
    assert_eq!(
        fs::read(unpacked[0].dir().join("made/b")).unwrap(),
        b"second"
    );
    assert_eq!(tree(&store, &unpacked).len(), 3);
    // From the files it is made again, the same.
    let mut again = Vec::new();
    let mut tar = store.open_blob(sealed.diff_id.digest()).unwrap();
    tar.read_to_end(&mut again).unwrap();
    assert!(shipped == again);
    assert_eq!(store.seal(&stack, Timestamps::Kept).unwrap(), sealed);
    assert!(store.snapshot(snapshot.id()).unwrap().is_some());
    let retimed = store.seal(&stack, Timestamps::Set(7)).unwrap();
    assert_ne!(retimed, sealed);
}

#[test]
fn what_is_to_leave_compressed_is_compressed_at_once_and_outlives_its_blob() {
    let (_temp, store) = store();
    let source = source();
    for compression in [Compression::Gzip, Compression::Zstd] {
        let how = Recompress::plain(compression);
        let snapshot = packed(&store, source.path(), Some(&how));
        let stack = [snapshot.id().clone()];
        let sealed = store.seal(&stack, Timestamps::Kept).unwrap();
        let known = store.layer(&sealed.diff_id).unwrap().unwrap();
        let blob = known.blobs.last().unwrap();
        assert_eq!(blob.media_type.layer_compression(), Some(compression));
        std::fs::remove_file(store.blob_path(&blob.digest)).unwrap();
        let mut tar = store.open_blob(sealed.diff_id.digest()).unwrap();
        let length = std::io::copy(&mut tar, &mut std::io::sink()).unwrap();
        assert_eq!(length, sealed.tar_size);
        assert!(!snapshot.dir().exists());
        let files = store.stack(&stack).unwrap();
        assert_eq!(fs::read(files[0].dir().join("made/a")).unwrap(), b"first");
    }
}

#[test]
fn a_layer_that_came_out_the_same_with_other_times_is_made_with_its_own() {
    let (_temp, store) = store();
    let source = source();
    let first = packed(&store, source.path(), None);
    let diff_id = first.meta().unwrap().diff_id.unwrap();
    let settle = |layer: &mut Layer| layer.timestamps = Timestamps::Settled(7);
    store.update_layer(&diff_id, settle).unwrap();
    packed(&store, source.path(), None);
    let known = store.layer(&diff_id).unwrap().unwrap();
    assert_eq!(known.timestamps, Timestamps::Kept);
}

#[test]
fn all_who_look_at_once_see_the_files() {
    let (_temp, store) = store();
    let source = source();
    let snapshot = packed(&store, source.path(), None);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let stack = store.stack(&[snapshot.id().clone()]).unwrap();
                assert_eq!(fs::read(stack[0].dir().join("made/a")).unwrap(), b"first");
            });
        }
    });
}

#[test]
fn what_a_killed_process_had_unpacked_is_unpacked_again() {
    let (_temp, store) = store();
    let source = source();
    let snapshot = packed(&store, source.path(), None);
    fs::create_dir_all(snapshot.dir().join("made/half")).unwrap();
    let stack = store.stack(&[snapshot.id().clone()]).unwrap();
    assert!(!stack[0].dir().join("made/half").exists());
    assert!(stack[0].dir().join("made/a").exists());
}

#[test]
fn a_crash_or_a_change_is_found_out() {
    let (temp, store) = store();
    let source = source();
    let (torn, tampered) = (
        packed(&store, source.path(), None),
        packed(&store, source.path(), None),
    );
    let home = |snapshot: &Snapshot| snapshot.dir().parent().unwrap().to_owned();
    let census = fs::read_to_string(home(&torn).join("census")).unwrap();
    let (_, counts) = census.split_once(' ').unwrap();
    fs::write(home(&torn).join("census"), format!("another-boot {counts}")).unwrap();
    let tar = File::options()
        .write(true)
        .open(home(&torn).join("layer.tar"));
    tar.unwrap().set_len(512).unwrap();
    let reopened = Store::open(temp.path().join("store")).unwrap();
    assert!(reopened.snapshot(torn.id()).unwrap().is_none());

    let tar = home(&tampered).join("layer.tar");
    let mut bytes = fs::read(&tar).unwrap();
    let place = bytes.windows(5).position(|five| five == b"first").unwrap();
    bytes[place] ^= 1;
    fs::write(&tar, bytes).unwrap();
    let stack = [tampered.id().clone()];
    assert!(matches!(store.stack(&stack), Err(Error::Content { .. })));
    let sealed = store.seal(&stack, Timestamps::Kept).unwrap();
    let mut layer = store.open_blob(sealed.diff_id.digest()).unwrap();
    assert!(layer.read_to_end(&mut Vec::new()).is_err());
    let known = store.layer(&sealed.diff_id).unwrap().unwrap();
    assert_eq!(known.stack, stack);
}
