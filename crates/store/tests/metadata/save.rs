use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use oci::compression::decoder;
use oci::{Compression, Descriptor, Index, MediaType, Reference};
use serde_json::Value;
use store::{ArchiveFormat, Error, Recompress, Saved, Scope, Store};

use crate::support::{archive, image, store};

fn saved(descriptor: &Descriptor, names: &[&str]) -> Saved {
    let references = names
        .iter()
        .map(|name| name.parse::<Reference>().unwrap())
        .collect();
    Saved {
        descriptor: descriptor.clone(),
        references,
    }
}

fn save(store: &Store, images: &[Saved]) -> Vec<u8> {
    let mut bytes = Vec::new();
    store.save(images, ArchiveFormat::Both, &mut bytes).unwrap();
    bytes
}

fn added(store: &Store, layers: &[&[u8]]) -> Descriptor {
    let manifest = image(store, "linux/amd64", layers);
    store.add_image(&manifest).unwrap();
    manifest
}

/// The files of an archive, in order.
fn files(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut reader = oci::tar::Reader::new(bytes);
    let mut files = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut reader, &mut content).unwrap();
        files.push((String::from_utf8(entry.path).unwrap(), content));
    }
    files
}

fn json(files: &[(String, Vec<u8>)], name: &str) -> Value {
    let (_, bytes) = files.iter().find(|(found, _)| found == name).unwrap();
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn what_is_saved_can_be_loaded() {
    let (_dir, first) = store();
    let one = added(&first, &[b"a", b"b"]);
    let two = added(&first, &[b"a", b"c"]);
    let images = [
        saved(&one, &["app:1", "localhost:5000/app:x"]),
        saved(&two, &[]),
    ];
    let bytes = save(&first, &images);
    assert_eq!(
        bytes,
        save(&first, &images),
        "the same images are the same bytes"
    );

    let (_dir, second) = store();
    let loaded = second.load(&mut &*bytes, None).unwrap();
    assert_eq!(loaded.len(), 2);
    assert_eq!(second.resolve("app:1").unwrap().manifest.digest, one.digest);
    assert_eq!(
        second
            .resolve("localhost:5000/app:x")
            .unwrap()
            .manifest
            .digest,
        one.digest
    );
    assert_eq!(loaded[1].descriptor.digest, two.digest);
    assert_eq!(save(&second, &images), bytes);
}

#[test]
fn the_archive_is_oci_and_docker() {
    let (_dir, store) = store();
    let one = added(&store, &[b"a", b"a"]);
    let files = files(&save(&store, &[saved(&one, &["app:1"])]));
    let order: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(order[..2], ["blobs", "blobs/sha256"]);
    assert_eq!(
        order[order.len() - 3..],
        ["index.json", "manifest.json", "oci-layout"]
    );
    // The layer that is there twice is written once.
    assert_eq!(order.len(), 2 + 3 + 3);
    let index = json(&files, "index.json");
    let annotations = &index["manifests"][0]["annotations"];
    assert_eq!(
        annotations["io.containerd.image.name"],
        "docker.io/library/app:1"
    );
    assert_eq!(annotations["org.opencontainers.image.ref.name"], "1");
    assert_eq!(
        annotations["org.opencontainers.image.created"],
        "2026-11-20T10:00:00Z"
    );
    assert_eq!(index["manifests"][0]["platform"]["architecture"], "amd64");
    let docker = json(&files, "manifest.json");
    assert_eq!(docker[0]["RepoTags"][0], "app:1");
    assert_eq!(docker[0]["Layers"].as_array().unwrap().len(), 2);
    for name in [&docker[0]["Config"], &docker[0]["Layers"][0]] {
        assert!(order.contains(&name.as_str().unwrap()));
    }
    assert_eq!(json(&files, "oci-layout")["imageLayoutVersion"], "1.0.0");
}

#[test]
fn an_index_goes_whole() {
    let (_dir, first) = store();
    let amd = image(&first, "linux/amd64", &[b"amd"]);
    let arm = image(&first, "linux/arm64", &[b"arm"]);
    let absent = Descriptor::of(MediaType::OciManifest, b"absent");
    let index = Index::new(vec![arm, amd, absent]).to_bytes();
    let index = first.put_bytes(MediaType::OciIndex, &index).unwrap();
    let bytes = save(&first, &[saved(&index, &["multi:1"])]);
    assert_eq!(
        json(&files(&bytes), "manifest.json")
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let (_dir, second) = store();
    let loaded = second.load(&mut &*bytes, None).unwrap();
    assert_eq!(loaded[0].images.len(), 2);
    assert_eq!(loaded[0].descriptor.digest, index.digest);
}

#[test]
fn what_is_missing_is_told() {
    let (_dir, store) = store();
    let one = added(&store, &[b"a"]);
    fs::remove_file(store.blob_path(&oci::Digest::sha256(b"a"))).unwrap();
    let error = store
        .save(&[saved(&one, &[])], ArchiveFormat::Both, &mut Vec::new())
        .unwrap_err();
    assert!(matches!(error, Error::NoSuchBlob { .. }), "{error}");
}

#[test]
fn layers_are_compressed_once() {
    let layer = archive(&[("file", &[7; 300_000])]);
    for compression in [Compression::Gzip, Compression::Zstd] {
        let (_dir, store) = store();
        let plain = added(&store, &[&layer]);
        let how = Recompress::plain(compression);
        let compressed = store.recompress(&plain, &how).unwrap();
        assert_ne!(compressed.digest, plain.digest);
        let manifest = store.manifest(&compressed).unwrap();
        let blob = &manifest.layers[0];
        assert_eq!(blob.media_type.layer_compression(), Some(compression));
        let stored = fs::read(store.blob_path(&blob.digest)).unwrap();
        assert_eq!(stored.len() as u64, blob.size);
        let (found, mut reader) = decoder(&*stored).unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut reader, &mut bytes).unwrap();
        assert_eq!((found, bytes), (compression, layer.clone()));
        // It is known from now on: it need not be readable any more.
        fs::remove_file(store.blob_path(&oci::Digest::sha256(&layer))).unwrap();
        assert_eq!(store.recompress(&plain, &how).unwrap(), compressed);
        assert_eq!(store.recompress(&compressed, &how).unwrap(), compressed);
    }
}

#[test]
fn what_is_compressed_otherwise_stays_unless_all_is_asked_for() {
    let (_dir, store) = store();
    let layer = archive(&[("file", &[7; 300_000])]);
    let plain = added(&store, &[&layer]);
    let gzip = store
        .recompress(&plain, &Recompress::plain(Compression::Gzip))
        .unwrap();
    let zstd = Recompress::plain(Compression::Zstd);
    assert_eq!(store.recompress(&gzip, &zstd).unwrap(), gzip);
    let all = Recompress {
        scope: Scope::All,
        ..zstd
    };
    assert_eq!(
        store.recompress(&gzip, &all).unwrap(),
        store.recompress(&plain, &zstd).unwrap()
    );
    let none = Recompress {
        scope: Scope::All,
        ..Recompress::plain(Compression::None)
    };
    assert_eq!(store.recompress(&gzip, &none).unwrap().digest, plain.digest);
}

#[test]
fn levels_and_threads() {
    let (_dir, store) = store();
    let text: Vec<u8> = (0..600_000_u32)
        .flat_map(|n| (n / 3 * 7919).to_le_bytes())
        .collect();
    let plain = added(&store, &[&archive(&[("file", &text)])]);
    let with = |level, threads| {
        let threads = NonZeroUsize::new(threads).unwrap();
        let how = Recompress {
            level: Some(level),
            scope: Scope::All,
            threads,
            ..Recompress::plain(Compression::Gzip)
        };
        let root = store.recompress(&plain, &how)?;
        Ok::<_, Error>(store.manifest(&root)?.layers[0].clone())
    };
    let (low, high) = (with(1, 1).unwrap(), with(9, 1).unwrap());
    assert!(low.size > high.size);
    assert_eq!(with(1, 4).unwrap(), low);
    assert!(matches!(with(99, 1), Err(Error::Compressor { .. })));
}

#[test]
fn a_layer_that_is_not_what_the_configuration_says_is_not_compressed() {
    let (_dir, store) = store();
    let plain = added(&store, &[b"layer"]);
    let path = store.blob_path(&oci::Digest::sha256(b"layer"));
    fs::write(path, b"other").unwrap();
    let error = store
        .recompress(&plain, &Recompress::plain(Compression::Gzip))
        .unwrap_err();
    assert!(matches!(error, Error::Content { .. }), "{error}");
}

#[test]
fn attestations_follow_their_images() {
    let (_dir, store) = store();
    let plain = added(&store, &[b"layer"]);
    let mut about = image(&store, "linux/amd64", &[]);
    about.annotations.insert(
        "vnd.docker.reference.digest".into(),
        plain.digest.to_string(),
    );
    let index = Index::new(vec![plain, about]).to_bytes();
    let index = store.put_bytes(MediaType::OciIndex, &index).unwrap();
    let compressed = store
        .recompress(&index, &Recompress::plain(Compression::Gzip))
        .unwrap();
    let index = Index::parse(&store.read_blob(&compressed).unwrap()).unwrap();
    let follows = &index.manifests[1].annotations["vnd.docker.reference.digest"];
    assert_eq!(*follows, index.manifests[0].digest.to_string());
}

#[test]
fn a_layout_directory_takes_several_images() {
    let (_dir, store) = store();
    let out = tempfile::tempdir().unwrap();
    let names = || {
        let index = fs::read(out.path().join("index.json")).unwrap();
        let index = Index::parse(&index).unwrap();
        let name = |entry: &Descriptor| entry.annotations["io.containerd.image.name"].clone();
        index.manifests.iter().map(name).collect::<Vec<_>>()
    };
    let (one, two) = (added(&store, &[b"1"]), added(&store, &[b"2"]));
    store
        .save_layout(&[saved(&one, &["one"])], out.path())
        .unwrap();
    store
        .save_layout(&[saved(&one, &["two"])], out.path())
        .unwrap();
    store
        .save_layout(&[saved(&two, &["two"])], out.path())
        .unwrap();
    assert_eq!(
        names(),
        [
            "docker.io/library/one:latest",
            "docker.io/library/two:latest"
        ]
    );
    assert!(
        all_files(out.path())
            .iter()
            .all(|name| !name.contains("carafe"))
    );
    fs::write(out.path().join("index.json"), "{}").unwrap();
    let error = store
        .save_layout(&[saved(&one, &["x"])], out.path())
        .unwrap_err();
    assert!(matches!(error, Error::MemberDocument { .. }), "{error}");
}

fn all_files(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        names.push(path.display().to_string());
        if path.is_dir() {
            names.extend(all_files(&path));
        }
    }
    names
}

/// An image with one gzip layer, made here from a plain one.
fn compressed(store: &Store) -> (Descriptor, Descriptor) {
    let plain = added(store, &[&archive(&[("file", &[7; 300_000])])]);
    let how = Recompress::plain(Compression::Gzip);
    let packed = store.recompress(&plain, &how).unwrap();
    let blob = store.manifest(&packed).unwrap().layers[0].clone();
    (plain, blob)
}

/// Makes a blob look as if it had been written before the machine was last started.
fn before_the_last_start(path: &Path) {
    let flags = rustix::fs::XattrFlags::REPLACE;
    rustix::fs::setxattr(path, "user.carafe.unsynced", b"another", flags).unwrap();
}

#[test]
fn a_blob_that_a_power_cut_took_is_made_again() {
    let (_dir, store) = store();
    let (plain, blob) = compressed(&store);
    let path = store.blob_path(&blob.digest);
    let whole = fs::read(&path).unwrap();
    for lost in [&b""[..], &whole[..whole.len() - 1], &vec![0; whole.len()]] {
        fs::write(&path, lost).unwrap();
        assert!(
            store.has_blob(&blob.digest).unwrap(),
            "this kernel has it in memory"
        );
        before_the_last_start(&path);
        assert!(!store.has_blob(&blob.digest).unwrap());
        assert!(matches!(
            store.open_blob(&blob.digest).map(drop),
            Err(Error::NoSuchBlob { .. })
        ));
        let how = Recompress::plain(Compression::Gzip);
        let packed = store.recompress(&plain, &how).unwrap();
        assert_eq!(store.manifest(&packed).unwrap().layers[0], blob);
        assert!(fs::read(&path).unwrap() == whole);
    }
}

#[test]
fn a_blob_that_outlived_a_power_cut_is_read_once() {
    let (_dir, store) = store();
    let (_, blob) = compressed(&store);
    let path = store.blob_path(&blob.digest);
    let marked = || rustix::fs::getxattr(&path, "user.carafe.unsynced", &mut [0; 64]).is_ok();
    assert!(marked());
    before_the_last_start(&path);
    let mut content = Vec::new();
    let mut opened = store.open_blob(&blob.digest).unwrap();
    std::io::Read::read_to_end(&mut opened, &mut content).unwrap();
    assert!(content == fs::read(&path).unwrap());
    assert!(!marked());
    // It is like any other now.
    fs::write(&path, "other").unwrap();
    assert!(store.has_blob(&blob.digest).unwrap());
}

#[test]
fn an_unchanged_image_is_not_written_to_a_directory_again() {
    let (dir, store) = store();
    let images = [saved(&added(&store, &[b"layer"]), &["app:1"])];
    let layout = dir.path().join("layout");
    store.save_layout(&images, &layout).unwrap();
    let stamps = || {
        let files = ["index.json", "oci-layout"].map(|name| layout.join(name));
        let blobs = fs::read_dir(layout.join("blobs/sha256")).unwrap();
        let mut files: Vec<_> = blobs
            .map(|blob| blob.unwrap().path())
            .chain(files)
            .collect();
        files.sort();
        let inode = |path| std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).unwrap());
        files.iter().map(inode).collect::<Vec<_>>()
    };
    let before = stamps();
    store.save_layout(&images, &layout).unwrap();
    assert_eq!(stamps(), before);
}

#[test]
fn each_format_has_what_it_should_and_no_more() {
    let (_dir, store) = store();
    let layer = archive(&[("file", b"x")]);
    let root = added(&store, &[&layer]);
    let write = |format| {
        let mut bytes = Vec::new();
        store
            .save(
                &[saved(&root, &["app:1"]), saved(&root, &["app:2"])],
                format,
                &mut bytes,
            )
            .unwrap();
        bytes
    };
    let bytes = write(ArchiveFormat::Docker);
    let docker = files(&bytes);
    let image = store.image(&root.digest).unwrap().unwrap();
    let layer_name = format!("{}.tar", oci::Digest::sha256(&layer).hex());
    let mut expected = vec![
        format!("{}.json", image.id.hex()),
        layer_name.clone(),
        "manifest.json".to_owned(),
    ];
    expected.sort();
    let mut present: Vec<&str> = docker.iter().map(|(name, _)| name.as_str()).collect();
    present.sort_unstable();
    assert_eq!(present, expected);
    let manifest = json(&docker, "manifest.json");
    assert_eq!(manifest[0]["Layers"][0], layer_name);
    assert_eq!(manifest[1]["RepoTags"][0], "app:2");
    let oci = files(&write(ArchiveFormat::Oci));
    assert!(oci.iter().any(|(name, _)| name == "index.json"));
    assert!(oci.iter().all(|(name, _)| name != "manifest.json"));

    let (_dir, other) = super::support::store();
    other.load(&mut bytes.as_slice(), None).unwrap();
    assert_eq!(other.resolve("app:2").unwrap().id, image.id);
}
