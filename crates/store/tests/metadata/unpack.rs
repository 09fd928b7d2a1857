use std::fs;
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};

use oci::{
    BlobError, BlobSource, ChainId, Compression, Descriptor, DiffId, Digest, Manifest, MediaType,
};
use store::{ArchiveFormat, Error, Image, Recompress, SnapshotId, SnapshotMeta, Store};

use crate::support::{archive, gzipped, image, store};

/// Two layers: the second one hides a file and brings another.
fn layers() -> [Vec<u8>; 2] {
    [
        archive(&[("etc/passwd", b"root"), ("etc/old", b"old")]),
        archive(&[("etc/.wh.old", b""), ("etc/new", b"new")]),
    ]
}

fn read(store: &Store, image: &Image, path: &str) -> Option<String> {
    let stack = store.unpack_image(image).unwrap();
    let content = store.union(&stack).unwrap().read(path, 1000).unwrap();
    content.map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn layers_become_snapshots_once() {
    let (_dir, store) = store();
    let image = gzipped(&store, &layers());
    let stack = store.unpack_image(&image).unwrap();
    let chain = image.chain_id().unwrap();
    assert_eq!(*stack[1].id(), SnapshotId::of_chain(&chain));
    assert_eq!(read(&store, &image, "/etc/passwd").as_deref(), Some("root"));
    assert_eq!(read(&store, &image, "/etc/new").as_deref(), Some("new"));
    assert_eq!(read(&store, &image, "/etc/old"), None);
    let layer = store.layer(&image.layers[0].diff_id).unwrap().unwrap();
    assert_eq!(
        (layer.unpacked, layer.size),
        (Some(7), Some(layers()[0].len() as u64))
    );
    assert_eq!(layer.blobs, [image.layers[0].blob.clone()]);
    // From now on the blobs are not needed.
    fs::remove_dir_all(store.layout().blobs()).unwrap();
    assert_eq!(store.unpack_image(&image).unwrap(), stack);
}

#[test]
fn images_share_what_they_have_in_common() {
    let (_dir, store) = store();
    let [base, one] = layers();
    let two = archive(&[("two", b"2")]);
    let first = store
        .unpack_image(&gzipped(&store, &[base.clone(), one]))
        .unwrap();
    let second = store.unpack_image(&gzipped(&store, &[base, two])).unwrap();
    assert_eq!(first[0], second[0]);
    assert_eq!(store.snapshot_ids().unwrap().len(), 3);
}

#[test]
fn blobs_that_are_not_here_are_fetched_and_kept() {
    let (_remote, remote) = store();
    let image = gzipped(&remote, &layers());
    let (_dir, local) = store();
    let told = AtomicBool::new(false);
    let stack = local.unpack_layers(&image.layers, &remote, &|_, _| {
        told.store(true, Ordering::Relaxed);
        true
    });
    let stack = stack.unwrap();
    assert!(told.into_inner());
    let union = local.union(&stack).unwrap();
    assert_eq!(union.read("/etc/new", 10).unwrap().unwrap(), b"new");
    for layer in &image.layers {
        assert!(local.blob_path(&layer.blob.digest).exists());
    }
}

#[test]
fn what_is_not_right_is_not_unpacked() {
    struct Liar;
    impl BlobSource for Liar {
        fn open(&self, _: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
            Ok(Box::new(std::io::Cursor::new(archive(&[("evil", b"x")]))))
        }
    }
    let (_dir, store) = store();
    let good = gzipped(&store, &layers());

    let mut lies = good.clone();
    lies.layers[1].diff_id = DiffId(Digest::sha256(b"another"));
    let error = store.unpack_image(&lies).unwrap_err();
    assert!(matches!(error, Error::Content { .. }), "{error}");

    let mut absent = good.clone();
    absent.layers[1].blob = Descriptor::of(MediaType::OciLayer, b"absent");
    let error = store.unpack_image(&absent).unwrap_err();
    assert!(matches!(error, Error::Source { .. }), "{error}");
    let error = store
        .unpack_layers(&absent.layers, &Liar, &|_, _| true)
        .unwrap_err();
    assert!(matches!(error, Error::Content { .. }), "{error}");
    // Of the right layer, but not the blob that was promised.
    absent.layers[1].diff_id = DiffId(Digest::sha256(&archive(&[("evil", b"x")])));
    let error = store
        .unpack_layers(&absent.layers, &Liar, &|_, _| true)
        .unwrap_err();
    assert!(matches!(error, Error::Content { .. }), "{error}");

    let error = store
        .unpack_layers(&good.layers, &store, &|_, _| false)
        .unwrap_err();
    assert!(matches!(error, Error::Stopped), "{error}");

    let broken = gzipped(
        &store,
        &[b"no archive at all, but long enough for a header".repeat(20)],
    );
    let error = store.unpack_image(&broken).unwrap_err();
    assert!(matches!(error, Error::UnpackLayer { .. }), "{error}");
    // The layer below was right each time, and stays.
    let right = ChainId::on(None, &good.layers[0].diff_id);
    let right = SnapshotId::of_chain(&right);
    assert!(store.snapshot_ids().unwrap().iter().all(|id| *id == right));
    store.unpack_image(&good).unwrap();
}

#[test]
fn threads_that_unpack_the_same_agree() {
    let (_dir, store) = store();
    let many: Vec<Vec<u8>> = (0..12_u8)
        .map(|n| archive(&[(&format!("d/{n}"), &[n; 2000])]))
        .collect();
    let image = gzipped(&store, &many);
    let stacks: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| store.unpack_image(&image).unwrap()))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(stacks.iter().all(|stack| *stack == stacks[0]));
    assert_eq!(store.snapshot_ids().unwrap().len(), 12);
}

/// An image as a build makes it: a base and a snapshot on top, without any blob of it.
fn built(store: &Store, base: &Image, content: &str) -> Image {
    built_as(store, base, content, None)
}

/// The same, for an image whose layers will be compressed.
fn built_as(store: &Store, base: &Image, content: &str, how: Option<&Recompress>) -> Image {
    let mut stack = store.unpack_image(base).unwrap();
    let draft = store.draft().unwrap();
    fs::write(draft.dir().join("built"), content).unwrap();
    stack.push(
        draft
            .commit(&SnapshotId::random(), &SnapshotMeta::default())
            .unwrap(),
    );
    let ids: Vec<_> = stack.iter().map(|snapshot| snapshot.id().clone()).collect();
    let sealed = store.seal_for(&ids, store::Timestamps::Kept, how).unwrap();
    let mut config = store.config(&base.config).unwrap();
    config.rootfs.diff_ids.push(sealed.diff_id.clone());
    let config = store
        .put_bytes(MediaType::OciConfig, &config.to_bytes())
        .unwrap();
    let mut blobs: Vec<_> = base.layers.iter().map(|layer| layer.blob.clone()).collect();
    let digest = sealed.diff_id.digest().clone();
    blobs.push(Descriptor::new(
        MediaType::OciLayer,
        digest,
        sealed.tar_size,
    ));
    let manifest = Manifest::new(config, blobs).to_bytes();
    let manifest = store.put_bytes(MediaType::OciManifest, &manifest).unwrap();
    store.add_image(&manifest).unwrap()
}

#[test]
fn an_image_that_was_built_here_is_unpacked_already() {
    let (_dir, store) = store();
    let base = gzipped(&store, &layers());
    let image = built(&store, &base, "by hand");
    let before = store.snapshot_ids().unwrap();
    let stack = store.unpack_image(&image).unwrap();
    assert_eq!(
        *stack[2].id(),
        SnapshotId::of_chain(&image.chain_id().unwrap())
    );
    assert_eq!(read(&store, &image, "/built").as_deref(), Some("by hand"));
    assert_eq!(store.snapshot_ids().unwrap(), before);
    // And so is one that is built on it.
    let next = built(&store, &image, "once more");
    assert_eq!(read(&store, &next, "/built").as_deref(), Some("once more"));

    // The same layer on another base is another snapshot.
    let other = gzipped(&store, &[archive(&[("other", b"base")])]);
    let elsewhere = built(&store, &other, "by hand");
    assert_eq!(read(&store, &elsewhere, "/other").as_deref(), Some("base"));
    assert_eq!(read(&store, &elsewhere, "/etc/passwd"), None);
}

#[test]
fn a_link_to_a_snapshot_that_is_gone_is_no_snapshot() {
    let (_dir, store) = store();
    let base = gzipped(&store, &layers());
    let image = built(&store, &base, "by hand");
    let top = SnapshotId::of_chain(&image.chain_id().unwrap());
    let link = store.layout().snapshots().join(top.as_str());
    let target = fs::read_link(&link).unwrap();
    let blob = {
        let mut tar = Vec::new();
        store
            .open_blob(&image.layers[2].blob.digest)
            .unwrap()
            .read_to_end(&mut tar)
            .unwrap();
        tar
    };
    store
        .remove_snapshot(&target.to_str().unwrap().parse().unwrap())
        .unwrap();
    assert!(store.snapshot(&top).unwrap().is_none());
    assert!(!store.has_blob(&image.layers[2].blob.digest).unwrap());
    // With its blob it can be unpacked again, in the link's place.
    store.put_bytes(MediaType::OciLayer, &blob).unwrap();
    assert_eq!(read(&store, &image, "/built").as_deref(), Some("by hand"));
    assert!(fs::read_link(&link).is_err());
}

#[test]
fn a_layer_is_made_again_when_it_is_read() {
    let (_dir, store) = store();
    let image = built(&store, &gzipped(&store, &layers()), &"x".repeat(3_000_000));
    let blob = &image.layers[2].blob;
    assert!(!store.blob_path(&blob.digest).exists());
    assert!(store.has_blob(&blob.digest).unwrap());
    let mut tar = Vec::new();
    store
        .open_blob(&blob.digest)
        .unwrap()
        .read_to_end(&mut tar)
        .unwrap();
    assert_eq!(
        (Digest::sha256(&tar), tar.len() as u64),
        (blob.digest.clone(), blob.size)
    );
    // Whoever reads but a little leaves nobody hanging.
    let mut little = [0; 10];
    store
        .open_blob(&blob.digest)
        .unwrap()
        .read_exact(&mut little)
        .unwrap();

    // A snapshot that someone changed is not given out for what it was.
    let top = SnapshotId::of_chain(&image.chain_id().unwrap());
    let dir = store.snapshot(&top).unwrap().unwrap().dir();
    fs::write(dir.join("built"), "y".repeat(3_000_000)).unwrap();
    let error = store
        .open_blob(&blob.digest)
        .unwrap()
        .read_to_end(&mut tar)
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData, "{error}");
}

#[test]
fn what_was_built_can_go_elsewhere() {
    let (_dir, here) = store();
    let image = built(&here, &gzipped(&here, &layers()), "by hand");
    let how = Recompress::plain(Compression::Zstd);
    let packed = here.recompress(&image.manifest, &how).unwrap();
    for descriptor in [&image.manifest, &packed] {
        let saved = store::Saved {
            descriptor: descriptor.clone(),
            references: Vec::new(),
        };
        let mut bytes = Vec::new();
        here.save(&[saved], ArchiveFormat::Both, &mut bytes)
            .unwrap();
        let (_dir, there) = store();
        let loaded = there.load(&mut &*bytes, None).unwrap();
        assert_eq!(loaded[0].images[0].id, image.id);
        assert_eq!(
            read(&there, &loaded[0].images[0], "/built").as_deref(),
            Some("by hand")
        );
    }
    // Of the first layers' compressed forms nothing was touched.
    let manifest = here.manifest(&packed).unwrap();
    assert_eq!(manifest.layers[0], image.layers[0].blob);
}

#[test]
fn an_image_without_layers() {
    let (_dir, store) = store();
    let manifest = image(&store, "linux/amd64", &[]);
    let image = store.add_image(&manifest).unwrap();
    assert!(store.unpack_image(&image).unwrap().is_empty());
    assert_eq!(image.chain_id(), None::<ChainId>);
}

#[test]
fn a_layer_is_made_again_when_its_record_is_lost() {
    let (_dir, store) = store();
    let image = built(&store, &gzipped(&store, &layers()), "by hand");
    let blob = &image.layers[2].blob;
    let read = || {
        let mut tar = Vec::new();
        let mut stream = store.open_blob(&blob.digest).unwrap();
        stream.read_to_end(&mut tar).unwrap();
        tar
    };
    let before = read();
    let record = format!("{}.json", image.layers[2].diff_id.digest().hex());
    fs::remove_file(store.layout().layers().join(record)).unwrap();
    assert!(store.has_blob(&blob.digest).unwrap());
    assert_eq!(read(), before);
}

#[test]
fn a_layer_that_will_leave_is_compressed_while_it_is_hashed() {
    let (_dir, in_one) = store();
    let (_dir, in_two) = store();
    let how = Recompress::plain(Compression::Gzip);
    let one = built_as(&in_one, &gzipped(&in_one, &layers()), "by hand", Some(&how));
    let two = built(&in_two, &gzipped(&in_two, &layers()), "by hand");
    assert_eq!(one.id, two.id);
    let blobs = |store: &Store| fs::read_dir(store.layout().blobs()).unwrap().count();
    let before = blobs(&in_one);
    let packed = in_one.recompress(&one.manifest, &how).unwrap();
    assert_eq!(blobs(&in_one), before + 1, "only a manifest is new");
    assert_eq!(packed, in_two.recompress(&two.manifest, &how).unwrap());
}

#[test]
fn a_snapshot_that_was_tampered_with_is_not_compressed() {
    let (_dir, store) = store();
    let image = built(&store, &gzipped(&store, &layers()), "by hand");
    let top = store.unpack_image(&image).unwrap().pop().unwrap();
    fs::write(top.dir().join("built"), "BY HAND").unwrap();
    let how = Recompress::plain(Compression::Gzip);
    let error = store.recompress(&image.manifest, &how).unwrap_err();
    assert!(matches!(error, Error::Content { .. }), "{error}");
}
