//! Which package a file came with.

#[path = "ledger/layers.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod layers;

use inspect::ledger::{Audit, Ledger};
use inspect::packages::{Packages, is_database, packages};
use layers::{Member, tar};

fn audit(layers: &[Vec<Member>]) -> Ledger {
    let mut audit = Audit::keeping(is_database);
    for layer in layers {
        audit.add_layer(tar(layer).as_slice()).expect("it is a tar");
    }
    audit.finish()
}

/// `KIND NAME VERSION BYTES/FILES` of each, and of what belongs to none.
fn shown(found: &Packages) -> Vec<String> {
    let rest = format!("rest {}/{}", found.others, found.other_files);
    let packages = found.packages.iter().map(|p| {
        format!(
            "{} {} {} {}/{}",
            p.ecosystem, p.name, p.version, p.bytes, p.files
        )
    });
    packages.chain([rest]).collect()
}

/// Files of so many bytes.
fn file(path: &str, bytes: usize) -> Member {
    Member::file(path, &"x".repeat(bytes))
}

const STATUS: &str = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36\n\n\
    Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: base\nStatus: install ok installed\nVersion: 12\n";

#[test]
fn debian_packages_have_what_their_lists_say() {
    let layer = vec![
        Member::symlink("lib", "usr/lib"),
        file("usr/lib/libc.so.6", 100),
        file("etc/base", 10),
        file("etc/other", 7),
        Member::file("var/lib/dpkg/status", STATUS),
        Member::file(
            "var/lib/dpkg/info/libc6:amd64.list",
            "/.\n/lib\n/lib/libc.so.6\n/lib/none\n",
        ),
        Member::file("var/lib/dpkg/info/base.list", "/etc\n/etc/base\n"),
        Member::file("var/lib/dpkg/info/gone.list", "/etc/other\n"),
    ];
    let found = packages(&audit(&[layer]));
    assert_eq!(
        shown(&found)[..2],
        ["deb libc6 2.36 100/1", "deb base 12 10/1"]
    );
}

#[test]
fn the_last_database_counts_and_what_is_deleted_does_not() {
    let base = vec![
        file("etc/base", 10),
        Member::file(
            "var/lib/dpkg/status",
            "Package: old\nVersion: 1\nStatus: install ok installed\n",
        ),
        Member::file("var/lib/dpkg/info/base.list", "/etc/base\n"),
    ];
    let upper = vec![
        Member::file("var/lib/dpkg/status", STATUS),
        Member::whiteout("etc/base"),
    ];
    let found = packages(&audit(&[base, upper]));
    assert_eq!(
        shown(&found)[..2],
        ["deb base 12 0/0", "deb libc6 2.36 0/0"]
    );
}

#[test]
fn distroless_alpine_python_and_node() {
    let layer = vec![
        Member::file(
            "var/lib/dpkg/status.d/tz",
            "Package: tzdata\nVersion: 2024a\n",
        ),
        Member::file(
            "var/lib/dpkg/status.d/tz.md5sums",
            "d41d8cd98f00b204e9800998ecf8427e  usr/share/zoneinfo/UTC\n",
        ),
        file("usr/share/zoneinfo/UTC", 50),
        Member::file(
            "lib/apk/db/installed",
            "P:musl\nV:1.2.4-r2\nF:lib\nR:ld-musl-x86_64.so.1\nZ:Q1\n\nP:empty\nV:1\n",
        ),
        file("lib/ld-musl-x86_64.so.1", 60),
        Member::file(
            "app/lib/python3/site-packages/requests-2.1.dist-info/RECORD",
            "requests/a.py,sha256=x,3\n\"requests/b,c.py\",,\n../../../bin/x,,\n",
        ),
        file("app/lib/python3/site-packages/requests/a.py", 30),
        file("app/lib/python3/site-packages/requests/b,c.py", 4),
        file("app/bin/x", 5),
        Member::file(
            "srv/node_modules/@a/b/package.json",
            "{\"name\":\"@a/b\",\"version\":\"3.0.0\"}",
        ),
        file("srv/node_modules/@a/b/index.js", 200),
        Member::file(
            "srv/node_modules/@a/b/node_modules/c/package.json",
            "broken",
        ),
        file("srv/node_modules/@a/b/node_modules/c/lib/package.json", 9),
    ];
    let found = packages(&audit(&[layer]));
    let lines = shown(&found);
    for line in [
        "npm @a/b 3.0.0 233/2",
        "npm c  15/2",
        "apk musl 1.2.4-r2 60/1",
        "deb tzdata 2024a 50/1",
        "pypi requests 2.1 39/3",
        "apk empty 1 0/0",
    ] {
        assert!(lines.contains(&line.to_owned()), "{line}: {lines:?}");
    }
    let total = found
        .packages
        .iter()
        .map(|package| package.bytes)
        .sum::<u64>()
        + found.others;
    let sums = audit(&[vec![]]).total();
    assert_eq!(sums.kept, 0);
    assert!(total > 400);
}

#[test]
fn hostile_databases_name_nothing_outside() {
    let layer = vec![
        Member::file(
            "var/lib/dpkg/status",
            "Package: x\nStatus: install ok installed\nVersion: 1\n\n\n\nPackage:\n: \n",
        ),
        Member::file(
            "var/lib/dpkg/info/x.list",
            "../../../../etc/passwd\n/../etc/passwd\n\u{0}\n",
        ),
        file("etc/passwd", 3),
        Member::file("lib/apk/db/installed", "P:\nF:..\nR:..\n\nR:x\n"),
        Member::file("a/x.dist-info/RECORD", "\"\n,\n\"a\n/etc/passwd,,\n"),
    ];
    let found = packages(&audit(&[layer]));
    let bytes: u64 = found.packages.iter().map(|package| package.bytes).sum();
    assert_eq!(
        bytes,
        3,
        "the first one has it, and no other: {:?}",
        shown(&found)
    );
}
