use oci::MediaType;
use registry::Error;
use testkit::{Fault, Registry};

use super::{image_of, registry_with_image, repository};

fn refused(bytes: &[u8], media_type: MediaType) -> Error {
    let registry = Registry::start();
    registry.push_bytes("app:1", media_type, bytes);
    repository(&registry, "app:1").resolve().unwrap_err()
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    let both = br#"{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}"#;
    let error = refused(both, MediaType::OciManifest);
    assert!(matches!(error, Error::Document { .. }), "{error}");
    let manifest = image_of(1).manifest.to_bytes();
    let error = refused(&manifest, MediaType::OciIndex);
    assert!(matches!(error, Error::Mismatch { .. }), "{error}");
}

#[test]
fn what_is_no_manifest_is_refused() {
    for bytes in [
        b"".as_slice(),
        b"<html>",
        b"{}",
        br#"{"schemaVersion":1,"fsLayers":[]}"#,
    ] {
        let error = refused(bytes, MediaType::OciManifest);
        assert!(matches!(error, Error::Document { .. }), "{error}");
    }
}

#[test]
fn a_manifest_is_not_read_without_end() {
    let registry = Registry::start();
    registry.push("app:1", &image_of(1));
    for fault in [Fault::NoLength, Fault::Header("X-Nothing", None)] {
        registry.fail("manifests", 1, Fault::Longer(5 << 20));
        registry.fail("manifests", 1, fault);
        let error = repository(&registry, "app:1").resolve().unwrap_err();
        let Error::Document { source, .. } = &error else {
            panic!("{error}")
        };
        assert!(matches!(source, oci::Error::DocumentTooLarge { .. }));
    }
}

#[test]
fn another_manifest_than_was_asked_for() {
    let (registry, image) = registry_with_image();
    let other = image_of(2).manifest.to_bytes();
    let name = format!("app@{}", image.descriptor.digest);
    registry.fail("manifests", 1, Fault::Content(other.clone()));
    registry.fail("manifests", 1, Fault::Header("Docker-Content-Digest", None));
    let error = repository(&registry, &name).resolve().unwrap_err();
    assert!(matches!(error, Error::Mismatch { .. }), "{error}");
    registry.fail("manifests", 1, Fault::Content(other));
    let error = repository(&registry, "app:1").resolve().unwrap_err();
    assert!(
        matches!(error, Error::Mismatch { .. }),
        "not what its header says: {error}"
    );
}

#[test]
fn the_media_type_is_its_own_or_the_headers() {
    let (registry, mut image) = registry_with_image();
    image.manifest.media_type = None;
    let bytes = image.manifest.to_bytes();
    registry.push_bytes("app:docker", MediaType::DockerManifest, &bytes);
    let resolved = repository(&registry, "app:docker").resolve().unwrap();
    assert_eq!(resolved.descriptor.media_type, MediaType::DockerManifest);
    registry.fail(
        "manifests",
        1,
        Fault::Header("Content-Type", Some("text/plain".into())),
    );
    let resolved = repository(&registry, "app:docker").resolve().unwrap();
    assert_eq!(resolved.descriptor.media_type, MediaType::OciManifest);
    let json = "application/vnd.oci.image.manifest.v1+json; charset=utf-8";
    registry.fail(
        "manifests",
        1,
        Fault::Header("Content-Type", Some(json.into())),
    );
    assert!(repository(&registry, "app:1").resolve().is_ok());
}

#[test]
fn a_size_that_the_index_does_not_know() {
    let (registry, image) = registry_with_image();
    let mut descriptor = image.descriptor.clone();
    descriptor.size += 1;
    let error = repository(&registry, "app:1")
        .manifest(&descriptor)
        .unwrap_err();
    assert!(matches!(error, Error::Mismatch { .. }), "{error}");
}
