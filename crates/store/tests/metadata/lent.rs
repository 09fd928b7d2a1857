//! Caches that are lent to steps, and what a killed process does not bring home.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use store::{CacheMount, CacheMountId, Guest, Sharing, Store};

use crate::support::store;

const STORE: &str = "CARAFE_TEST_LENDING_STORE";

fn take(store: &Store) -> CacheMount {
    let id = CacheMountId {
        id: "lent".to_owned(),
        seed: None,
        mode: 0o750,
        uid: 0,
        gid: 0,
    };
    let taken = store.try_cache_mount(&id, Sharing::Locked, &mut |_: &Path| Ok(()));
    taken.unwrap().unwrap()
}

/// Lends the cache to a step, which does something.
fn lend(store: &Store, path: &str, step: impl FnOnce(&Path)) {
    let draft = store.draft().unwrap();
    let root = store.mount(&[], Some(&draft), None).unwrap();
    let cache = take(store);
    let mut covers = draft.covers().unwrap();
    let path = Path::new(path);
    let guest = Guest::Lent {
        cache: &cache,
        path,
    };
    covers.put(Path::new("/c/ache"), &guest).unwrap();
    let host = format!(
        "/proc/self/fd/{}",
        std::os::fd::AsRawFd::as_raw_fd(&root.fd())
    );
    step(&Path::new(&host).join("c"));
    covers.lift().unwrap();
}

#[test]
fn it_comes_home() {
    let (_dir, store) = store();
    store.use_copies();
    lend(&store, "", |place| {
        fs::create_dir(place.join("ache/part")).unwrap();
        fs::write(place.join("ache/part/file"), "1").unwrap();
    });
    lend(&store, "/part", |place| {
        assert_eq!(fs::read_to_string(place.join("ache/file")).unwrap(), "1");
        fs::write(place.join("ache/file"), "2").unwrap();
    });
    let read = |cache: &CacheMount| fs::read_to_string(cache.path().join("part/file")).unwrap();
    assert_eq!(read(&take(&store)), "2");
    // A step moves it; one that removes it empties it.
    lend(&store, "", |place| {
        fs::rename(place, place.with_file_name("moved")).unwrap();
    });
    assert_eq!(read(&take(&store)), "2");
    lend(&store, "", |place| fs::remove_dir_all(place).unwrap());
    let cache = take(&store);
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(cache.path()).unwrap());
    assert_eq!(mode & 0o7777, 0o750);
}

/// Not a test: what the other process does, until it is killed.
#[test]
fn child() {
    let Some(path) = std::env::var_os(STORE) else {
        return;
    };
    let store = Store::open(&path).unwrap();
    store.use_copies();
    lend(&store, "", |place| {
        fs::write(place.join("ache/file"), "kept").unwrap();
        println!("\nlent");
        loop {
            std::thread::park();
        }
    });
}

/// Kills a process in the middle of a step.
fn kill_one_that_lends(store: &Path) {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lent::child", "--nocapture"])
        .env(STORE, store)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "lent"));
    process.kill().unwrap();
    process.wait().unwrap();
}

#[test]
fn who_opens_the_store_next_brings_it_home() {
    let (_dir, store) = store();
    let path = store.path().to_owned();
    drop(store);
    kill_one_that_lends(&path);
    let store = Store::open(&path).unwrap();
    assert_eq!(fs::read_dir(store.layout().tmp()).unwrap().count(), 0);
    let cache = take(&store);
    assert_eq!(
        fs::read_to_string(cache.path().join("file")).unwrap(),
        "kept"
    );
}

#[test]
fn who_has_the_store_open_brings_it_home() {
    let (_dir, store) = store();
    kill_one_that_lends(store.path());
    let cache = take(&store);
    assert_eq!(
        fs::read_to_string(cache.path().join("file")).unwrap(),
        "kept"
    );
}
