//! What is on the disk: in blocks, not lengths, and each file once whatever the number of its names.

mod report;

use std::collections::HashMap;
use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rootfs::{Dir, FileKind, Metadata};

pub use report::{ImageUsage, Part, Usage};

/// `st_blocks` counts these, whatever the file system's own are.
const BLOCK: u64 = 512;

/// A file system's device, and the number of a file in it.
type Inode = ((u32, u32), u64);

/// Adds up what trees take on the disk. What it has counted once it does not count again.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    seen: HashSet<Inode>,
}

impl Meter {
    /// What a file or a tree takes that was not counted before. What cannot be read takes nothing: it may just have
    /// been removed.
    pub(crate) fn add(&mut self, path: &Path) -> u64 {
        walk(path, &mut |metadata| {
            metadata.nlink < 2 || self.seen.insert((metadata.dev, metadata.ino))
        })
    }
}

/// What removing a file or a tree gives back: files with names elsewhere stay.
pub(crate) fn freed_by_removing(path: &Path) -> u64 {
    let mut names: HashMap<Inode, u32> = HashMap::new();
    walk(path, &mut |metadata| {
        if metadata.nlink < 2 {
            return true;
        }
        let found = names.entry((metadata.dev, metadata.ino)).or_default();
        *found += 1;
        *found == metadata.nlink
    })
}

/// The blocks of all directories, and of other files for which `counts` says so. No link is followed.
fn walk(path: &Path, counts: &mut dyn FnMut(&Metadata) -> bool) -> u64 {
    let Ok(top) = std::fs::symlink_metadata(path) else {
        return 0;
    };
    if top.is_dir() {
        let inside = Dir::open(path).map(|dir| walk_dir(&dir, counts));
        return top.blocks() * BLOCK + inside.unwrap_or_default();
    }
    let dir = path.parent().map(Dir::open);
    let metadata = match (dir, path.file_name()) {
        (Some(Ok(dir)), Some(name)) => dir.stat(name).ok().flatten(),
        _ => None,
    };
    metadata
        .filter(|metadata| counts(metadata))
        .map_or(0, |metadata| metadata.blocks * BLOCK)
}

fn walk_dir(dir: &Dir, counts: &mut dyn FnMut(&Metadata) -> bool) -> u64 {
    let mut sum = 0;
    for entry in dir.entries().unwrap_or_default() {
        let Ok(Some(metadata)) = dir.stat(&entry.name) else {
            continue;
        };
        if metadata.kind == FileKind::Directory {
            sum += metadata.blocks * BLOCK;
            sum += dir
                .open_dir(&entry.name)
                .map_or(0, |dir| walk_dir(&dir, counts));
        } else if counts(&metadata) {
            sum += metadata.blocks * BLOCK;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn blocks_of_each_file_once() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        fs::create_dir_all(&a).unwrap();
        fs::create_dir_all(&b).unwrap();
        fs::write(a.join("1"), vec![7; 100_000]).unwrap();
        fs::hard_link(a.join("1"), b.join("1")).unwrap();
        let holes = fs::File::create(b.join("holes")).unwrap();
        holes.set_len(1 << 30).unwrap();
        std::os::unix::fs::symlink("/usr", b.join("link")).unwrap();
        let mut meter = Meter::default();
        let (first, second) = (meter.add(&a), meter.add(&b));
        assert!((100_000..150_000).contains(&first), "{first}");
        assert!(second < 50_000, "{second}");
        // The file stays by its other name.
        assert!(freed_by_removing(&a) < 50_000);
        assert!(freed_by_removing(dir.path()) >= 100_000);
        fs::remove_dir_all(&b).unwrap();
        assert_eq!(freed_by_removing(&a), first);
        assert_eq!(Meter::default().add(&dir.path().join("nothing")), 0);
    }
}
