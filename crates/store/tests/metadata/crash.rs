//! Processes that share a store, and are killed in it.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use oci::{Descriptor, DiffId, Digest, MediaType};
use serde_json::json;
use store::{CacheMountId, Record, Sharing, Store};

use crate::support;

const STORE: &str = "CARAFE_TEST_STORE";

/// Runs `child` in a process of its own.
fn spawn(store: &Path) -> Child {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command
        .args(["--exact", "crash::child", "--nocapture"])
        .env(STORE, store);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Not a test: what the other process does. It writes everything that there is to write until it is killed.
#[test]
fn child() {
    let Some(path) = std::env::var_os(STORE) else {
        return;
    };
    let store = Store::open(&path).unwrap();
    let seed = RandomState::new();
    for n in 0_u64.. {
        // Few different things, so that processes meet.
        let byte = [(seed.hash_one(n) % 8) as u8];
        let layer = byte.repeat(70_000);
        let manifest = support::image(&store, "linux/amd64", &[&layer]);
        store.add_image(&manifest).unwrap();
        store.tag(&"shared".parse().unwrap(), &manifest).unwrap();
        store
            .tag(&format!("own:{}", byte[0]).parse().unwrap(), &manifest)
            .unwrap();
        let record = Record {
            snapshot: None,
            payload: json!({"n": n, "text": "x".repeat(5000)}),
        };
        store.put_record(&[byte[0]; 32], &record).unwrap();
        let blob = Descriptor::of(MediaType::OciLayerGzip, &n.to_le_bytes());
        store
            .update_layer(&DiffId(Digest::sha256(&byte)), |layer| {
                layer.blobs.clear();
                layer.add_blob(&blob);
            })
            .unwrap();
        let id = CacheMountId {
            id: n.to_string(),
            seed: None,
            mode: 0o755,
            uid: 0,
            gid: 0,
        };
        let fill =
            &mut |dir: &Path| (0..10).try_for_each(|f| fs::write(dir.join(f.to_string()), "seed"));
        store
            .try_cache_mount(&id, Sharing::Shared, fill)
            .unwrap()
            .unwrap();
    }
}

/// Looks at every file in the store.
fn check(store: &Store) {
    for entry in fs::read_dir(store.layout().blobs()).unwrap() {
        let path = entry.unwrap().path();
        let digest = Digest::sha256(&fs::read(&path).unwrap());
        assert_eq!(path.file_name().unwrap(), digest.hex());
    }
    let files = |dir: &Path| fs::read_dir(dir).unwrap().count();
    let tags = store.tags().unwrap();
    assert_eq!(tags.len(), files(&store.layout().tags()));
    for tag in tags {
        let image = store.resolve(&tag.reference.familiar()).unwrap();
        for layer in &image.layers {
            assert!(store.has_blob(&layer.blob.digest).unwrap());
        }
    }
    assert_eq!(
        store.images().unwrap().len(),
        files(&store.layout().images())
    );
    for byte in 0..8_u8 {
        let hex = format!("{byte:02x}");
        let there = store
            .layout()
            .records()
            .join(&hex)
            .join(hex.repeat(31))
            .exists();
        assert_eq!(store.record(&[byte; 32]).unwrap().is_some(), there);
        let diff_id = DiffId(Digest::sha256(&[byte]));
        let there = store
            .layout()
            .layers()
            .join(format!("{}.json", diff_id.digest().hex()))
            .exists();
        assert_eq!(store.layer(&diff_id).unwrap().is_some(), there);
    }
    for family in fs::read_dir(store.layout().cache_mounts()).unwrap() {
        let instance = family.unwrap().path().join("0");
        if instance.exists() {
            assert_eq!(files(&instance.join("data")), 10);
        }
    }
}

#[test]
fn killed_at_any_point_nothing_is_torn() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let seed = RandomState::new();
    for round in 0..25_u64 {
        let mut children = [spawn(&path), spawn(&path)];
        let pause = |n: u64| Duration::from_micros(1000 + seed.hash_one((round, n)) % 30_000);
        for (n, child) in children.iter_mut().enumerate() {
            std::thread::sleep(pause(n as u64));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let store = Store::open(&path).unwrap();
        assert_eq!(
            fs::read_dir(store.layout().tmp()).unwrap().count(),
            0,
            "round {round}"
        );
        check(&store);
    }
    let store = Store::open(&path).unwrap();
    assert!(
        !store.tags().unwrap().is_empty(),
        "the children were killed before they did anything"
    );
}
