use std::io::Write;
use std::process::{Command, Stdio};

use oci::tar::{Entry, Kind, Writer};
use oci::{
    Compression, Descriptor, DiffId, Digest, ImageConfig, Index, Manifest, MediaType, Platform,
    Reference,
};
use serde_json::json;
use store::{Error, Loaded, Store};

use crate::support::{archive, compress, store};

/// The members of an archive.
type Files = Vec<(String, Vec<u8>)>;

fn load(store: &Store, bytes: &[u8]) -> Result<Vec<Loaded>, Error> {
    store.load(&mut &*bytes, None)
}

fn names(loaded: &Loaded) -> Vec<String> {
    loaded.references.iter().map(Reference::familiar).collect()
}

fn config(platform: &str, layers: &[&[u8]]) -> Vec<u8> {
    let mut config = ImageConfig::new(&platform.parse::<Platform>().unwrap());
    config.rootfs.diff_ids = layers
        .iter()
        .map(|tar| DiffId(Digest::sha256(tar)))
        .collect();
    config.to_bytes()
}

fn blob(bytes: &[u8]) -> String {
    format!("blobs/sha256/{}", Digest::sha256(bytes).hex())
}

/// An OCI layout's files for an image with one layer, and its manifest.
fn oci_image(platform: &str, layer: &[u8]) -> (Files, Descriptor) {
    let config = config(platform, &[layer]);
    let gz = compress(Compression::Gzip, layer);
    let layers = vec![Descriptor::of(MediaType::OciLayerGzip, &gz)];
    let manifest = Manifest::new(Descriptor::of(MediaType::OciConfig, &config), layers).to_bytes();
    let descriptor = Descriptor::of(MediaType::OciManifest, &manifest);
    let files = [config, gz, manifest].map(|bytes| (blob(&bytes), bytes));
    (files.into(), descriptor)
}

fn pack(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let files: Vec<_> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    archive(&files)
}

fn index_json(manifests: Vec<Descriptor>) -> (String, Vec<u8>) {
    ("index.json".to_owned(), Index::new(manifests).to_bytes())
}

#[test]
fn a_docker_archive() {
    let layer = archive(&[("etc/passwd", b"root")]);
    let config = config("linux/amd64", &[&layer, &layer]);
    let gz = compress(Compression::Gzip, &layer);
    let manifest = json!([{"Config": "abc.json", "RepoTags": ["app:1", "localhost/app:2"],
        "Layers": ["one/layer.tar", "two/layer.tar.gz"]}]);
    // What says how all belongs together comes last, and is compressed with the rest.
    let plain = archive(&[
        ("one/layer.tar", &layer),
        ("one/json", b"{}"),
        ("two/layer.tar.gz", &gz),
        ("abc.json", &config),
        ("manifest.json", manifest.to_string().as_bytes()),
    ]);
    for outer in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let (_dir, store) = store();
        let loaded = load(&store, &compress(outer, &plain)).unwrap();
        assert_eq!(names(&loaded[0]), ["app:1", "localhost/app:2"]);
        let image = store.resolve("app:1").unwrap();
        assert_eq!(image.id, Digest::sha256(&config));
        assert_eq!(
            image.layers[0].blob,
            Descriptor::of(MediaType::OciLayer, &layer)
        );
        assert_eq!(
            image.layers[1].blob,
            Descriptor::of(MediaType::OciLayerGzip, &gz)
        );
        assert_eq!(store.config(&image.config).unwrap().to_bytes(), config);
        assert_eq!(
            std::fs::read_dir(store.layout().blobs()).unwrap().count(),
            4
        );
    }
}

#[test]
fn layers_that_are_links() {
    let layer = archive(&[("file", b"x")]);
    let config = config("linux/amd64", &[&layer, &layer]);
    let manifest = json!([{"Config": "c.json", "RepoTags": null,
        "Layers": ["one/layer.tar", "two/layer.tar"]}]);
    let write = |target: &str| {
        let mut writer = Writer::new(Vec::new());
        let link = Entry::new("two/layer.tar", Kind::Symlink(target.into()), 0o777);
        writer.append(&link, &mut std::io::empty()).unwrap();
        for (name, content) in [
            ("one/layer.tar", layer.as_slice()),
            ("c.json", &config),
            ("manifest.json", manifest.to_string().as_bytes()),
        ] {
            let size = content.len() as u64;
            let entry = Entry {
                size,
                ..Entry::new(name, Kind::File, 0o644)
            };
            writer.append(&entry, &mut &*content).unwrap();
        }
        writer.finish().unwrap()
    };
    let (_dir, store) = store();
    let loaded = load(&store, &write("../one/layer.tar")).unwrap();
    assert_eq!(loaded[0].images[0].layers.len(), 2);
    assert!(loaded[0].references.is_empty());
    let error = load(&store, &write("../../one/layer.tar")).unwrap_err();
    assert!(matches!(error, Error::Member { .. }), "{error}");
    let error = load(&store, &write("layer.tar")).unwrap_err();
    assert!(matches!(error, Error::MissingMember { .. }), "{error}");
}

#[test]
fn layers_in_ways_that_oci_has_no_name_for() {
    let layer = archive(&[("file", &[7; 5000])]);
    let config = config("linux/amd64", &[&layer]);
    let manifest = json!([{"Config": "c.json", "Layers": ["l"]}]).to_string();
    let mut child = Command::new("xz")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&layer).unwrap();
    let xz = child.wait_with_output().unwrap().stdout;
    let bytes = archive(&[
        ("l", &xz),
        ("c.json", &config),
        ("manifest.json", manifest.as_bytes()),
    ]);
    let (_dir, store) = store();
    let loaded = load(&store, &bytes).unwrap();
    let blob = &loaded[0].images[0].layers[0].blob;
    assert_eq!(*blob, Descriptor::of(MediaType::OciLayer, &layer));
}

#[test]
fn an_oci_archive_with_several_images() {
    let (mut files, mut one) = oci_image("linux/amd64", b"one");
    let (more, mut two) = oci_image("linux/amd64", b"two");
    files.extend(more);
    let name = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    one.annotations = [name("io.containerd.image.name", "docker.io/library/one:1")].into();
    let mut again = one.clone();
    again.annotations = [name("org.opencontainers.image.ref.name", "localhost/one:2")].into();
    two.annotations = [name("org.opencontainers.image.ref.name", "latest")].into();
    files.push(index_json(vec![one.clone(), again, two]));
    let (_dir, store) = store();
    let loaded = load(&store, &pack(&files)).unwrap();
    assert_eq!(loaded.len(), 2);
    assert_eq!(names(&loaded[0]), ["one:1", "localhost/one:2"]);
    assert!(loaded[1].references.is_empty());
    assert_eq!(store.resolve("one:1").unwrap().manifest.digest, one.digest);
    // The image's descriptor is as in a registry, without the archive's names.
    assert!(store.resolve_root("one:1").unwrap().annotations.is_empty());
}

#[test]
fn an_index_in_the_index() {
    let (mut files, amd) = oci_image("linux/amd64", b"amd");
    let (more, arm) = oci_image("linux/arm64", b"arm");
    files.extend(more);
    // The archive has not all platforms, as `docker save` writes it.
    let (_, absent) = oci_image("linux/s390x", b"absent");
    let (more, mut attestation) = oci_image("linux/amd64", b"attestation");
    files.extend(more);
    let key = "vnd.docker.reference.type".to_owned();
    attestation
        .annotations
        .insert(key, "attestation-manifest".to_owned());
    let inner = Index::new(vec![amd, arm, absent, attestation]).to_bytes();
    let mut entry = Descriptor::of(MediaType::OciIndex, &inner);
    entry.annotations.insert(
        "io.containerd.image.name".into(),
        "docker.io/library/m:1".into(),
    );
    files.push((blob(&inner), inner));
    files.push(index_json(vec![entry.clone()]));
    let (_dir, store) = store();
    let loaded = load(&store, &pack(&files)).unwrap();
    assert_eq!(loaded[0].images.len(), 2);
    assert_eq!(store.resolve_root("m:1").unwrap().digest, entry.digest);
    assert_eq!(store.images().unwrap().len(), 2);
}

#[test]
fn docker_names_in_an_archive_that_is_both() {
    let layer = archive(&[("file", b"x")]);
    let (mut files, mut manifest) = oci_image("linux/amd64", &layer);
    let name = "docker.io/library/both:1".to_owned();
    manifest
        .annotations
        .insert("io.containerd.image.name".to_owned(), name);
    let config = files[0].0.clone();
    let docker = json!([{"Config": config, "RepoTags": ["both:1"], "Layers": [files[1].0]}]);
    files.push(("manifest.json".to_owned(), docker.to_string().into_bytes()));
    files.push(index_json(vec![manifest]));
    let (_dir, store) = store();
    let loaded = load(&store, &pack(&files)).unwrap();
    assert_eq!(
        (loaded.len(), names(&loaded[0])),
        (1, vec!["both:1".to_owned()])
    );
}

#[test]
fn what_is_wrong_is_told_and_leaves_no_name() {
    let (files, mut manifest) = oci_image("linux/amd64", b"layer");
    manifest.annotations.insert(
        "io.containerd.image.name".into(),
        "docker.io/library/x:1".into(),
    );
    let with = |change: &dyn Fn(&mut Files, &mut Descriptor)| {
        let (mut files, mut manifest) = (files.clone(), manifest.clone());
        change(&mut files, &mut manifest);
        files.push(index_json(vec![manifest]));
        let (_dir, store) = store();
        let error = load(&store, &pack(&files)).unwrap_err();
        assert!(store.tags().unwrap().is_empty());
        error
    };
    let error = with(&|files, _| files[1].1.push(0));
    assert!(matches!(error, Error::Content { .. }), "{error}");
    let error = with(&|files, _| drop(files.remove(1)));
    assert!(matches!(error, Error::MissingMember { .. }), "{error}");
    let error = with(&|files, _| drop(files.remove(2)));
    assert!(matches!(error, Error::MissingMember { .. }), "{error}");
    let error = with(&|_, manifest| manifest.size += 1);
    assert!(matches!(error, Error::Content { .. }), "{error}");
    let error = with(&|files, _| files.push(("../evil".into(), b"x".to_vec())));
    assert!(matches!(error, Error::Member { .. }), "{error}");
    let error = with(&|files, manifest| {
        let text = b"{\"schemaVersion\":2}".to_vec();
        *manifest = Descriptor::of(MediaType::OciManifest, &text);
        files.push((blob(&text), text));
    });
    assert!(matches!(error, Error::MemberDocument { .. }), "{error}");
}

#[test]
fn what_is_no_archive_of_images() {
    let (_dir, store) = store();
    let good = pack(&[index_json(vec![])]);
    for bytes in [&good, &archive(&[("etc/passwd", b"")]), &Vec::new()] {
        let error = load(&store, bytes).unwrap_err();
        assert!(matches!(error, Error::NoImage), "{error}");
    }
    assert!(matches!(
        load(&store, &[b'x'; 2000]),
        Err(Error::Archive { .. })
    ));
    assert!(matches!(
        load(&store, &good[..530]),
        Err(Error::Read { .. })
    ));
    let bad = archive(&[("manifest.json", b"{}")]);
    assert!(matches!(
        load(&store, &bad),
        Err(Error::DockerManifest { .. })
    ));
    let bad = archive(&[("index.json", b"{}")]);
    assert!(matches!(
        load(&store, &bad),
        Err(Error::MemberDocument { .. })
    ));
    let long = vec![b' '; 5 << 20];
    let bad = archive(&[("index.json", &long)]);
    assert!(matches!(load(&store, &bad), Err(Error::Member { .. })));
    let mut writer = Writer::new(Vec::new());
    writer
        .append(
            &Entry::new("pipe", Kind::Fifo, 0o644),
            &mut std::io::empty(),
        )
        .unwrap();
    let bad = writer.finish().unwrap();
    assert!(matches!(load(&store, &bad), Err(Error::Member { .. })));
}

#[test]
fn a_docker_layer_that_is_another_one() {
    let config = config("linux/amd64", &[b"expected"]);
    let manifest = json!([{"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["l"]}]).to_string();
    let bytes = archive(&[
        ("l", b"actual"),
        ("c.json", &config),
        ("manifest.json", manifest.as_bytes()),
    ]);
    let (_dir, store) = store();
    assert!(matches!(load(&store, &bytes), Err(Error::Content { .. })));
}

#[test]
fn indexes_that_list_each_other_many_times_over() {
    let (mut files, leaf) = oci_image("linux/amd64", b"layer");
    let mut child = leaf;
    for _ in 0..7 {
        let index = Index::new(vec![child; 200]).to_bytes();
        child = Descriptor::of(MediaType::OciIndex, &index);
        files.push((blob(&index), index));
    }
    files.push(index_json(vec![child]));
    let (_dir, store) = store();
    // 200 to the 7th would take a while.
    assert_eq!(load(&store, &pack(&files)).unwrap()[0].images.len(), 1);
}
