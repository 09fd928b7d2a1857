//! Builds that are only pushed, with a cache: layers that nobody looks into stay where they are.

use std::fs;
use std::path::Path;

use testkit::{Fault, Registry};

use crate::support::{Carafe, Said};

/// Each step writes what no other execution of it writes.
const DOCKERFILE: &str = "FROM base AS build
RUN cat /proc/sys/kernel/random/uuid > /made
FROM base
RUN cat /proc/sys/kernel/random/uuid > /first
COPY --from=build /made /app/
";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A machine with the image `base` of another.
fn machine(base: &Path) -> Carafe {
    let machine = Carafe::empty();
    machine.ok(["load", "-i", text(base)]);
    machine.context(DOCKERFILE);
    machine
}

/// The first machine, and its base image for others.
fn first() -> (Carafe, std::path::PathBuf) {
    let one = Carafe::new();
    one.context(DOCKERFILE);
    let base = one.path("base-image.tar");
    one.ok(["save", "-o", text(&base), "base"]);
    (one, base)
}

fn push(machine: &Carafe, name: &str, flags: &[&str]) -> Said {
    machine.build(&[&["--push", "-t", name], flags].concat())
}

/// What was asked since, without how often.
fn since(registry: &Registry, before: usize, word: &str) -> usize {
    let requests = registry.requests();
    requests[before..]
        .iter()
        .filter(|line| line.contains(word))
        .count()
}

fn executed(said: &Said) -> bool {
    said.stderr
        .lines()
        .any(|line| line.contains("RUN") && !line.contains("cached"))
}

#[test]
fn a_registry_takes_layers_from_the_repository_of_the_cache() {
    let registry = Registry::start();
    let name = |name: &str| format!("{}/{name}", registry.host());
    let (one, base) = first();
    let to = format!("type=registry,mode=max,ref={}", name("app/cache"));
    push(&one, &name("app:1"), &["--cache-to", &to]);
    let digest = |tag: &str| registry.tagged(tag).unwrap();
    for (turn, target) in ["app:1", "app:2", "other:1"].into_iter().enumerate() {
        let fresh = machine(&base);
        let before = registry.requests().len();
        let said = push(&fresh, &name(target), &["--cache-from", &name("app/cache")]);
        assert!(!executed(&said), "{said:#?}");
        assert_eq!(digest(target), digest("app:1"), "{target}");
        let got = since(&registry, before, "GET /v2/app/cache/blobs/");
        assert_eq!(
            got,
            1,
            "the document: {:#?}",
            &registry.requests()[before..]
        );
        let sent = since(&registry, before, "PUT /v2/");
        // Neither the configuration nor the base image is in the cache.
        let expected = [0, 1, 3][turn];
        assert!(
            sent <= expected,
            "{target}: {:#?}",
            &registry.requests()[before..]
        );
        let mounted = since(&registry, before, "mount=");
        assert_eq!(mounted, if turn == 2 { 2 } else { 0 }, "{target}");
        // The store does not pretend to have it, and gets it when it is wanted.
        assert!(
            said.stderr.contains("the store does not have it"),
            "{said:#?}"
        );
        fresh.fails(1, ["inspect", &name(target)]);
        fresh.ok(["pull", "-q", &name(target)]);
        fresh.ok(["run", "--rm", &name(target), "cat", "/app/made"]);
    }
}

#[test]
fn who_wants_the_image_here_gets_it() {
    let registry = Registry::start();
    let name = |name: &str| format!("{}/{name}", registry.host());
    let (one, base) = first();
    let to = format!("type=registry,mode=max,ref={}", name("app/cache"));
    push(&one, &name("app:1"), &["--cache-to", &to]);
    for flags in [&["--load"][..], &["-o", "type=image,unpack=true"]] {
        let fresh = machine(&base);
        let from = name("app/cache");
        let flags = [&["--cache-from", &from], flags].concat();
        push(&fresh, &name("app:1"), &flags);
        fresh.ok(["run", "--rm", &name("app:1"), "cat", "/app/made"]);
    }
    // A name that meant something else means nothing now.
    let fresh = machine(&base);
    fresh.ok(["tag", "base", &name("app:1")]);
    push(
        &fresh,
        &name("app:1"),
        &["--cache-from", &name("app/cache")],
    );
    fresh.fails(1, ["inspect", &name("app:1")]);
}

#[test]
fn a_layer_goes_from_a_folder_to_a_registry() {
    let (one, base) = first();
    let folder = one.path("cache");
    let to = format!("type=local,mode=max,dest={}", text(&folder));
    let from = format!("type=local,src={}", text(&folder));
    let registry = Registry::start();
    let name = |name: &str| format!("{}/{name}", registry.host());
    push(&one, &name("app:1"), &["--cache-to", &to]);
    let elsewhere = Registry::start();
    let other = format!("{}/app:1", elsewhere.host());
    let fresh = machine(&base);
    let said = push(&fresh, &other, &["--cache-from", &from]);
    assert!(!executed(&said), "{said:#?}");
    assert_eq!(elsewhere.tagged("app:1"), registry.tagged("app:1"));
    // It breaks on the way, and goes on.
    let third = Registry::start();
    third.fail("PUT", 2, Fault::Break(10));
    let fresh = machine(&base);
    push(
        &fresh,
        &format!("{}/app:1", third.host()),
        &["--cache-from", &from],
    );
    assert_eq!(third.tagged("app:1"), registry.tagged("app:1"));
}

#[test]
fn a_layer_that_the_cache_lost_is_made_again() {
    type Damage = fn(&Path);
    let damage: [Damage; 3] = [
        |blob| fs::remove_file(blob).unwrap(),
        |blob| fs::write(blob, b"short").unwrap(),
        |blob| {
            let mut bytes = fs::read(blob).unwrap();
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            fs::write(blob, bytes).unwrap();
        },
    ];
    for damage in damage {
        let (one, base) = first();
        let folder = one.path("cache");
        let to = format!("type=local,mode=min,dest={}", text(&folder));
        let from = format!("type=local,src={}", text(&folder));
        one.ok(["build", "--cache-to", &to, "context"]);
        for entry in fs::read_dir(folder.join("blobs/sha256")).unwrap() {
            let path = entry.unwrap().path();
            // Layers are what is compressed with gzip.
            if fs::read(&path).unwrap().starts_with(&[0x1f, 0x8b]) {
                damage(&path);
            }
        }
        let registry = Registry::start();
        let fresh = machine(&base);
        let name = format!("{}/app:1", registry.host());
        let said = push(&fresh, &name, &["--cache-from", &from]);
        assert!(executed(&said), "{said:#?}");
        assert!(said.stderr.contains("is not used"), "{said:#?}");
        assert!(registry.tagged("app:1").is_some());
        fresh.ok(["run", "--rm", &name, "cat", "/app/made"]);
    }
}
