use std::collections::BTreeMap;
use std::io;

use oci::tar::{Entry, Error, Kind, Time, Writer};
use proptest::prelude::*;

use super::read_all;

fn write(members: &[(Entry, Vec<u8>)]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (entry, content) in members {
        writer.append(entry, &mut content.as_slice()).unwrap();
    }
    writer.finish().unwrap()
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    let component = prop_oneof![
        "[a-z.]{1,12}".prop_map(String::into_bytes),
        "[a-z]{80,130}".prop_map(String::into_bytes),
        proptest::collection::vec(1_u8..=255, 1..6)
            .prop_map(|bytes| bytes.into_iter().filter(|byte| *byte != b'/').collect()),
    ];
    proptest::collection::vec(component, 1..6).prop_map(|components: Vec<Vec<u8>>| {
        let path = components.join(&b'/');
        let end = path
            .iter()
            .rposition(|byte| *byte != b'/')
            .map_or(0, |last| last + 1);
        if end == 0 {
            b"x".to_vec()
        } else {
            path[..end].to_vec()
        }
    })
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        4 => Just(Kind::File),
        1 => Just(Kind::Directory),
        1 => path().prop_map(Kind::Symlink),
        1 => path().prop_map(Kind::Hardlink),
        1 => (0..1_u32 << 12, 0..1_u32 << 20).prop_map(|(major, minor)| Kind::Char { major, minor }),
        1 => (0..1_u32 << 12, 0..1_u32 << 20).prop_map(|(major, minor)| Kind::Block { major, minor }),
        1 => Just(Kind::Fifo),
    ]
}

fn xattrs() -> impl Strategy<Value = BTreeMap<Vec<u8>, Vec<u8>>> {
    let name = "(user|security)[.][a-z]{1,200}".prop_map(String::into_bytes);
    proptest::collection::btree_map(name, proptest::collection::vec(any::<u8>(), 1..300), 0..3)
}

prop_compose! {
    fn member()(
        path in path(),
        kind in kind(),
        mode in 0_u32..0o10000,
        ids in (prop_oneof![Just(0), 0_u64..1 << 22, Just(u64::from(u32::MAX))], 0_u64..1 << 33),
        seconds in prop_oneof![-5_i64..5, 1_700_000_000_i64..1_800_000_000, any::<i64>()],
        nanos in prop_oneof![Just(0_u32), 0_u32..1_000_000_000],
        xattrs in xattrs(),
        content in proptest::collection::vec(any::<u8>(), 0..1100),
    ) -> (Entry, Vec<u8>) {
        let content = if kind == Kind::File { content } else { Vec::new() };
        // `-9223372036854775808` has no positive counterpart that could be read.
        let mtime = Time { seconds: seconds.max(-i64::MAX), nanos };
        let (uid, gid) = ids;
        let size = content.len() as u64;
        (Entry { path, kind, mode, uid, gid, mtime, size, xattrs }, content)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(members in proptest::collection::vec(member(), 0..6)) {
        let archive = write(&members);
        prop_assert_eq!(archive.len() % 512, 0);
        prop_assert_eq!(&read_all(&archive).unwrap(), &members);
        prop_assert_eq!(write(&read_all(&archive).unwrap()), archive);
    }

    #[test]
    fn no_bytes_make_it_panic(
        members in proptest::collection::vec(member(), 1..3),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        fix in any::<bool>(),
    ) {
        let mut archive = write(&members);
        for (index, byte) in &changes {
            let at = index.index(archive.len());
            archive[at] = *byte;
            if fix {
                fix_checksum(&mut archive, at / 512 * 512);
            }
        }
        drop(read_all(&archive));
    }
}

/// Makes the block at `start` pass for a header.
fn fix_checksum(archive: &mut [u8], start: usize) {
    let block = &mut archive[start..start + 512];
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().copied().map(u32::from).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// The name, prefix and type flag of each header.
fn headers(archive: &[u8]) -> Vec<(String, String, char)> {
    let text = |bytes: &[u8]| {
        let end = bytes
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(bytes.len());
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    };
    let blocks = archive
        .chunks(512)
        .filter(|block| block[257..263] == *b"ustar\0");
    blocks
        .map(|block| {
            (
                text(&block[..100]),
                text(&block[345..500]),
                char::from(block[156]),
            )
        })
        .collect()
}

#[test]
fn extended_headers_are_written_only_where_needed() {
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(90));
    let headers = |entry: &Entry| headers(&write(&[(entry.clone(), Vec::new())]));
    let plain = Entry::new("dir/file", Kind::File, 0o644);
    assert_eq!(headers(&plain), [("dir/file".into(), String::new(), '0')]);
    let split = Entry::new(long.as_str(), Kind::File, 0o644);
    assert_eq!(headers(&split), [("f".repeat(90), "d".repeat(120), '0')]);
    // Like Go: whoever reads the extended header for something else finds the name there too.
    let mut both = split.clone();
    both.xattrs
        .insert(b"security.capability".into(), b"x".into());
    let cut = format!("{}/PaxHeaders.0/{}", "d".repeat(120), "f".repeat(90));
    assert_eq!(
        headers(&both),
        [
            (cut[..100].into(), String::new(), 'x'),
            (long[..100].into(), String::new(), '0')
        ]
    );
    let mut early = plain.clone();
    early.mtime = Time::seconds(-1);
    assert_eq!(headers(&early).len(), 2);
    let umlaut = Entry::new("ä/b", Kind::File, 0o644);
    assert_eq!(headers(&umlaut)[1], ("/b".into(), String::new(), '0'));
    let directory = Entry::new("dir", Kind::Directory, 0o755);
    assert_eq!(headers(&directory), [("dir/".into(), String::new(), '5')]);
}

#[test]
fn the_bytes_of_a_plain_header() {
    let mut entry = Entry::new("f", Kind::File, 0o4755);
    (entry.uid, entry.gid, entry.mtime, entry.size) = (1000, 7, Time::seconds(1), 2);
    let archive = write(&[(entry, b"hi".to_vec())]);
    assert_eq!(archive.len(), 512 + 512 + 1024);
    assert_eq!(archive[..2], *b"f\0");
    assert_eq!(
        archive[100..157],
        *b"0004755\x000001750\x000000007\x0000000000002\x0000000000001\x00007401\0 0"
    );
    assert_eq!(archive[257..265], *b"ustar\x0000");
    assert_eq!(archive[329..345], *b"0000000\x000000000\0");
    assert_eq!(archive[512..515], *b"hi\0");
}

#[test]
fn what_cannot_be_written() {
    let refuse = |entry: &Entry| match Writer::new(io::sink()).append(entry, &mut io::empty()) {
        Err(Error::Unrepresentable { .. }) => {}
        other => panic!("{entry:?}: {other:?}"),
    };
    refuse(&Entry::new("", Kind::File, 0));
    refuse(&Entry::new("a\0", Kind::File, 0));
    refuse(&Entry::new("a/", Kind::File, 0));
    refuse(&Entry::new("a", Kind::Symlink(Vec::new()), 0));
    refuse(&Entry::new(
        "a",
        Kind::Char {
            major: 1 << 30,
            minor: 0,
        },
        0,
    ));
    let mut entry = Entry::new("a", Kind::File, 0);
    entry.xattrs.insert(b"user.a=b".into(), b"x".into());
    refuse(&entry);
    entry.xattrs = [(b"user.a".to_vec(), vec![0; 1 << 20])].into();
    refuse(&entry);
}

#[test]
fn content_is_as_long_as_its_header_says() {
    let mut entry = Entry::new("grows", Kind::File, 0o644);
    entry.size = 3;
    let members = read_all(&write(&[(entry.clone(), b"longer".to_vec())])).unwrap();
    assert_eq!(members[0].1, b"lon");
    let error = Writer::new(io::sink())
        .append(&entry, &mut b"ab".as_slice())
        .unwrap_err();
    assert!(matches!(
        error,
        Error::ShortContent {
            expected: 3,
            actual: 2,
            ..
        }
    ));
}
