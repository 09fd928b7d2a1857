use std::sync::atomic::Ordering;

use oci::{BlobSource, Compression, Document, Platform, copy_image};
use registry::{Client, Config, Error};
use testkit::{Blobs, Fault, ImageBuilder, Registry, index};

use super::{Told, config, reference, registry_with_image, repository};

#[test]
fn an_image_is_copied_blob_by_blob() {
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let registry = Registry::start();
        let image = ImageBuilder::new()
            .compression(compression)
            .files(&[("etc/", ""), ("etc/motd", "hello")])
            .files(&[("etc/motd", "changed")])
            .build();
        registry.push("some/app:1", &image);
        let repository = repository(&registry, "some/app:1");
        let resolved = repository.resolve().unwrap();
        assert_eq!(resolved.descriptor.digest, image.descriptor.digest);
        assert_eq!(
            resolved.document,
            Document::Manifest(image.manifest.clone())
        );
        let sink = Blobs::default();
        copy_image(&repository, &sink, &resolved.descriptor, &mut |_, _| {}).unwrap();
        assert_eq!(sink.digests(), image.blobs.digests());
    }
}

#[test]
fn by_tag_and_by_digest() {
    let (registry, image) = registry_with_image();
    let digest = &image.descriptor.digest;
    for name in [format!("app@{digest}"), format!("app:other@{digest}")] {
        let resolved = repository(&registry, &name).resolve().unwrap();
        assert_eq!(resolved.descriptor.digest, *digest);
    }
    let error = repository(&registry, "app:2").resolve().unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(error.to_string().contains("app:2"), "{error}");
    assert!(
        repository(&registry, "other:1")
            .resolve()
            .unwrap_err()
            .is_not_found()
    );
}

#[test]
fn the_digest_alone_takes_no_content() {
    let (registry, image) = registry_with_image();
    let described = repository(&registry, "app:1").resolve_digest().unwrap();
    assert_eq!(described.digest, image.descriptor.digest);
    assert_eq!(described.size, image.descriptor.size);
    assert_eq!(registry.requests(), ["HEAD /v2/app/manifests/1"]);
    registry.fail("manifests", 1, Fault::Header("Docker-Content-Digest", None));
    let described = repository(&registry, "app:1").resolve_digest().unwrap();
    assert_eq!(
        described.digest, image.descriptor.digest,
        "it had to ask for all of it"
    );
    registry.fail(
        "manifests",
        1,
        Fault::Status {
            code: 405,
            retry_after: None,
        },
    );
    assert!(repository(&registry, "app:1").resolve_digest().is_ok());
}

#[test]
fn an_index_has_an_image_for_each_platform() {
    let registry = Registry::start();
    let images = ["linux/amd64", "linux/arm64", "linux/arm/v6"]
        .map(|platform| ImageBuilder::new().platform(platform).build());
    let (root, blobs) = index(&images.each_ref());
    registry.push_blobs("multi:1", &root, &blobs);
    let repository = repository(&registry, "multi:1");
    let resolved = repository.resolve().unwrap();
    for (platform, expected) in [("linux/arm64", 1), ("linux/amd64", 0), ("linux/arm/v7", 2)] {
        let platform: Platform = platform.parse().unwrap();
        let image = repository.image(&resolved, &platform).unwrap();
        assert_eq!(image.descriptor.digest, images[expected].descriptor.digest);
        assert_eq!(image.manifest, images[expected].manifest);
    }
    let error = repository
        .image(&resolved, &"linux/s390x".parse().unwrap())
        .unwrap_err();
    let Error::NoPlatform { available, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(available, "linux/amd64, linux/arm64, linux/arm/v6");
}

#[test]
fn progress_is_told() {
    let (registry, image) = registry_with_image();
    let told = Told::default();
    let client = Client::new(Config {
        observer: told.observer(),
        ..config()
    });
    let repository = client.repository(&reference(&registry, "app:1")).unwrap();
    repository
        .blob(&image.manifest.layers[0])
        .unwrap()
        .finish()
        .unwrap();
    assert_eq!(told.all().last().unwrap(), "100000 of 100000");
}

#[test]
fn a_cancelled_client_does_nothing_more() {
    let (registry, image) = registry_with_image();
    let client = Client::new(config());
    let repository = client.repository(&reference(&registry, "app:1")).unwrap();
    let mut reader = repository.open(&image.manifest.layers[0]).unwrap();
    client.config().cancel.store(true, Ordering::Relaxed);
    let error = std::io::copy(&mut reader, &mut std::io::sink()).unwrap_err();
    assert!(super::inner(&error).is_cancelled());
    assert!(repository.resolve().unwrap_err().is_cancelled());
}

#[test]
fn other_places_of_foreign_layers_are_not_asked() {
    let elsewhere = Registry::start();
    let (registry, mut image) = registry_with_image();
    let layer = &mut image.manifest.layers[0];
    layer.media_type = oci::MediaType::OciForeignLayer;
    layer.urls = vec![format!(
        "http://{}/v2/app/blobs/{}",
        elsewhere.host(),
        layer.digest
    )];
    registry.blobs().remove(&layer.digest);
    let bytes = image.manifest.to_bytes();
    let root = registry.push_bytes("app:1", oci::MediaType::OciManifest, &bytes);
    let repository = repository(&registry, "app:1");
    assert!(
        repository
            .blob(&image.manifest.layers[0])
            .unwrap_err()
            .is_not_found()
    );
    let sink = Blobs::default();
    copy_image(&repository, &sink, &root, &mut |_, _| {}).unwrap();
    assert_eq!(sink.digests().len(), 2);
    assert_eq!(elsewhere.requests(), [""; 0]);
}
