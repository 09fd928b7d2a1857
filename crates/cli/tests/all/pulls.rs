//! Pulls that end in the middle, and how the next one goes on.

use std::fs::{self, File, FileTimes};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use oci::tar::{Entry, Kind};
use rustix::process::{Pid, Signal, kill_process};
use testkit::{Fault, ImageBuilder, Registry, layer};

use crate::support::{Carafe, eventually};

/// Where the registry stops sending.
const HALF: usize = 600_000;

/// An image with a layer that hardly compresses, and the path of its blob.
fn image(registry: &Registry) -> (String, String) {
    let mut seed = 7_u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()
    };
    let content: Vec<u8> = (0..150_000).flat_map(|_| random()).collect();
    let file = Entry::new("large", Kind::File, 0o644);
    let image = ImageBuilder::new().layer(layer([(file, content)])).build();
    registry.push("app:1", &image);
    let digest = &image.manifest.layers[0].digest;
    let path = format!("/v2/app/blobs/{digest}");
    (format!("{}/app:1", registry.host()), path)
}

/// Pulls until the registry stops in the middle, and is killed.
fn half_a_pull(carafe: &Carafe, registry: &Registry, (name, path): &(String, String)) {
    registry.fail(path, 1, Fault::Stall(HALF));
    let mut child = carafe.spawn(["pull", name], Stdio::null());
    eventually("a part of the blob", || {
        let parts = fs::read_dir(carafe.path("store/partial"))
            .into_iter()
            .flatten();
        let mut sizes = parts.map(|part| part.unwrap().metadata().unwrap().len());
        sizes.any(|size| size >= HALF as u64)
    });
    kill_process(Pid::from_raw(child.id() as i32).unwrap(), Signal::KILL).unwrap();
    assert!(!child.wait().unwrap().success());
}

/// A store with half a pull in it.
fn stopped() -> (Carafe, Registry, (String, String)) {
    let (carafe, registry) = (Carafe::empty(), Registry::start());
    let wanted = image(&registry);
    half_a_pull(&carafe, &registry, &wanted);
    (carafe, registry, wanted)
}

/// The ranges that were asked for since there were `before` requests; "all" for one without.
fn asked(registry: &Registry, path: &str, before: usize) -> Vec<String> {
    let requests = registry.received().split_off(before).into_iter();
    let blobs = requests.filter(|request| request.method == "GET" && request.path == path);
    let range = |request: testkit::Received| {
        request
            .header("range")
            .map_or_else(|| "all".to_owned(), str::to_owned)
    };
    blobs.map(range).collect()
}

#[test]
fn what_a_killed_pull_had_is_not_fetched_again() {
    let (carafe, registry, wanted) = stopped();
    let before = registry.received().len();
    carafe.ok(["pull", &wanted.0]);
    assert_eq!(
        asked(&registry, &wanted.1, before),
        [format!("bytes={HALF}-")]
    );
    assert_eq!(
        fs::read_dir(carafe.path("store/partial")).unwrap().count(),
        0
    );
    let layers = carafe.ok(["save", "--format", "oci-archive", &wanted.0]);
    assert!(layers.len() > 1_000_000);
}

#[test]
fn a_registry_without_ranges_gives_all_of_it() {
    let (carafe, registry, wanted) = stopped();
    registry.fail(&wanted.1, 1, Fault::NoRange);
    carafe.ok(["pull", &wanted.0]);
    carafe.ok(["inspect", &wanted.0]);

    // Nor one that refuses them.
    let (carafe, registry, wanted) = stopped();
    let refusal = Fault::Status {
        code: 416,
        retry_after: None,
    };
    registry.fail(&wanted.1, 1, refusal);
    carafe.ok(["pull", &wanted.0]);
}

#[test]
fn a_part_that_is_damaged_is_fetched_again() {
    let (carafe, registry, wanted) = stopped();
    let part = fs::read_dir(carafe.path("store/partial")).unwrap().next();
    let part = part.unwrap().unwrap().path();
    let mut bytes = fs::read(&part).unwrap();
    bytes[HALF / 2] ^= 1;
    fs::write(&part, &bytes).unwrap();
    let before = registry.received().len();
    carafe.ok(["pull", &wanted.0]);
    assert_eq!(
        asked(&registry, &wanted.1, before).last().unwrap(),
        "all",
        "once more from its beginning"
    );
    carafe.ok(["inspect", &wanted.0]);
}

#[test]
fn parts_that_nobody_goes_on_with_are_swept() {
    let (carafe, registry, wanted) = stopped();
    let parts = || fs::read_dir(carafe.path("store/partial")).unwrap();
    carafe.ok(["gc"]);
    assert_eq!(parts().count(), 1, "somebody may go on");
    let yesterday = SystemTime::now() - Duration::from_secs(25 * 60 * 60);
    let part = parts().next().unwrap().unwrap().path();
    let file = File::options().write(true).open(part).unwrap();
    file.set_times(FileTimes::new().set_modified(yesterday))
        .unwrap();
    carafe.ok(["gc"]);
    assert_eq!(parts().count(), 0);
    half_a_pull(&carafe, &registry, &wanted);
    carafe.ok(["builder", "prune", "-af"]);
    assert_eq!(parts().count(), 0);
}
