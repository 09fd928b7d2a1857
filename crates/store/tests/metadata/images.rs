use std::collections::BTreeMap;
use std::fs;

use oci::{Descriptor, Index, Manifest, MediaType, Reference};
use store::{Error, Store, Unnamed};

use crate::support::{image, store};

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

fn add(store: &Store, name: &str, layer: &[u8]) -> Descriptor {
    let manifest = image(store, "linux/amd64", &[layer]);
    store.add_image(&manifest).unwrap();
    store.tag(&reference(name), &manifest).unwrap();
    manifest
}

#[test]
fn by_name() {
    let (_dir, store) = store();
    let a = add(&store, "alpine", b"a");
    let b = add(&store, "alpine:3", b"b");
    let c = add(&store, "localhost:5000/x/y:t", b"c");
    for (name, expected) in [
        ("alpine", &a),
        ("alpine:latest", &a),
        ("docker.io/library/alpine", &a),
        ("alpine:3", &b),
        ("localhost:5000/x/y:t", &c),
    ] {
        assert_eq!(store.resolve(name).unwrap().manifest, *expected, "{name}");
    }
    let by_digest = format!("alpine@{}", b.digest);
    assert_eq!(store.resolve(&by_digest).unwrap().manifest, b);
    for name in [
        "alpine:4",
        "x/y:t",
        "",
        "..",
        "UPPER",
        "a",
        &format!("alpine@{}", c.digest),
    ] {
        assert!(
            matches!(store.resolve(name), Err(Error::NoSuchImage { .. })),
            "{name}"
        );
    }
}

#[test]
fn by_id() {
    let (_dir, store) = store();
    let manifests: Vec<_> = (0..20_u8)
        .map(|n| add(&store, &format!("x:{n}"), &[n]))
        .collect();
    let one = store.image(&manifests[3].digest).unwrap().unwrap();
    for name in [
        one.id.hex(),
        one.id.as_str(),
        &one.id.hex()[..12],
        one.manifest.digest.as_str(),
    ] {
        assert_eq!(store.resolve(name).unwrap(), one, "{name}");
    }
    assert!(matches!(
        store.resolve(&one.id.hex()[..1]),
        Err(Error::NoSuchImage { .. })
    ));
    // Sooner or later two IDs begin alike.
    let mut beginnings = BTreeMap::new();
    let (prefix, pair) = (0_u32..)
        .find_map(|n| {
            let manifest = image(&store, "linux/amd64", &[&n.to_le_bytes()]);
            let id = store.add_image(&manifest).unwrap().id;
            let prefix = id.hex()[..2].to_owned();
            let other = beginnings.insert(prefix.clone(), id.clone())?;
            Some((prefix, [id, other]))
        })
        .unwrap();
    match store.resolve(&prefix).unwrap_err() {
        Error::AmbiguousId { candidates, .. } => {
            assert!(pair.iter().all(|id| candidates.contains(id)));
        }
        other => panic!("{other}"),
    }
    add(&store, &prefix, b"a name goes before an ID");
    assert!(store.resolve(&prefix).is_ok());
}

#[test]
fn of_an_index_the_platform_decides() {
    let (_dir, store) = store();
    let amd = image(&store, "linux/amd64", &[b"amd"]);
    let arm = image(&store, "linux/arm64", &[b"arm"]);
    let riscv = image(&store, "linux/riscv64", &[b"not pulled"]);
    store.add_image(&amd).unwrap();
    store.add_image(&arm).unwrap();
    let index = Index::new(vec![riscv, arm.clone(), amd.clone()]).to_bytes();
    let index = store.put_bytes(MediaType::OciIndex, &index).unwrap();
    store.tag(&reference("multi"), &index).unwrap();
    let of = |platform: &str| store.resolve_for("multi", &platform.parse().unwrap());
    assert_eq!(of("linux/amd64").unwrap().manifest, amd);
    assert_eq!(of("linux/arm64/v8").unwrap().manifest, arm);
    assert!(matches!(
        of("linux/riscv64"),
        Err(Error::NoSuchPlatform { .. })
    ));
    assert_eq!(store.resolve_root("multi").unwrap(), index);
    assert!(store.resolve("multi").is_ok());
    assert!(store.resolve(&format!("multi@{}", arm.digest)).is_ok());
    let listed = store.images().unwrap();
    assert_eq!(listed.len(), 2);
    assert!(
        listed
            .iter()
            .all(|one| one.references == [reference("multi")])
    );
    let removed = store.remove_image("multi", Unnamed::Refuse).unwrap();
    assert_eq!(removed.deleted.len(), 2);
}

#[test]
fn retagging_leaves_a_dangling_image() {
    let (_dir, store) = store();
    let old = add(&store, "app", b"old");
    let new = add(&store, "app", b"new");
    let listed = store.images().unwrap();
    let names = |manifest: &Descriptor| {
        let one = listed
            .iter()
            .find(|one| one.image.manifest == *manifest)
            .unwrap();
        one.references.clone()
    };
    assert_eq!(names(&old), []);
    assert_eq!(names(&new), [reference("app")]);
}

#[test]
fn removing() {
    let (_dir, store) = store();
    let a = add(&store, "a:1", b"a");
    store.tag(&reference("a:2"), &a).unwrap();
    let removed = store.remove_image("a:1", Unnamed::Refuse).unwrap();
    assert_eq!((removed.untagged.len(), removed.deleted.len()), (1, 0));
    store.tag(&reference("other"), &a).unwrap();
    let image = store.resolve("a:2").unwrap();
    let refused = store
        .remove_image(image.id.hex(), Unnamed::Refuse)
        .unwrap_err();
    assert!(
        matches!(&refused, Error::SeveralNames { references, .. } if references.len() == 2),
        "{refused}"
    );
    let removed = store.remove_image(image.id.hex(), Unnamed::Force).unwrap();
    assert_eq!(
        (removed.untagged.len(), removed.deleted),
        (2, vec![image.id])
    );
    assert!(store.images().unwrap().is_empty());
    assert!(store.tags().unwrap().is_empty());
    assert!(matches!(
        store.remove_image("a:2", Unnamed::Force),
        Err(Error::NoSuchImage { .. })
    ));
}

#[test]
fn very_long_references() {
    let (_dir, store) = store();
    let manifest = image(&store, "linux/amd64", &[]);
    store.add_image(&manifest).unwrap();
    let name = format!(
        "registry.example:5000/{}:{}",
        ["a"; 110].join("/"),
        "t".repeat(128)
    );
    store.tag(&reference(&name), &manifest).unwrap();
    assert_eq!(store.resolve(&name).unwrap().manifest, manifest);
    assert_eq!(store.tags().unwrap()[0].reference, reference(&name));
    assert!(store.untag(&reference(&name)).unwrap());
    assert!(!store.untag(&reference(&name)).unwrap());
}

#[test]
fn damaged_files_are_passed_over() {
    let (_dir, store) = store();
    let manifest = add(&store, "a", b"a");
    add(&store, "b", b"b");
    let tag = store
        .layout()
        .tags()
        .join("docker.io%2Flibrary%2Fa%3Alatest");
    let good = fs::read(&tag).unwrap();
    for damage in [&good[..good.len() / 2], b"", b"{}"] {
        fs::write(&tag, damage).unwrap();
        assert!(matches!(store.resolve("a"), Err(Error::NoSuchImage { .. })));
        assert_eq!(store.tags().unwrap().len(), 1);
    }
    // A tag's file under another tag's name is nobody's.
    fs::write(
        &tag,
        fs::read(
            store
                .layout()
                .tags()
                .join("docker.io%2Flibrary%2Fb%3Alatest"),
        )
        .unwrap(),
    )
    .unwrap();
    assert!(matches!(store.resolve("a"), Err(Error::NoSuchImage { .. })));
    fs::write(
        store
            .layout()
            .images()
            .join(format!("{}.json", manifest.digest.hex())),
        "",
    )
    .unwrap();
    assert_eq!(store.images().unwrap().len(), 1);
}

#[test]
fn manifests_that_do_not_fit() {
    let (_dir, store) = store();
    let good = image(&store, "linux/amd64", &[b"a", b"b"]);
    let mut manifest = Manifest::parse(&store.read_blob(&good).unwrap()).unwrap();
    manifest.layers.pop();
    let bad = store
        .put_bytes(MediaType::OciManifest, &manifest.to_bytes())
        .unwrap();
    assert!(matches!(
        store.add_image(&bad),
        Err(Error::LayerCount {
            layers: 1,
            diff_ids: 2,
            ..
        })
    ));
    manifest.config = Descriptor::of(MediaType::OciConfig, b"absent");
    let bad = store
        .put_bytes(MediaType::OciManifest, &manifest.to_bytes())
        .unwrap();
    assert!(matches!(
        store.add_image(&bad),
        Err(Error::NoSuchBlob { .. })
    ));
}

#[test]
fn sizes() {
    let (_dir, store) = store();
    let manifest = image(&store, "linux/amd64", &[b"1234", b"123456"]);
    let image = store.add_image(&manifest).unwrap();
    assert_eq!(store.image_size(&image).unwrap(), 10);
    store
        .update_layer(&image.layers[0].diff_id, |layer| layer.unpacked = Some(100))
        .unwrap();
    assert_eq!(store.image_size(&image).unwrap(), 106);
}

#[test]
fn one_image_with_two_manifests() {
    let (_dir, store) = store();
    let plain = add(&store, "built", b"layer");
    let compressed = {
        let how = store::Recompress::plain(oci::Compression::Gzip);
        store.recompress(&plain, &how).unwrap()
    };
    let image = store.add_image(&compressed).unwrap();
    let listed = store.images().unwrap();
    assert_eq!((listed.len(), &listed[0].image.manifest), (1, &plain));
    assert_eq!(store.resolve(image.id.hex()).unwrap().id, image.id);
    store.tag(&reference("pushed"), &compressed).unwrap();
    assert_eq!(store.images().unwrap()[0].references.len(), 2);
    assert_eq!(
        store
            .remove_image("built", Unnamed::Refuse)
            .unwrap()
            .deleted,
        []
    );
    let removed = store.remove_image("pushed", Unnamed::Refuse).unwrap();
    assert_eq!(removed.deleted, [image.id]);
    assert!(store.images().unwrap().is_empty());
}
