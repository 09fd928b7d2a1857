//! Whether a file that is in the upper directory is what it was below: containerd's `sameFile`.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};

use rootfs::{Dir, Metadata};

use crate::layer_error::{LayerError, root};

/// What is read of both files at a time.
const CHUNK: usize = 128 * 1024;

/// Whether the attributes that an entry has, besides its time, are the same.
pub(super) fn same_attributes(a: &Metadata, b: &Metadata) -> bool {
    (a.kind, a.mode, a.uid, a.gid) == (b.kind, b.mode, b.uid, b.gid)
}

/// Whether `name`, not a directory, is the same in both. Where all else is equal the content is read: equal times prove
/// nothing, not even to the nanosecond. The kernel's clock for files ticks every few milliseconds, and two steps that run
/// side by side write within one tick.
pub(super) fn is_unchanged(
    (dir_before, before): (&Dir, &Metadata),
    (dir, now): (&Dir, &Metadata),
    name: &OsStr,
) -> Result<bool, LayerError> {
    if (before.dev, before.ino) == (now.dev, now.ino) {
        return Ok(true);
    }
    let same = same_attributes(before, now)
        && before.rdev == now.rdev
        && before.size == now.size
        && before.mtime == now.mtime;
    if !same {
        return Ok(false);
    }
    if now.is_symlink() {
        let target = |dir: &Dir| dir.read_link(name).map_err(root("compare"));
        return Ok(target(dir_before)? == target(dir)?);
    }
    if !now.is_file() {
        return Ok(true);
    }
    let open = |dir: &Dir| dir.open_file(name).map_err(root("compare"));
    let (a, b) = (open(dir_before)?, open(dir)?);
    let failed = |source| LayerError::Content {
        path: dir.path().join(name),
        source,
    };
    let capability = |file: &File| rootfs::capability(file).map_err(failed);
    if capability(&a)? != capability(&b)? {
        return Ok(false);
    }
    same_content(a, b).map_err(failed)
}

fn same_content(mut a: File, mut b: File) -> io::Result<bool> {
    let (mut buffer_a, mut buffer_b) = (vec![0; CHUNK], vec![0; CHUNK]);
    loop {
        let length = fill(&mut a, &mut buffer_a)?;
        if fill(&mut b, &mut buffer_b)? != length || buffer_a[..length] != buffer_b[..length] {
            return Ok(false);
        }
        if length == 0 {
            return Ok(true);
        }
    }
}

fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}
