use oci::tar::{Error, Kind, Time};

use super::raw::{END, Raw, archive, pax, records_text};
use super::read_all;

/// The names and contents that are read from an archive.
fn read(parts: &[&[u8]]) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let members = read_all(&archive(parts))?;
    let text = |path: Vec<u8>| String::from_utf8(path).unwrap();
    Ok(members
        .into_iter()
        .map(|(entry, content)| (text(entry.path), content))
        .collect())
}

fn reason(parts: &[&[u8]]) -> &'static str {
    match read(parts).unwrap_err() {
        Error::Invalid { reason, .. } => reason,
        other => panic!("{other}"),
    }
}

#[test]
fn the_pax_size_counts_before_the_plain_one() {
    // A program that goes by the plain size finds the inner archive (CVE-2025-62518).
    let inner = archive(&[&Raw::member(b"inner", b'0', b"")]);
    let size = inner.len().to_string();
    let outer = Raw::new(b"outer", b'0', 0).with(&inner);
    let after = Raw::member(b"after", b'0', b"");
    let read = read(&[&pax(&[("size", &size)]), &outer, &after]).unwrap();
    assert_eq!(
        read,
        [("outer".into(), inner), ("after".into(), Vec::new())]
    );
}

#[test]
fn the_pax_size_is_not_that_of_further_headers() {
    // An extended header's size is always its own.
    let long_name = Raw::gnu(b"././@LongLink", b'L', 5).with(b"long\0");
    let file = Raw::member(b"short", b'0', b"content");
    let read = read(&[&pax(&[("size", "7"), ("path", "pax")]), &long_name, &file]).unwrap();
    assert_eq!(read, [("long".into(), b"content".to_vec())]);
}

#[test]
fn links_have_no_content_whatever_their_size() {
    let hidden = Raw::member(b"hidden", b'0', b"");
    let link = Raw::new(b"link", b'1', 512).set(157, b"target").with(&[]);
    let read = read(&[&link, &hidden]).unwrap();
    assert_eq!(
        read,
        [("link".into(), Vec::new()), ("hidden".into(), Vec::new())]
    );
}

#[test]
fn global_headers_change_nothing() {
    let global = Raw::member(b"g", b'g', records_text(&[("path", "global")]).as_bytes());
    let file = Raw::member(b"file", b'0', b"");
    assert_eq!(read(&[&global, &file]).unwrap()[0].0, "file");
    assert_eq!(
        read(&[&pax(&[("path", "lost")]), &global, &file]).unwrap()[0].0,
        "file"
    );
    assert_eq!(
        read(&[&global, &pax(&[("path", "new")]), &file]).unwrap()[0].0,
        "new"
    );
}

#[test]
fn the_last_of_several_extended_headers_counts() {
    let file = Raw::member(b"file", b'0', b"");
    let one = pax(&[("path", "one"), ("uid", "1")]);
    let two = pax(&[("gid", "2")]);
    let members = read_all(&archive(&[&one, &two, &file])).unwrap();
    let entry = &members[0].0;
    assert_eq!(
        (entry.path.as_slice(), entry.uid, entry.gid),
        (b"file".as_slice(), 0, 2)
    );
    let empty = pax(&[("path", "x"), ("path", "")]);
    assert_eq!(read(&[&empty, &file]).unwrap()[0].0, "file");
}

#[test]
fn names_and_directories() {
    let slash = Raw::member(b"old/", 0, b"");
    let file = Raw::member(b"old", 0, b"x");
    let root = Raw::member(b"./", b'5', b"");
    let members = read_all(&archive(&[&slash, &file, &root])).unwrap();
    let kinds = members
        .iter()
        .map(|(entry, _)| (entry.path.as_slice(), &entry.kind));
    let expected = [
        (b"old".as_slice(), &Kind::Directory),
        (b"old", &Kind::File),
        (b".", &Kind::Directory),
    ];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
    let contiguous = read(&[&Raw::member(b"file", b'7', b"content")]).unwrap();
    assert_eq!(contiguous, [("file".into(), b"content".to_vec())]);
    let nul = Raw::new(b"seen\0unseen", b'0', 0).with(b"");
    assert_eq!(read(&[&nul]).unwrap()[0].0, "seen");
    let prefixed = Raw::new(b"name", b'0', 0).set(345, b"prefix").with(b"");
    assert_eq!(read(&[&prefixed]).unwrap()[0].0, "prefix/name");
    let gnu = Raw::gnu(b"name", b'0', 0)
        .set(345, b"14400000000\0")
        .with(b"");
    assert_eq!(read(&[&gnu]).unwrap()[0].0, "name", "that is a time");
    let old_go = Raw::gnu(b"name", b'0', 0)
        .set(345, b"some/prefix")
        .with(b"");
    assert_eq!(read(&[&old_go]).unwrap()[0].0, "some/prefix/name");
    let star = Raw::new(b"name", b'0', 0)
        .set(345, b"p")
        .set(508, b"tar\0")
        .with(b"");
    assert_eq!(read(&[&star]).unwrap()[0].0, "p/name");
}

#[test]
fn refused() {
    let file = Raw::member(b"file", b'0', b"");
    assert_eq!(reason(&[&Raw::member(b"", b'0', b"")]), "its name is empty");
    assert_eq!(
        reason(&[&Raw::member(b"link", b'2', b"")]),
        "it is a link to nothing"
    );
    assert_eq!(
        reason(&[&pax(&[("path", "a\0b")]), &file]),
        "an extended header's record is malformed"
    );
    assert_eq!(reason(&[&[0; 512], &file]), "it is zero, but not the end");
    let negative = Raw::new(b"f", b'0', 0).set(124, &[0xff; 12]).with(b"");
    assert_eq!(reason(&[&negative]), "its size is negative");
    let negative = Raw::new(b"f", b'0', 0).set(108, &[0xff; 8]).with(b"");
    assert_eq!(reason(&[&negative]), "its user ID is negative");
    let device = Raw::new(b"d", b'3', 0).set(329, &[0xff; 8]).with(b"");
    assert_eq!(reason(&[&device]), "its device number is impossible");
    let huge = Raw::new(b"x", b'x', (1 << 20) + 1).with(b"");
    assert_eq!(reason(&[&huge]), "it is longer than 1 MiB");
    let huge = Raw::gnu(b"x", b'L', 1 << 33).with(b"");
    assert_eq!(reason(&[&huge]), "it is longer than 1 MiB");
    let mut broken = file.clone();
    broken[0] ^= 1;
    assert_eq!(
        reason(&[&broken]),
        "its checksum is wrong, so it is no tar header"
    );
    let unknown = read(&[&Raw::member(b"volume", b'V', b"")]).unwrap_err();
    assert!(matches!(
        unknown,
        Error::UnsupportedType { type_flag: 'V', .. }
    ));
}

#[test]
fn where_an_archive_may_end() {
    let file = Raw::member(b"file", b'0', b"content");
    assert_eq!(read_all(b"").unwrap().len(), 0);
    assert_eq!(read_all(&file).unwrap().len(), 1, "no end mark");
    assert_eq!(read_all(&file[..519]).unwrap().len(), 1, "no padding");
    assert_eq!(
        read_all(&[file.as_slice(), &[0; 512]].concat())
            .unwrap()
            .len(),
        1
    );
    for len in [1, 511, 512, 518, 1025, 1500] {
        let archive = [file.as_slice(), &END].concat();
        let cut = read_all(&archive[..len]);
        assert!(matches!(cut, Err(Error::Truncated { .. })), "{len}");
    }
    let alone = read_all(&pax(&[("path", "x")]));
    assert!(
        matches!(alone, Err(Error::Truncated { .. })),
        "nothing after it"
    );
}

#[test]
fn times_and_big_numbers() {
    let plain = Raw::new(b"f", b'0', 0)
        .set(108, b"\x80\0\0\0\xff\xff\xff\xfe")
        .set(136, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
        .with(b"");
    let entry = &read_all(&archive(&[&plain])).unwrap()[0].0;
    assert_eq!((entry.uid, entry.mtime), (0xffff_fffe, Time::seconds(-1)));
    let records = [
        ("uid", "4294967295"),
        ("mtime", "-1.25"),
        ("SCHILY.xattr.user.a", "v"),
    ];
    let entry = &read_all(&archive(&[&pax(&records), &plain])).unwrap()[0].0;
    assert_eq!(entry.uid, 0xffff_ffff);
    assert_eq!(
        entry.mtime,
        Time {
            seconds: -2,
            nanos: 750_000_000
        }
    );
    assert_eq!(entry.xattrs[b"user.a".as_slice()], b"v");
    for bad in [
        ("uid", "-1"),
        ("uid", "0x1"),
        ("size", "-5"),
        ("mtime", "now"),
        ("gid", "1 "),
    ] {
        assert!(read(&[&pax(&[bad]), &plain]).is_err(), "{bad:?}");
    }
}

fn old_sparse(real_size: &str, pairs: &[(u64, u64)], size: u64) -> Raw {
    let header = Raw::gnu(b"sparse", b'S', size).set(483, real_size.as_bytes());
    pairs
        .iter()
        .enumerate()
        .fold(header, |header, (index, (offset, len))| {
            let pair = format!("{offset:011o}\0{len:011o}\0");
            header.set(386 + 24 * index, pair.as_bytes())
        })
}

#[test]
fn sparse_files() {
    let old = old_sparse("12", &[(2, 3), (8, 1)], 4).with(b"abcd");
    assert_eq!(
        read(&[&old]).unwrap(),
        [("sparse".into(), b"\0\0abc\0\0\0d\0".to_vec())]
    );
    let extension = {
        let mut block = vec![0; 512];
        block[..24].copy_from_slice(b"00000000010\x0000000000001\0");
        block
    };
    let mut old = old_sparse("12", &[(2, 3)], 4).set(482, &[1]).with(b"");
    old.extend_from_slice(&extension);
    old.extend_from_slice(&Raw::new(b"", b'0', 0).with(b"abcd")[512..]);
    assert_eq!(read(&[&old]).unwrap()[0].1, b"\0\0abc\0\0\0d\0");
    let zero = [
        ("GNU.sparse.size", "5"),
        ("GNU.sparse.numblocks", "1"),
        ("GNU.sparse.map", "1,2"),
        ("GNU.sparse.name", "real"),
    ];
    let file = Raw::member(b"GNUSparseFile.1/real", b'0', b"xy");
    assert_eq!(
        read(&[&pax(&zero), &file]).unwrap(),
        [("real".into(), b"\0xy\0\0".to_vec())]
    );
    let one = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.name", "real"),
        ("GNU.sparse.realsize", "5"),
    ];
    let mut content = b"1\n1\n2\n".to_vec();
    content.resize(512, 0);
    content.extend_from_slice(b"xy");
    let file = Raw::member(b"GNUSparseFile.1/real", b'0', &content);
    assert_eq!(
        read(&[&pax(&one), &file]).unwrap(),
        [("real".into(), b"\0xy\0\0".to_vec())]
    );
    let unknown = [("GNU.sparse.major", "2"), ("GNU.sparse.minor", "0")];
    assert_eq!(
        read(&[&pax(&unknown), &file]).unwrap()[0].1,
        content,
        "a plain file"
    );
}

#[test]
fn hostile_sparse_files() {
    let unreferenced = old_sparse("12", &[(2, 3)], 4).with(b"abcd");
    assert_eq!(
        reason(&[&unreferenced]),
        "the sparse map does not fit what is stored"
    );
    let vast = pax(&[
        ("GNU.sparse.map", "0,0"),
        ("GNU.sparse.numblocks", "1"),
        ("GNU.sparse.size", "999999999999"),
    ]);
    let empty = Raw::member(b"f", b'0', b"");
    assert_eq!(reason(&[&vast, &empty]), "its holes are larger than 64 GiB");
    let posix = Raw::member(b"sparse", b'S', b"");
    assert_eq!(reason(&[&posix]), "it is a sparse file, but not GNU's");
    let mut endless = old_sparse("12", &[], 0).set(482, &[1]).with(b"");
    let mut extension = vec![0; 512];
    extension[504] = 1;
    for _ in 0..2100 {
        endless.extend_from_slice(&extension);
    }
    assert_eq!(reason(&[&endless]), "its sparse map is too long");
    let one = pax(&[("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0")]);
    let text = Raw::member(b"f", b'0', &vec![b'1'; 2 << 20]);
    assert_eq!(reason(&[&one, &text]), "its sparse map is too long");
    let text = Raw::member(b"f", b'0', &[b"9\n".as_slice(), &[0; 510]].concat());
    assert_eq!(reason(&[&one, &text]), "its sparse map is not complete");
    let link = Raw::new(b"l", b'2', 0).set(157, b"t").with(b"");
    let zero = pax(&[("GNU.sparse.map", "0,0"), ("GNU.sparse.numblocks", "1")]);
    assert_eq!(
        reason(&[&zero, &link]),
        "it has a sparse map, but is no file"
    );
}
