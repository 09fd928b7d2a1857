use std::io::Read;

use oci::Descriptor;
use registry::{Error, Repository};
use testkit::{Fault, Registry};

use super::{image_of, inner, registry_with_image, repository};

fn download(repository: &Repository, blob: &Descriptor) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    repository
        .blob(blob)
        .map_err(std::io::Error::other)?
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A registry with an image of one layer; its layer; and what was read of it in spite of `faults`.
fn with(size: usize, faults: &[(usize, Fault)]) -> (Registry, std::io::Result<Vec<u8>>) {
    let (registry, image) = (Registry::start(), image_of(size));
    registry.push("app:1", &image);
    for (times, fault) in faults {
        registry.fail("/blobs/", *times, fault.clone());
    }
    let layer = &image.manifest.layers[0];
    let read = download(&repository(&registry, "app:1"), layer);
    if let Ok(bytes) = &read {
        assert!(*bytes == *image.blobs.get(&layer.digest).unwrap());
    }
    (registry, read)
}

fn ranges(registry: &Registry) -> Vec<String> {
    let received = registry.received();
    let range = |request: &testkit::Received| request.header("range").unwrap_or("").to_owned();
    received.iter().map(range).collect()
}

#[test]
fn a_broken_download_goes_on_where_it_broke() {
    let (registry, read) = with(100_000, &[(1, Fault::Cut(30_000))]);
    read.unwrap();
    assert_eq!(ranges(&registry), ["", "bytes=30000-"]);
}

#[test]
fn as_often_as_bytes_come() {
    let (registry, read) = with(100_000, &[(9, Fault::Cut(10_000))]);
    read.unwrap();
    assert_eq!(ranges(&registry).len(), 10);
    let (registry, read) = with(100_000, &[(100, Fault::Cut(0))]);
    let error = read.unwrap_err();
    assert!(matches!(inner(&error), Error::Network { .. }), "{error}");
    assert_eq!(ranges(&registry).len(), 3);
}

#[test]
fn a_registry_that_knows_no_ranges_starts_again() {
    let (registry, read) = with(100_000, &[(2, Fault::NoRange), (1, Fault::Cut(30_000))]);
    read.unwrap();
    assert_eq!(ranges(&registry), ["", "bytes=30000-"]);
}

#[test]
fn a_range_must_be_the_one_that_was_asked_for() {
    let (registry, image) = registry_with_image();
    registry.fail("/blobs/", 1, Fault::Cut(30_000));
    let repository = repository(&registry, "app:1");
    let mut reader = repository.blob(&image.manifest.layers[0]).unwrap();
    reader.read_exact(&mut vec![0; 20_000]).unwrap();
    let range = Some("bytes 0-99999/100000".to_owned());
    registry.fail("/blobs/", 1, Fault::Header("Content-Range", range));
    // The header is set before the range is taken, so what comes is of another place than it says.
    let error = reader.finish();
    assert!(error.is_ok(), "the registry's own header counts: {error:?}");
}

#[test]
fn without_a_length() {
    with(100_000, &[(1, Fault::NoLength)]).1.unwrap();
    with(0, &[(1, Fault::NoLength)]).1.unwrap();
    with(0, &[]).1.unwrap();
    let (registry, read) = with(100_000, &[(1, Fault::NoLength), (1, Fault::Cut(50_000))]);
    read.unwrap();
    assert_eq!(ranges(&registry), ["", "bytes=50000-"]);
}

#[test]
fn wrong_content_is_withheld() {
    let (_, read) = with(100_000, &[(1, Fault::Corrupt)]);
    let error = read.unwrap_err();
    let Error::Mismatch { reason, object, .. } = inner(&error) else {
        panic!("{error}")
    };
    assert!(reason.contains("digest"), "{reason}");
    assert!(object.contains("sha256:"), "{object}");
}

#[test]
fn a_wrong_length_is_seen_at_once() {
    for fault in [Fault::Longer(1), Fault::Content(vec![0; 99_999])] {
        let (registry, image) = registry_with_image();
        registry.fail("/blobs/", 1, fault);
        let error = repository(&registry, "app:1")
            .blob(&image.manifest.layers[0])
            .unwrap_err();
        assert!(matches!(error, Error::Mismatch { .. }), "{error}");
    }
    // Without a stated length, what is too much is not even read.
    with(
        100_000,
        &[(1, Fault::Longer(1 << 20)), (1, Fault::NoLength)],
    )
    .1
    .unwrap();
}

#[test]
fn a_blob_that_is_not_there() {
    let (registry, image) = registry_with_image();
    let layer = &image.manifest.layers[0];
    registry.blobs().remove(&layer.digest);
    let error = repository(&registry, "app:1").blob(layer).unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let error = oci::BlobSource::open(&repository(&registry, "app:1"), layer)
        .err()
        .unwrap();
    assert!(error.is_not_found(), "{error}");
}
