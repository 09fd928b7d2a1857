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

/// An archive as kaniko and go-containerregistry write it.
fn kaniko(layers: &[Vec<u8>], packed: &[Vec<u8>]) -> Vec<u8> {
    let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
    let config = config("linux/amd64", &layers);
    let name = Digest::sha256(&config).to_string();
    let called = |blob: &Vec<u8>| format!("{}.tar.gz", Digest::sha256(blob).hex());
    let names: Vec<String> = packed.iter().map(called).collect();
    let item = json!([{"Config": name, "RepoTags": ["k:1"], "Layers": names}]).to_string();
    let mut files: Files = std::iter::zip(names, packed.iter().cloned()).collect();
    files.push((name, config));
    files.push(("manifest.json".to_owned(), item.into_bytes()));
    pack(&files)
}

#[test]
fn layers_that_are_read_in_parts_by_others_are_whole_here() {
    let file = archive(&[("file", b"content"), (".no.prefetch.landmark", &[15])]);
    let (table, member) = (archive(&[("stargz.index.json", b"{}")]), &file[..2048]);
    let stargz_tar = [member, &table].concat();
    let gz = |bytes: &[u8]| compress(Compression::Gzip, bytes);
    // estargz: a member for each file, the table of contents, and a member of nothing with an extra field.
    let footer = [
        b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x1a\0SG\x16\0" as &[u8],
        b"0000000000000800STARGZ",
        b"\x01\0\0\xff\xff\0\0\0\0\0\0\0\0",
    ];
    let stargz = [gz(&member[..1024]), gz(&member[1024..]), gz(&table)].concat();
    let stargz = [stargz, footer.concat()].concat();
    // zstd:chunked: frames, and frames to be skipped with what is in which.
    let zstd = |bytes: &[u8]| compress(Compression::Zstd, bytes);
    let skipped = b"\x50\x2a\x4d\x18\x04\0\0\0toc!";
    let chunked = [
        zstd(&file[..700]),
        skipped.to_vec(),
        zstd(&file[700..]),
        skipped.to_vec(),
    ];
    let tars = [stargz_tar, file];
    let bytes = kaniko(&tars, &[stargz, chunked.concat()]);
    let (_dir, store) = store();
    let loaded = load(&store, &bytes).unwrap();
    assert_eq!(names(&loaded[0]), ["k:1"]);
    let image = store.resolve("k:1").unwrap();
    let types: Vec<&str> = image
        .layers
        .iter()
        .map(|layer| layer.blob.media_type.as_str())
        .collect();
    assert!(types[0].ends_with("tar+gzip") && types[1].ends_with("tar+zstd"));
    // As with Docker, who does not ask for the table's files in single gets it as a file.
    let stack = store.unpack_image(&image).unwrap();
    for name in ["file", ".no.prefetch.landmark", "stargz.index.json"] {
        assert!(stack[0].dir().join(name).exists(), "{name}");
    }
    assert_eq!(
        std::fs::read(stack[1].dir().join("file")).unwrap(),
        b"content"
    );
}

#[test]
fn dockers_media_types_stay() {
    let layer = archive(&[("file", b"x")]);
    let (config, gz) = (
        config("linux/amd64", &[&layer]),
        compress(Compression::Gzip, &layer),
    );
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::DockerManifest,
        "config": Descriptor::of(MediaType::DockerConfig, &config),
        "layers": [Descriptor::of(MediaType::DockerLayerGzip, &gz)],
    });
    let manifest = manifest.to_string().into_bytes();
    let mut entry = Descriptor::of(MediaType::DockerManifest, &manifest);
    let name = (
        "org.opencontainers.image.ref.name".to_owned(),
        "s2:1".to_owned(),
    );
    entry.annotations = [name].into();
    let mut files: Files = [config, gz, manifest]
        .map(|bytes| (blob(&bytes), bytes))
        .into();
    files.push(index_json(vec![entry.clone()]));
    let (_dir, store) = store();
    load(&store, &pack(&files)).unwrap();
    let image = store.resolve("s2:1").unwrap();
    assert_eq!(image.manifest.digest, entry.digest);
    assert_eq!(image.manifest.media_type, MediaType::DockerManifest);
    assert_eq!(image.layers[0].blob.media_type, MediaType::DockerLayerGzip);
}

/// An archive with an index of these platforms, and an image of another one beside it.
fn platforms() -> Files {
    let mut files = Files::new();
    let mut children = Vec::new();
    for platform in ["linux/amd64", "linux/arm64", "linux/arm/v7"] {
        let (more, mut child) = oci_image(platform, platform.as_bytes());
        child.platform = Some(platform.parse().unwrap());
        children.push(child);
        files.extend(more);
    }
    let index = Index::new(children).to_bytes();
    let mut entry = Descriptor::of(MediaType::OciIndex, &index);
    let name = |name: &str| {
        [(
            "io.containerd.image.name".to_owned(),
            format!("docker.io/library/{name}:1"),
        )]
        .into()
    };
    entry.annotations = name("many");
    files.push((blob(&index), index));
    let (more, mut single) = oci_image("linux/riscv64", b"single");
    single.annotations = name("single");
    files.extend(more);
    files.push(index_json(vec![entry, single]));
    files
}

#[test]
fn images_for_a_platform() {
    let bytes = pack(&platforms());
    let (_dir, store) = store();
    let loaded = |platform: &str| {
        let platform = platform.parse().unwrap();
        store.load(&mut bytes.as_slice(), Some(&platform))
    };
    let arm = loaded("linux/arm64").unwrap();
    assert_eq!((arm.len(), names(&arm[0])), (1, vec!["many:1".to_owned()]));
    assert_eq!(arm[0].images.len(), 1);
    assert_eq!(arm[0].images[0].platform.to_string(), "linux/arm64");
    assert!(!store.has_blob(&Digest::sha256(b"linux/amd64")).unwrap());
    let riscv = loaded("linux/riscv64").unwrap();
    assert_eq!(
        (riscv.len(), names(&riscv[0])),
        (1, vec!["single:1".to_owned()])
    );
    let error = loaded("linux/s390x").unwrap_err().to_string();
    assert!(
        error.contains("no image for platform linux/s390x (it has linux/amd64"),
        "{error}"
    );
}

#[test]
fn a_layout_in_a_directory() {
    let files = platforms();
    let layout = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = layout.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    files.iter().for_each(|(name, bytes)| put(name, bytes));
    put("README", b"not looked at");
    let (dir, store) = store();
    let load = || store.load_directory(layout.path(), None, &|| true);
    let loaded = load().unwrap();
    assert_eq!(loaded[0].images.len(), 3);
    assert_eq!(names(&loaded[1]), ["single:1"]);
    let stopped = store.load_directory(layout.path(), None, &|| false);
    assert!(matches!(stopped, Err(Error::Stopped)));
    let missing = store.load_directory(&dir.path().join("nothing"), None, &|| true);
    assert!(matches!(missing, Err(Error::Root { .. })));

    // A blob that is a link out of the layout is not followed, whatever its name.
    let secret = dir.path().join("secret");
    std::fs::write(&secret, b"secret").unwrap();
    let inside = layout.path().join(blob(b"secret"));
    std::os::unix::fs::symlink(&secret, inside).unwrap();
    assert!(load().is_err());
    assert!(!store.has_blob(&Digest::sha256(b"secret")).unwrap());
}
