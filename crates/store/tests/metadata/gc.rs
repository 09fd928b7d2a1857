//! What is collected, what stays, and what happens to those who are killed.

use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use oci::{DiffId, Digest};
use serde_json::json;
use store::{
    CacheKind, CacheMountId, CacheScope, Prune, Record, Sharing, SnapshotId, SnapshotMeta, Store,
    Timestamps, Unnamed,
};

use crate::support::{archive, image, store};

const STORE: &str = "CARAFE_TEST_GC_STORE";

/// A snapshot with one file of so many bytes, and a record that leads to it.
fn step(store: &Store, n: u8, size: usize) -> SnapshotId {
    let id = SnapshotId::random();
    let draft = store.draft().unwrap();
    fs::write(draft.dir().join("file"), vec![n; size]).unwrap();
    draft.commit(&id, &SnapshotMeta::default()).unwrap();
    record(store, n, &id);
    id
}

fn record(store: &Store, n: u8, id: &SnapshotId) {
    let record = Record {
        snapshot: Some(id.clone()),
        payload: json!(null),
    };
    store.put_record(&[n; 32], &record).unwrap();
}

/// As if the step had last been of use so many hours ago.
fn age(store: &Store, n: u8, id: &SnapshotId, hours: u64) {
    let hex = format!("{n:02x}");
    let record = store.layout().records().join(&hex).join(hex.repeat(31));
    let census = store.layout().snapshots().join(id.as_str()).join("census");
    let then = SystemTime::now() - Duration::from_secs(hours * 3600);
    for path in [record, census] {
        let file = File::options().write(true).open(path).unwrap();
        file.set_times(FileTimes::new().set_modified(then)).unwrap();
    }
}

fn exists(store: &Store, id: &SnapshotId) -> bool {
    store.layout().snapshots().join(id.as_str()).exists()
}

fn all() -> Prune {
    Prune {
        scope: CacheScope::All,
        ..Prune::default()
    }
}

#[test]
fn what_nothing_leads_to_goes() {
    let (dir, store) = store();
    let kept = image(&store, "linux/amd64", &[b"shared", b"kept"]);
    let gone = image(&store, "linux/amd64", &[b"shared", b"gone"]);
    for (name, manifest) in [("kept", &kept), ("gone", &gone)] {
        store.add_image(manifest).unwrap();
        store.tag(&name.parse().unwrap(), manifest).unwrap();
    }
    let cached = step(&store, 1, 10);
    let forgotten = step(&store, 2, 50_000);
    store.remove_record(&[2; 32]).unwrap();
    store.remove_image("gone", Unnamed::Refuse).unwrap();
    // As long as a process that has them lives, they stay.
    let path = dir.path().join("store");
    reopen(&path, |other| {
        other.prune(&Prune::default()).unwrap();
        assert!(exists(other, &forgotten));
        assert!(other.blob_path(&Digest::sha256(b"gone")).exists());
    });
    drop(store);
    reopen(&path, |store| {
        let freed = store.prune(&Prune::default()).unwrap().freed;
        assert!(freed >= 50_000, "{freed}");
        assert!(!exists(store, &forgotten) && exists(store, &cached));
        for (bytes, there) in [(&b"gone"[..], false), (b"shared", true), (b"kept", true)] {
            assert_eq!(store.blob_path(&Digest::sha256(bytes)).exists(), there);
        }
        assert_eq!(store.prune(&Prune::default()).unwrap().freed, 0);
        store.resolve("kept").unwrap();
        assert!(store.record(&[1; 32]).unwrap().is_some());
    });
}

/// The store as another process has it, which has found nothing yet.
fn reopen(path: &Path, check: impl FnOnce(&Store)) {
    check(&Store::open(path).unwrap());
}

#[test]
fn the_cache_goes_by_age_and_size() {
    let (dir, store) = store();
    let path = store.path().to_owned();
    let steps: Vec<SnapshotId> = (1..=4).map(|n| step(&store, n, 40_000)).collect();
    for (n, id) in (1..).zip(&steps) {
        age(&store, n, id, 10 - u64::from(n));
    }
    let id = CacheMountId {
        id: "cargo".into(),
        seed: None,
        mode: 0o755,
        uid: 0,
        gid: 0,
    };
    let mount = store
        .try_cache_mount(&id, Sharing::Shared, &mut |_| Ok(()))
        .unwrap()
        .unwrap();
    fs::write(mount.path().join("x"), vec![1; 100_000]).unwrap();
    drop(store);
    let there = |store: &Store| steps.iter().map(|id| exists(store, id)).collect::<Vec<_>>();
    reopen(&path, |store| {
        let entries = store.cache_entries().unwrap();
        assert_eq!(entries.len(), 5);
        assert_eq!(entries[0].id, steps[0].as_str(), "the oldest first");
        assert!(entries.iter().all(|entry| entry.size >= 40_000));
        let moment = SystemTime::now() - Duration::from_secs(8 * 3600 + 60);
        let pruned = store
            .prune(&Prune {
                unused_since: Some(moment),
                ..all()
            })
            .unwrap();
        assert_eq!(there(store), [false, true, true, true]);
        assert!(pruned.entries.len() == 1 && pruned.freed >= 40_000);
        // Of the rest, what was used last stays; the mount is in use and does not count.
        let kinds = vec![CacheKind::Regular];
        let keep = Some(150_000);
        store
            .prune(&Prune {
                kinds,
                keep,
                ..all()
            })
            .unwrap();
        assert_eq!(there(store), [false, false, true, true]);
        store.prune(&all()).unwrap();
        assert_eq!(there(store), [false; 4]);
        assert!(mount.path().exists());
    });
    drop(mount);
    reopen(&path, |store| {
        let mounts = store.cache_entries().unwrap();
        assert_eq!(mounts[0].label.as_deref(), Some("cargo"));
        assert!(store.prune(&all()).unwrap().freed >= 100_000);
        assert!(store.cache_entries().unwrap().is_empty());
    });
    drop(dir);
}

#[test]
fn what_an_image_is_made_of_stays() {
    let (_dir, store) = store();
    let path = store.path().to_owned();
    let snapshot = step(&store, 1, 1000);
    let sealed = store
        .seal(std::slice::from_ref(&snapshot), Timestamps::Kept)
        .unwrap();
    let descriptor = built(&store, &sealed.diff_id, sealed.tar_size);
    store.tag(&"app".parse().unwrap(), &descriptor).unwrap();
    drop(store);
    reopen(&path, |store| {
        assert!(store.cache_entries().unwrap()[0].shared);
        let unshared = CacheScope::Unshared;
        let pruned = store
            .prune(&Prune {
                scope: unshared,
                ..all()
            })
            .unwrap();
        assert!(pruned.entries.is_empty());
        // All of the cache: no step finds it any more, the image has it.
        assert_eq!(store.prune(&all()).unwrap().entries.len(), 1);
        assert!(store.record(&[1; 32]).unwrap().is_none());
        assert!(store.has_blob(sealed.diff_id.digest()).unwrap());
    });
    reopen(&path, |store| {
        store.untag(&"app".parse().unwrap()).unwrap();
        let unnamed: Vec<Digest> = store
            .images()
            .unwrap()
            .into_iter()
            .map(|i| i.image.id)
            .collect();
        let pruned = store.remove_unnamed(&unnamed).unwrap();
        assert_eq!((pruned.images, exists(store, &snapshot)), (unnamed, false));
    });
}

/// An image with one layer that was built here.
fn built(store: &Store, diff_id: &DiffId, size: u64) -> oci::Descriptor {
    let mut config = oci::ImageConfig::new(&oci::Platform::host());
    config.rootfs.diff_ids = vec![diff_id.clone()];
    let config = store
        .put_bytes(oci::MediaType::OciConfig, &config.to_bytes())
        .unwrap();
    let layer = oci::Descriptor::new(oci::MediaType::OciLayer, diff_id.digest().clone(), size);
    let manifest = oci::Manifest::new(config, vec![layer]).to_bytes();
    let manifest = store
        .put_bytes(oci::MediaType::OciManifest, &manifest)
        .unwrap();
    store.add_image(&manifest).unwrap();
    manifest
}

#[test]
fn the_store_stays_below_its_limit() {
    let (_dir, store) = store();
    let path = store.path().to_owned();
    let tagged = archive(&[("base", &[7; 200_000])]);
    let base = image(&store, "linux/amd64", &[&tagged]);
    store.add_image(&base).unwrap();
    store.tag(&"base".parse().unwrap(), &base).unwrap();
    drop(store);
    let mut used = 0;
    for n in 1..=8 {
        // Each build is a process.
        reopen(&path, |store| {
            store.limit_to(1_000_000);
            let id = step(store, n, 150_000);
            age(store, n, &id, 20 - u64::from(n));
            used = store.fit_to_limit().unwrap().used;
            assert!(used <= 1_000_000, "{used}");
        });
    }
    assert!(used > 600_000, "no more goes than has to: {used}");
    reopen(&path, |store| {
        let there: Vec<bool> = (1..=8)
            .map(|n| store.record(&[n; 32]).unwrap().is_some())
            .collect();
        assert!(!there[0] && there[7], "{there:?}");
        assert_eq!(
            there.iter().filter(|there| **there).count(),
            8 - there.iter().position(|t| *t).unwrap()
        );
    });
    reopen(&path, |store| {
        store.limit_to(1_000_000);
        // More than there is room for beside the image, all of it in use by one build.
        let draft = store.draft().unwrap();
        fs::write(draft.dir().join("file"), vec![1; 900_000]).unwrap();
        let refused = draft.commit(&SnapshotId::random(), &SnapshotMeta::default());
        assert!(
            matches!(refused, Err(store::Error::Full { .. })),
            "{refused:?}"
        );
        store.unpack_image(&store.resolve("base").unwrap()).unwrap();
    });
}

/// Not a test: what another process does until it is killed. What it found must stay there.
#[test]
fn child() {
    let Some(path) = std::env::var_os(STORE) else {
        return;
    };
    for n in (1..=u8::MAX).cycle() {
        let store = Store::open(&path).unwrap();
        let n = n % 16 + 1;
        let id = match store
            .record(&[n; 32])
            .unwrap()
            .and_then(|record| record.snapshot)
        {
            Some(id) => id,
            None => step(&store, n, 2000),
        };
        let sealed = store
            .seal(std::slice::from_ref(&id), Timestamps::Kept)
            .unwrap();
        let manifest = built(&store, &sealed.diff_id, sealed.tar_size);
        store.tag(&"app".parse().unwrap(), &manifest).unwrap();
        for _ in 0..20 {
            let snapshot = store
                .snapshot(&id)
                .unwrap()
                .expect("it was found, so it stays");
            assert_eq!(fs::read(snapshot.dir().join("file")).unwrap()[0], n);
            let mut tar = Vec::new();
            let mut blob = store.open_blob(sealed.diff_id.digest()).unwrap();
            std::io::copy(&mut blob, &mut tar).unwrap();
        }
    }
}

/// Not a test: collects until it is killed.
#[test]
fn collector() {
    let Some(path) = std::env::var_os(STORE) else {
        return;
    };
    loop {
        let store = Store::open(&path).unwrap();
        store.prune(&all()).unwrap();
        let unnamed: Vec<Digest> = store
            .images()
            .unwrap()
            .into_iter()
            .filter(|listed| listed.references.is_empty())
            .map(|listed| listed.image.id)
            .collect();
        store.remove_unnamed(&unnamed).unwrap();
    }
}

fn spawn(role: &str, store: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", &format!("gc::{role}"), "--nocapture"])
        .env(STORE, store);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

#[test]
fn processes_build_and_collect_at_once_and_are_killed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    drop(Store::open(&path).unwrap());
    let mut builders = [spawn("child", &path), spawn("child", &path)];
    for round in 0..6 {
        let mut collector = spawn("collector", &path);
        std::thread::sleep(Duration::from_millis(250));
        collector.kill().unwrap();
        collector.wait().unwrap();
        for builder in &mut builders {
            assert!(
                builder.try_wait().unwrap().is_none(),
                "a builder missed something"
            );
        }
        let last = &mut builders[round % 2];
        last.kill().unwrap();
        last.wait().unwrap();
        *last = spawn("child", &path);
    }
    for builder in &mut builders {
        builder.kill().unwrap();
        builder.wait().unwrap();
    }
    let store = Store::open(&path).unwrap();
    // No record leads to what is not there, and what is left over can be told from what is needed.
    for n in 1..=16 {
        if let Some(record) = store.record(&[n; 32]).unwrap() {
            assert!(exists(&store, &record.snapshot.unwrap()));
        }
    }
    for listed in store.images().unwrap() {
        for layer in &listed.image.layers {
            assert!(store.has_blob(&layer.blob.digest).unwrap(), "{layer:?}");
        }
        store.config(&listed.image.config).unwrap();
    }
    drop(store);
    reopen(&path, |store| {
        store.prune(&all()).unwrap();
        store.prune(&all()).unwrap();
        let images = store.images().unwrap();
        let needed: usize = images.iter().map(|listed| listed.image.layers.len()).sum();
        let snapshots = store.snapshot_ids().unwrap();
        let links = snapshots
            .iter()
            .filter(|id| store.layout().snapshots().join(id.as_str()).is_symlink());
        assert!(snapshots.len() - links.count() <= needed, "{snapshots:?}");
    });
}
