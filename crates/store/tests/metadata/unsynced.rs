//! What a power cut does to blobs that came from elsewhere.

use std::fs;

use oci::{Descriptor, MediaType};
use rustix::fs::XattrFlags;
use store::{Error, Store};

use crate::support::store;

const MARK: &str = "user.carafe.unsynced";

fn content() -> (Descriptor, Vec<u8>) {
    let bytes = b"a layer ".repeat(50_000);
    (Descriptor::of(MediaType::OciLayerGzip, &bytes), bytes)
}

/// A blob that was fetched before the machine was last started.
fn fetched_before(store: &Store) -> (Descriptor, Vec<u8>) {
    let (blob, bytes) = content();
    store.put_blob(&blob, &mut &*bytes).unwrap();
    let path = store.blob_path(&blob.digest);
    rustix::fs::setxattr(&path, MARK, b"an earlier boot", XattrFlags::REPLACE).unwrap();
    (blob, bytes)
}

fn is_marked(store: &Store, blob: &Descriptor) -> bool {
    rustix::fs::getxattr(store.blob_path(&blob.digest), MARK, &mut [0; 64]).is_ok()
}

#[test]
fn a_blob_that_survived_is_read_once_more() {
    let (_dir, store) = store();
    let (blob, _) = fetched_before(&store);
    assert!(store.has_blob(&blob.digest).unwrap());
    assert!(!is_marked(&store, &blob));
    assert!(store.open_blob(&blob.digest).is_ok());
}

#[test]
fn a_blob_that_did_not_survive_is_not_there() {
    let (_dir, store) = store();
    let (blob, mut bytes) = fetched_before(&store);
    bytes[300_000..].fill(0);
    fs::write(store.blob_path(&blob.digest), &bytes).unwrap();
    assert!(!store.has_blob(&blob.digest).unwrap());
    let error = store.open_blob(&blob.digest).map(drop).unwrap_err();
    assert!(matches!(error, Error::NoSuchBlob { .. }), "{error}");
    // What comes again takes its place.
    let (_, bytes) = content();
    store.put_blob(&blob, &mut &*bytes).unwrap();
    assert!(store.has_blob(&blob.digest).unwrap());
    assert_eq!(fs::read(store.blob_path(&blob.digest)).unwrap(), bytes);
}

#[test]
fn what_was_loaded_is_on_the_disk() {
    let (_dir, store) = store();
    let (blob, bytes) = content();
    let mut writer = store.blob_writer().unwrap();
    std::io::Write::write_all(&mut writer, &bytes).unwrap();
    writer.finish().keep().unwrap();
    assert!(!is_marked(&store, &blob));
}

#[test]
fn who_needs_it_on_the_disk_waits_for_the_one_that_is_there() {
    let (_dir, store) = store();
    let (blob, bytes) = content();
    let write = || {
        let mut writer = store.blob_writer().unwrap();
        std::io::Write::write_all(&mut writer, &bytes).unwrap();
        writer.finish()
    };
    write().keep_copy(&blob).unwrap();
    assert!(is_marked(&store, &blob));
    write().keep().unwrap();
    assert!(!is_marked(&store, &blob));
}
