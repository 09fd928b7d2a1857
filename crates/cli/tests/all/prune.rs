//! Making the store smaller.

use serde_json::Value;

use crate::support::Carafe;

/// The bytes that a store takes, as `system df` adds them up.
fn rows(carafe: &Carafe) -> Vec<Value> {
    let text = carafe.ok(["system", "df", "--format", "json"]);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn row(carafe: &Carafe, kind: &str) -> Value {
    let mut rows = rows(carafe).into_iter();
    rows.find(|row| row["Type"] == kind).unwrap()
}

fn build(carafe: &Carafe, tag: &str, megabytes: u32) {
    let run = format!("dd if=/dev/zero of=/{tag} bs=1000000 count={megabytes}");
    let context = carafe.context(&format!("FROM base\nRUN {run}\n"));
    carafe.ok(["build", "-q", "-t", tag, &context]);
}

#[test]
fn images_and_cache_go_when_nobody_needs_them() {
    let carafe = Carafe::new();
    build(&carafe, "app", 3);
    build(&carafe, "app", 4);
    assert_eq!(row(&carafe, "Images")["TotalCount"], "3");
    let pruned = carafe.ok(["image", "prune", "-f"]);
    assert!(
        pruned.starts_with("Deleted Images:\ndeleted: sha256:"),
        "{pruned}"
    );
    // Its layer is still in the cache, and comes back without being made again.
    assert_eq!(row(&carafe, "Build Cache")["TotalCount"], "3");
    let pruned = carafe.ok(["builder", "prune", "-f"]);
    assert!(
        pruned.contains("RECLAIMABLE") && pruned.contains("Total:\t3"),
        "{pruned}"
    );
    carafe.ok(["run", "--rm", "app", "ls", "/app"]);
    let all = carafe.ok(["prune", "-af"]);
    assert!(
        all.contains("untagged: app:latest") && all.contains("untagged: base:latest"),
        "{all}"
    );
    assert_eq!(carafe.ok(["images", "-q"]), "");
    for kind in ["Images", "Build Cache", "Unfinished"] {
        assert_eq!(row(&carafe, kind)["TotalCount"], "0", "{kind}");
    }
    let again = carafe.ok(["system", "prune", "-f"]);
    assert!(again.starts_with("Total reclaimed space: "), "{again}");
}

#[test]
fn rmi_gives_the_disk_back() {
    let carafe = Carafe::new();
    build(&carafe, "app", 3);
    carafe.ok(["builder", "prune", "-af"]);
    let before = row(&carafe, "Images");
    assert!(before["Size"].as_str().unwrap().ends_with("MB"), "{before}");
    carafe.ok(["rmi", "app", "base"]);
    assert_eq!(row(&carafe, "Images")["Size"], "0B");
    let blobs = carafe.path("store/blobs/sha256");
    assert_eq!(std::fs::read_dir(blobs).unwrap().count(), 0);
}

#[test]
fn a_container_keeps_its_image() {
    let carafe = Carafe::new();
    carafe.ok(["run", "-d", "--name", "kept", "base", "sleep", "60"]);
    let pruned = carafe.ok(["prune", "-af"]);
    assert!(!pruned.contains("untagged"), "{pruned}");
    carafe.ok(["rmi", "-f", "base"]);
    carafe.ok(["builder", "prune", "-af"]);
    // Even without a name its files stay.
    assert_eq!(carafe.ok(["ps", "--format", "{{.State}}"]), "running\n");
    let snapshots = carafe.path("store/snapshots");
    assert_eq!(std::fs::read_dir(&snapshots).unwrap().count(), 1);
    carafe.ok(["rm", "-f", "kept"]);
    carafe.ok(["prune", "-af"]);
    assert_eq!(std::fs::read_dir(&snapshots).unwrap().count(), 0);
}

#[test]
fn builds_stay_below_the_limit() {
    let carafe = Carafe::new();
    let limited = |args: &[&str]| {
        let mut command = carafe.command(args);
        command.env("CARAFE_MAX_SIZE", "20m").output().unwrap()
    };
    for n in 1..=6 {
        let run = format!("dd if=/dev/zero of=/{n} bs=1000000 count=6");
        let context = carafe.context(&format!("FROM base\nRUN {run}\n"));
        let built = limited(&["build", "-q", "-t", "app", &context]);
        assert!(built.status.success(), "{built:?}");
        let used = std::fs::read_to_string(carafe.path("store/usage")).unwrap();
        let used: u64 = used.split(' ').next().unwrap().parse().unwrap();
        assert!(used <= 20 << 20, "{used}");
    }
    // The images before have lost their names, and the last one stays.
    assert!(carafe.ok(["run", "--rm", "app", "ls", "/6"]).contains('6'));
    let context = carafe.context("FROM app\nRUN dd if=/dev/zero of=/big bs=1000000 count=30\n");
    let refused = limited(&["build", "-q", "-t", "big", &context]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the store is full") && said.contains("max-size"),
        "{said}"
    );
    let odd = carafe
        .command(["images"])
        .env("CARAFE_MAX_SIZE", "much")
        .output()
        .unwrap();
    assert_eq!(odd.status.code(), Some(2));
    carafe.ok(["gc", "--max-size", "15m"]);
}

/// What `du` says.
fn blocks(dir: &std::path::Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    fn walk(path: &std::path::Path, seen: &mut std::collections::HashSet<u64>) -> u64 {
        let metadata = path.symlink_metadata().unwrap();
        let own = if seen.insert(metadata.ino()) {
            metadata.blocks() * 512
        } else {
            0
        };
        if !metadata.is_dir() {
            return own;
        }
        let entries = std::fs::read_dir(path).unwrap();
        own + entries
            .map(|entry| walk(&entry.unwrap().path(), seen))
            .sum::<u64>()
    }
    walk(dir, &mut std::collections::HashSet::new())
}

#[test]
fn what_images_share_counts_once() {
    let carafe = Carafe::new();
    for tag in ["one", "two", "three"] {
        build(&carafe, tag, 3);
    }
    carafe.ok(["save", "-o", "all.tar", "one", "two", "three"]);
    let usage = carafe.ok(["system", "df", "-v", "--format", "json"]);
    let usage: Value = serde_json::from_str(&usage).unwrap();
    assert_eq!(usage["Images"].as_array().unwrap().len(), 4);
    for image in usage["Images"].as_array().unwrap() {
        let unique = image["UniqueSize"].as_str().unwrap();
        let expected = image["Repository"] != "base";
        assert_eq!(unique.starts_with("3."), expected, "{image}");
    }
    // Rounded to three digits as everywhere.
    let megabytes = |row: &Value| -> f64 {
        let size = row["Size"].as_str().unwrap();
        size.strip_suffix("MB").unwrap().parse().unwrap()
    };
    let total = megabytes(&row(&carafe, "Total"));
    #[allow(clippy::cast_precision_loss, reason = "megabytes, to three digits")]
    let disk = blocks(&carafe.path("store")) as f64 / 1e6;
    assert!((total - disk).abs() < 0.1, "{total} MB, and {disk} MB");
    let images = megabytes(&row(&carafe, "Images"));
    assert!(images < total, "{images} of {total}");
}
