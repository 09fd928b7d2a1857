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

/// Adds up what trees take on the disk. What it has counted once it does not count again: neither a file by another of its
/// names, nor what was asked for before, by itself or as a part of what it is in.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Files with several names, and what was asked for.
    seen: HashSet<Inode>,
}

impl Meter {
    /// What a file or a tree takes that was not counted before. What cannot be read takes nothing: it may just have
    /// been removed.
    pub(crate) fn add(&mut self, path: &Path) -> u64 {
        let top = std::fs::symlink_metadata(path).ok();
        let top = top.as_ref().map(inode_of);
        if top.is_some_and(|top| !self.seen.insert(top)) {
            return 0;
        }
        walk(path, &mut |metadata| {
            let inode = (metadata.dev, metadata.ino);
            let counted_whole = metadata.kind == FileKind::Directory || metadata.nlink < 2;
            match counted_whole {
                _ if Some(inode) == top => true,
                true => !self.seen.contains(&inode),
                false => self.seen.insert(inode),
            }
        })
    }
}

/// What a file or a tree takes: files with a single name and directories, and each of the others.
#[derive(Debug, Default)]
pub(crate) struct Extent {
    pub(crate) own: u64,
    pub(crate) linked: HashMap<Inode, u64>,
}

impl Extent {
    pub(crate) fn of(path: &Path) -> Extent {
        let mut linked = HashMap::new();
        let own = walk(path, &mut |metadata| {
            let counted_whole = metadata.kind == FileKind::Directory || metadata.nlink < 2;
            if !counted_whole {
                linked.insert((metadata.dev, metadata.ino), metadata.blocks * BLOCK);
            }
            counted_whole
        });
        Extent { own, linked }
    }
}

/// Adds up what removing files and trees gives back: files with names elsewhere stay. It is told before they go, in any order,
/// and they may go at once.
#[derive(Debug, Default)]
pub(crate) struct Freed {
    /// Of files with several names: how many names were found, and how many there were when the first was.
    names: HashMap<Inode, (u32, u32)>,
}

impl Freed {
    /// What removing a file or a tree gives back, after all that was told before.
    pub(crate) fn add(&mut self, path: &Path) -> u64 {
        walk(path, &mut |metadata| {
            let inode = (metadata.dev, metadata.ino);
            if metadata.kind == FileKind::Directory {
                return true;
            }
            if metadata.nlink < 2 && !self.names.contains_key(&inode) {
                return true;
            }
            let (found, names) = self.names.entry(inode).or_insert((0, metadata.nlink));
            *found += 1;
            let last = found >= names;
            if last {
                // Its number may be given to another file.
                self.names.remove(&inode);
            }
            last
        })
    }
}

/// The blocks of all files and directories for which `counts` says so; what is in the others counts neither. The top of a
/// tree always does. No link is followed.
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
        if !counts(&metadata) {
            continue;
        }
        sum += metadata.blocks * BLOCK;
        if metadata.kind == FileKind::Directory {
            sum += dir
                .open_dir(&entry.name)
                .map_or(0, |dir| walk_dir(&dir, counts));
        }
    }
    sum
}

fn inode_of(metadata: &std::fs::Metadata) -> Inode {
    let device = metadata.dev();
    let device = (rustix::fs::major(device), rustix::fs::minor(device));
    (device, metadata.ino())
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
        // What was counted by itself is counted neither again nor as a part.
        assert_eq!((meter.add(&a), meter.add(&b)), (0, 0));
        let rest = meter.add(dir.path());
        assert!((1..50_000).contains(&rest), "{rest}");
        assert_eq!(first + second + rest, Meter::default().add(dir.path()));
        let extent = Extent::of(dir.path());
        assert_eq!(extent.linked.len(), 1);
        assert_eq!(
            extent.own + extent.linked.values().sum::<u64>(),
            first + second + rest
        );
        // The file stays by its other name, until that is removed too; whether the first is gone by then or not.
        let mut freed = Freed::default();
        assert!(freed.add(&a) < 50_000);
        assert!(freed.add(&b) >= 100_000);
        assert!(Freed::default().add(dir.path()) >= 100_000);
        let mut freed = Freed::default();
        assert!(freed.add(&b) < 50_000);
        fs::remove_dir_all(&b).unwrap();
        assert_eq!(freed.add(&a), first);
        assert_eq!(Meter::default().add(&dir.path().join("nothing")), 0);
    }
}
