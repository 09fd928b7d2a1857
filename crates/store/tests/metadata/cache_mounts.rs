use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use store::{CacheMount, CacheMountId, Error, Sharing, Store};

use crate::support::store;

fn id(id: &str) -> CacheMountId {
    CacheMountId {
        id: id.to_owned(),
        seed: None,
        mode: 0o755,
        uid: 0,
        gid: 0,
    }
}

fn take(store: &Store, id: &CacheMountId, sharing: Sharing) -> Option<CacheMount> {
    store
        .try_cache_mount(id, sharing, &mut |_: &Path| Ok(()))
        .unwrap()
}

#[test]
fn content_stays() {
    let (_dir, store) = store();
    let mount = take(&store, &id("/root/.cache"), Sharing::Shared).unwrap();
    fs::write(mount.path().join("file"), "x").unwrap();
    drop(mount);
    let mount = take(&store, &id("/root/.cache"), Sharing::Locked).unwrap();
    assert_eq!(fs::read_to_string(mount.path().join("file")).unwrap(), "x");
    let metadata = fs::metadata(mount.path()).unwrap();
    assert_eq!(
        (
            metadata.permissions().mode() & 0o7777,
            metadata.uid(),
            metadata.gid()
        ),
        (0o755, 0, 0)
    );
}

#[test]
fn hostile_names_stay_inside() {
    let (_dir, store) = store();
    for name in [
        "../../../etc",
        "/",
        "",
        "a\0b",
        "a/b",
        &"x".repeat(10_000),
        "%2e%2e",
    ] {
        let mount = take(&store, &id(name), Sharing::Shared).unwrap();
        let path = mount.path().canonicalize().unwrap();
        assert!(
            path.starts_with(store.layout().cache_mounts()),
            "{name:?}: {path:?}"
        );
        assert_eq!(
            path.strip_prefix(store.layout().cache_mounts())
                .unwrap()
                .components()
                .count(),
            3
        );
    }
}

#[test]
fn owner_mode_and_seed_are_part_of_what_it_is() {
    let (_dir, store) = store();
    let plain = id("x");
    let others = [
        CacheMountId {
            mode: 0o700,
            ..id("x")
        },
        CacheMountId {
            seed: Some("stage".into()),
            ..id("x")
        },
        CacheMountId {
            uid: 1000,
            ..id("x")
        },
        CacheMountId {
            gid: 1000,
            ..id("x")
        },
        CacheMountId {
            mode: 0o1777,
            uid: 1000,
            gid: 50,
            ..id("x")
        },
    ];
    let first = take(&store, &plain, Sharing::Shared).unwrap();
    for other in others {
        let mount = take(&store, &other, Sharing::Shared).unwrap();
        assert_ne!(mount.path(), first.path());
        let metadata = fs::metadata(mount.path()).unwrap();
        assert_eq!(
            (
                metadata.permissions().mode() & 0o7777,
                metadata.uid(),
                metadata.gid()
            ),
            (other.mode, other.uid, other.gid)
        );
    }
}

#[test]
fn sharing() {
    let (_dir, store) = store();
    let id = id("x");
    let shared = take(&store, &id, Sharing::Shared).unwrap();
    let too = take(&store, &id, Sharing::Shared).unwrap();
    assert_eq!(shared.path(), too.path());
    assert!(take(&store, &id, Sharing::Locked).is_none());
    let private = take(&store, &id, Sharing::Private).unwrap();
    let another = take(&store, &id, Sharing::Private).unwrap();
    assert_ne!(private.path(), shared.path());
    assert_ne!(private.path(), another.path());
    drop((shared, too));
    let locked = take(&store, &id, Sharing::Locked).unwrap();
    assert!(take(&store, &id, Sharing::Locked).is_none());
    // Someone has the first instance, and the second, to himself.
    let elsewhere = take(&store, &id, Sharing::Shared).unwrap();
    assert!(![locked.path(), private.path(), another.path()].contains(&elsewhere.path()));
    drop((locked, private));
    assert!(
        take(&store, &id, Sharing::Private)
            .unwrap()
            .path()
            .to_str()
            .unwrap()
            .ends_with("/0/data")
    );
}

#[test]
fn a_seed_fills_a_new_one_only_and_all_at_once() {
    let (_dir, store) = store();
    let id = id("x");
    let failing = store.try_cache_mount(&id, Sharing::Shared, &mut |dir: &Path| {
        fs::write(dir.join("half"), "")?;
        Err(io::Error::other("no"))
    });
    assert!(matches!(failing, Err(Error::Io { .. })));
    let mut times = 0;
    for _ in 0..3 {
        let mount = store.try_cache_mount(&id, Sharing::Shared, &mut |dir: &Path| {
            times += 1;
            fs::write(dir.join("seeded"), "")
        });
        let mount = mount.unwrap().unwrap();
        assert!(mount.path().join("seeded").exists());
        assert!(!mount.path().join("half").exists());
    }
    assert_eq!(times, 1);
}

#[test]
fn many_threads_agree_on_a_new_one() {
    let (_dir, store) = store();
    let paths: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    take(&store, &id("x"), Sharing::Shared)
                        .unwrap()
                        .path()
                        .to_owned()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(paths.iter().all(|path| *path == paths[0]));
}
