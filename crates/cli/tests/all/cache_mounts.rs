//! What is in `RUN --mount=type=cache` crosses machines.

use std::fs;
use std::path::{Path, PathBuf};

use testkit::Registry;

use crate::support::{Carafe, Said};

/// A tool that keeps what it downloaded: files of several kinds, owners and times.
const FILL: &str = "RUN --mount=type=cache,target=/c mkdir -p /c/deep/er && echo one > /c/deep/er/f \
&& echo two > /c/own && busybox chown 5:6 /c/own && busybox chmod 4711 /c/own && busybox ln -s deep /c/link \
&& busybox ln /c/own /c/hard && busybox touch -d '2001-02-03 04:05:06' /c/own /c/deep/er /c/deep";

const SHOW: &str = "RUN --mount=type=cache,target=/c cd /c && busybox find . | busybox sort > /list \
&& for f in deep deep/er deep/er/f own hard link; do busybox stat -c '%n %a %u:%g %h %Y %F' $f; done >> /list; \
cat deep/er/f own >> /list";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Builds this, executing every step, and gives what the machine said.
fn build(machine: &Carafe, steps: &str, flags: &[&str]) -> Said {
    let context = machine.context(&format!("FROM base\n{steps}\n"));
    let args = [&["build", "--no-cache", "-t", "x"], flags, &[&context]].concat();
    let said = machine.run(args);
    assert_eq!(said.code, 0, "{said:#?}");
    said
}

fn listed(machine: &Carafe) -> String {
    machine.ok(["run", "--rm", "x", "cat", "/list"])
}

fn blobs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("blobs/sha256")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_fresh_machine_has_what_the_other_had() {
    let (one, other) = (Carafe::new(), Carafe::new());
    let registry = Registry::start();
    let name = format!("{}/mounts:x", registry.host());
    build(&one, FILL, &["--cache-mounts-to", &name]);
    build(&one, SHOW, &[]);
    build(&other, SHOW, &["--cache-mounts-from", &name]);
    let here = listed(&one);
    assert_eq!(here, listed(&other));
    assert!(
        here.contains("own 4711 5:6 2 981173106 regular file"),
        "{here}"
    );
    // A mount that is there is not touched, and nobody is asked.
    let asked = registry.requests().len();
    build(&other, SHOW, &["--cache-mounts-from", &name]);
    assert_eq!(registry.requests().len(), asked);
}

#[test]
fn times_are_exact() {
    let (one, other) = (Carafe::new(), Carafe::new());
    let registry = Registry::start();
    let name = format!("{}/mounts:x", registry.host());
    // Of the same length, and within the same second.
    let write = |text: &str| {
        let run = format!(
            "RUN --mount=type=cache,target=/c echo {text} > /c/a; mkdir -p /c/d; ln -sf a /c/l\n"
        );
        build(&one, &run, &["--cache-mounts-to", &name])
    };
    for text in ["one", "two", "six", "ten"] {
        let said = write(text);
        assert!(said.stderr.contains("sent 3 blobs"), "{said:#?}");
    }
    let show = |machine: &Carafe, flags: &[&str]| {
        let run = "RUN --mount=type=cache,target=/c cd /c; for f in a d l; do stat -c '%n %y' $f; done > /times; cat a >> /times\n";
        build(machine, run, flags);
        machine.ok(["run", "--rm", "x", "cat", "/times"])
    };
    let times = show(&one, &[]);
    assert!(
        times.contains("ten") && !times.contains("00000000 "),
        "{times}"
    );
    assert_eq!(times, show(&other, &["--cache-mounts-from", &name]));
}

#[test]
fn only_what_changed_is_sent() {
    let (one, other) = (Carafe::new(), Carafe::new());
    let folder = one.path("mounts");
    let to = format!("type=local,dest={}", text(&folder));
    let from = format!("type=local,src={}", text(&folder));
    let big = "RUN --mount=type=cache,target=/c busybox dd if=/dev/urandom of=/c/big bs=1M count=4";
    build(&one, &format!("{FILL}\n{big}"), &["--cache-mounts-to", &to]);
    let first = blobs(&folder);
    let said = build(
        &one,
        "RUN --mount=type=cache,target=/c true",
        &["--cache-mounts-to", &to],
    );
    assert!(said.stderr.contains("sent 0 blobs"), "{said:#?}");
    let change =
        "RUN --mount=type=cache,target=/c echo three > /c/deep/er/f && rm /c/link && mkdir /c/link";
    build(&one, change, &["--cache-mounts-to", &to]);
    let new: Vec<_> = { blobs(&folder).into_iter() }
        .filter(|blob| !first.contains(blob))
        .collect();
    let size: u64 = new
        .iter()
        .map(|blob| fs::metadata(blob).unwrap().len())
        .sum();
    assert!(size < 20_000, "{size} bytes in {new:?}");
    build(&one, SHOW, &[]);
    build(&other, SHOW, &["--cache-mounts-from", &from]);
    let here = listed(&one);
    assert_eq!(here, listed(&other));
    assert!(here.contains("three") && here.contains("./link"), "{here}");
    // A machine that did not need the mount does not take it away.
    let third = Carafe::new();
    build(
        &third,
        "RUN --mount=type=cache,target=/d echo d > /d/f",
        &["--cache-mounts-to", &to],
    );
    let fourth = Carafe::new();
    build(&fourth, SHOW, &["--cache-mounts-from", &from]);
    assert_eq!(here, listed(&fourth));
}

#[test]
fn a_broken_one_leaves_the_mount_empty() {
    let one = Carafe::new();
    let folder = one.path("mounts");
    let to = format!("type=local,dest={}", text(&folder));
    let from = format!("type=local,src={}", text(&folder));
    build(&one, FILL, &["--cache-mounts-to", &to]);
    for blob in blobs(&folder) {
        let whole = fs::read(&blob).unwrap();
        let mut bytes = whole.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        fs::write(&blob, &bytes).unwrap();
        let other = Carafe::new();
        let step = "RUN --mount=type=cache,target=/c ls -A /c > /list";
        let said = build(&other, step, &["--cache-mounts-from", &from]);
        assert!(said.stderr.contains("is not used"), "{said:#?}");
        assert_eq!(listed(&other), "");
        fs::write(&blob, &whole).unwrap();
    }
    let other = Carafe::new();
    let said = build(
        &other,
        FILL,
        &["--cache-mounts-from=type=local,src=/nowhere"],
    );
    assert!(said.stderr.contains("there is no such cache"), "{said:#?}");
}
