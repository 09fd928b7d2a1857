//! Copying content.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;

use rootfs::copy_contents;

fn copied(from: &File) -> (u64, Vec<u8>, File) {
    let temp = tempfile::NamedTempFile::new().unwrap();
    let to = temp.reopen().unwrap();
    let length = copy_contents(from, &to).unwrap();
    (length, std::fs::read(temp.path()).unwrap(), to)
}

#[test]
fn files_of_all_sizes_come_out_the_same() {
    for size in [0, 1, 65_535, 65_536, 65_537, 3_000_000] {
        let bytes: Vec<u8> = (0..size).map(|n: u32| (n * 31 + n / 977) as u8).collect();
        let mut from = tempfile::tempfile().unwrap();
        from.write_all(&bytes).unwrap();
        let (length, found, _) = copied(&from);
        assert_eq!(length, bytes.len() as u64);
        assert!(found == bytes, "{size}");
    }
}

#[test]
fn holes_stay_holes() {
    let mut from = tempfile::tempfile().unwrap();
    from.seek(SeekFrom::Start(10 << 20)).unwrap();
    from.write_all(&[1; 100_000]).unwrap();
    from.set_len(30 << 20).unwrap();
    let (length, found, to) = copied(&from);
    assert_eq!(length, 30 << 20);
    assert_eq!(found.iter().filter(|byte| **byte == 1).count(), 100_000);
    assert!(found[10 << 20..][..100_000].iter().all(|byte| *byte == 1));
    assert!(to.metadata().unwrap().blocks() * 512 < 2 << 20);
}

#[test]
fn files_whose_length_is_made_up_are_read_to_their_end() {
    let from = File::open("/proc/self/maps").unwrap();
    let (length, found, _) = copied(&from);
    assert!(length > 0 && found.len() as u64 == length);
}
