//! No change of a context's file goes unseen, whatever it keeps of the old one; and what else than content is copied.

use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::XattrFlags;

use crate::support::Carafe;

/// `cap_net_raw=ep`, as the kernel keeps it (version 2).
const NET_RAW: [u8; 20] = capability(13);
/// `cap_net_admin=ep`.
const NET_ADMIN: [u8; 20] = capability(12);

const fn capability(number: u32) -> [u8; 20] {
    let bits = (1u32 << number).to_le_bytes();
    let mut value = [0; 20];
    value[0] = 1;
    value[3] = 2;
    let mut at = 0;
    while at < 4 {
        value[4 + at] = bits[at];
        at += 1;
    }
    value
}

/// Gives a file the times of another one: what `touch -r` does.
fn keep_times(path: &Path, times: &fs::Metadata) {
    let times = FileTimes::new()
        .set_modified(times.modified().unwrap())
        .set_accessed(times.accessed().unwrap());
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_times(times)
        .unwrap();
}

/// Builds, and tells what became of the file.
fn built(carafe: &Carafe, context: &str, name: &str) -> Vec<u8> {
    carafe.ok(["build", "-q", "-o", "type=local,dest=out", context]);
    fs::read(carafe.path("out").join(name)).unwrap()
}

#[test]
fn same_size_and_same_time_do_not_hide_a_change() {
    let carafe = Carafe::empty();
    let context = carafe.context("FROM scratch\nCOPY rewritten renamed linked /\n");
    let path = |name: &str| carafe.path("context").join(name);
    for name in ["rewritten", "renamed", "other name", "beside"] {
        carafe.write(&format!("context/{name}"), b"old");
    }
    fs::hard_link(path("other name"), path("linked")).unwrap();
    // From now on the files are old enough for their digests to be remembered.
    sleep(Duration::from_millis(3100));
    assert_eq!(built(&carafe, &context, "rewritten"), b"old");

    let times = fs::metadata(path("rewritten")).unwrap();
    carafe.write("context/rewritten", b"new");
    keep_times(&path("rewritten"), &times);
    assert_eq!(built(&carafe, &context, "rewritten"), b"new");

    let times = fs::metadata(path("renamed")).unwrap();
    carafe.write("context/beside", b"NEW");
    keep_times(&path("beside"), &times);
    fs::rename(path("beside"), path("renamed")).unwrap();
    assert_eq!(built(&carafe, &context, "renamed"), b"NEW");

    let times = fs::metadata(path("linked")).unwrap();
    carafe.write("context/other name", b"neo");
    keep_times(&path("linked"), &times);
    assert_eq!(built(&carafe, &context, "linked"), b"neo");
}

#[test]
fn edits_within_one_tick_of_the_clock_are_seen() {
    let carafe = Carafe::empty();
    let context = carafe.context("FROM scratch\nCOPY file /\n");
    for edit in 0..8 {
        let text = format!("edit {edit}");
        carafe.write("context/file", text.as_bytes());
        assert_eq!(built(&carafe, &context, "file"), text.as_bytes());
    }
}

#[test]
fn file_capabilities_are_copied_and_count_as_content() {
    let carafe = Carafe::empty();
    let context = carafe.context(
        "FROM scratch\nCOPY tool /plain\nCOPY --chown=7:7 tool /owned\nADD --chmod=700 tool /added\nCOPY tools /tools/\n",
    );
    let tools = ["context/tool", "context/tools/tool"];
    for capability in [NET_RAW, NET_ADMIN] {
        for tool in tools {
            let path = carafe.write(tool, b"#!/bin/sh\n");
            let flags = XattrFlags::empty();
            rustix::fs::setxattr(&path, "security.capability", &capability, flags).unwrap();
        }
        carafe.ok(["build", "-q", "-o", "type=tar,dest=out.tar", &context]);
        let mut tar = oci::tar::Reader::new(File::open(carafe.path("out.tar")).unwrap());
        let mut seen = 0;
        while let Some(entry) = tar.next_entry().unwrap() {
            if matches!(entry.kind, oci::tar::Kind::File) {
                let found = entry.xattrs.get(b"security.capability".as_slice());
                let path = String::from_utf8_lossy(&entry.path).into_owned();
                assert_eq!(found, Some(&capability.to_vec()), "{path}");
                seen += 1;
            }
        }
        assert_eq!(seen, 4);
    }
}
