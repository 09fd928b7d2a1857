use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;

use oci::{BlobSink, BlobSource, Descriptor, Digest, MediaType};
use store::{Error, Store};

use crate::support::store;

#[test]
fn a_new_store_is_laid_out_and_private() {
    let (dir, store) = store();
    assert_eq!(fs::read_to_string(store.layout().version()).unwrap(), "1\n");
    let mode = fs::metadata(dir.path().join("store"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    Store::open(store.path()).unwrap();
}

#[test]
fn another_format_is_refused() {
    let (_dir, store) = store();
    fs::write(store.layout().version(), "2\n").unwrap();
    let error = Store::open(store.path()).unwrap_err();
    assert!(
        matches!(&error, Error::Version { found, expected: 1, .. } if found == "2"),
        "{error}"
    );
}

#[test]
fn scratch_space_goes_with_its_owner() {
    let (_dir, store) = store();
    let scratch = store.scratch().unwrap();
    fs::write(scratch.path().join("file"), "x").unwrap();
    // One whose owner was killed: a directory that nobody has locked.
    let abandoned = store.layout().tmp().join("1-0-0");
    fs::create_dir_all(abandoned.join("a/b")).unwrap();
    let again = Store::open(store.path()).unwrap();
    assert!(!abandoned.exists());
    assert!(scratch.path().join("file").exists());
    let path = scratch.path().to_owned();
    drop((scratch, store));
    assert!(!path.exists());
    drop(again);
}

#[test]
fn blobs_are_what_they_say() {
    let (_dir, store) = store();
    let good = Descriptor::of(MediaType::OciLayer, b"content");
    store.put(&good, &mut &b"content"[..]).unwrap();
    assert!(store.has(&good.digest).unwrap());
    let mut read = String::new();
    store
        .open(&good)
        .unwrap()
        .read_to_string(&mut read)
        .unwrap();
    assert_eq!(read, "content");

    let other = Descriptor::of(MediaType::OciLayer, b"CONTENT");
    for wrong in [&b"content"[..], b"CONTEN", b"CONTENT!", b""] {
        let error = store.put_blob(&other, &mut &*wrong).unwrap_err();
        assert!(matches!(error, Error::Content { .. }), "{error}");
    }
    assert!(!store.has(&other.digest).unwrap());
    assert!(store.open(&other).err().unwrap().is_not_found());
    let names = fs::read_dir(store.layout().blobs()).unwrap().count();
    assert_eq!(names, 1);
}

#[test]
fn a_sha512_blob_has_its_own_directory() {
    let (_dir, store) = store();
    let digest = Digest::of(oci::Algorithm::Sha512, b"long");
    let descriptor = Descriptor::new(MediaType::OciLayer, digest, 4);
    store.put_blob(&descriptor, &mut &b"long"[..]).unwrap();
    assert!(
        store
            .blob_path(&descriptor.digest)
            .parent()
            .unwrap()
            .ends_with("blobs/sha512")
    );
    assert!(store.has_blob(&descriptor.digest).unwrap());
}

#[test]
fn a_written_blob_can_be_kept_or_forgotten() {
    let (_dir, store) = store();
    let mut writer = store.blob_writer().unwrap();
    writer.write_all(b"one").unwrap();
    let blob = writer.finish();
    assert_eq!((blob.digest(), blob.size()), (&Digest::sha256(b"one"), 3));
    drop(blob);
    assert!(!store.has_blob(&Digest::sha256(b"one")).unwrap());

    let mut writer = store.blob_writer().unwrap();
    writer.write_all(b"two").unwrap();
    let blob = writer.finish();
    blob.keep().unwrap();
    blob.keep().unwrap();
    let mut read = String::new();
    blob.open().unwrap().read_to_string(&mut read).unwrap();
    assert_eq!(read, "two");
}

#[test]
fn a_damaged_document_is_noticed() {
    let (_dir, store) = store();
    let descriptor = store.put_bytes(MediaType::OciConfig, b"{}").unwrap();
    fs::write(store.blob_path(&descriptor.digest), "[]").unwrap();
    assert!(matches!(
        store.read_blob(&descriptor),
        Err(Error::ReadBlob { .. })
    ));
    let huge = Descriptor::new(MediaType::OciManifest, descriptor.digest, u64::MAX);
    assert!(matches!(
        store.read_blob(&huge),
        Err(Error::Document { .. })
    ));
}
