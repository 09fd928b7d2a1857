//! Copying the content of a file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::SeekFrom;
use rustix::io::Errno;

/// What is read at first, and the size from which asking the file system for help is worth its system calls.
const SMALL: usize = 64 * 1024;

/// What is read at a time where the file system does not help.
const CHUNK: usize = 1024 * 1024;

/// Copies all of `from` to `to`, which is new and empty, and answers the number of bytes.
///
/// Small files are read and written. Of bigger ones a copy-on-write file system shares the blocks (`FICLONE`); others
/// copy inside the kernel (`copy_file_range(2)`), leaving holes where there were holes.
///
/// # Errors
/// What the system calls answer.
pub fn copy_contents(from: &File, to: &File) -> io::Result<u64> {
    let mut start = Vec::with_capacity(SMALL);
    rustix::io::pread(from, rustix::buffer::spare_capacity(&mut start), 0)?;
    if start.len() < SMALL {
        to.write_all_at(&start, 0)?;
        return Ok(start.len() as u64);
    }
    drop(start);
    if rustix::fs::ioctl_ficlone(to, from).is_ok() {
        return Ok(to.metadata()?.len());
    }
    copy_segments(from, to)
}

/// Copies what is not a hole.
fn copy_segments(from: &File, to: &File) -> io::Result<u64> {
    let mut kernel_copies = true;
    let mut at = 0;
    loop {
        let data = match rustix::fs::seek(from, SeekFrom::Data(at)) {
            Ok(data) => data,
            // No data up to the end.
            Err(Errno::NXIO) => break,
            Err(e) => return Err(e.into()),
        };
        let hole = rustix::fs::seek(from, SeekFrom::Hole(data))?;
        at = copy_range(from, to, data, hole, &mut kernel_copies)?;
        if at < hole {
            break;
        }
    }
    // A hole at the end, or a file that shrank while it was copied: the length is what it is now.
    let length = from.metadata()?.len().max(at);
    to.set_len(length)?;
    Ok(length)
}

/// Copies from `start` to `end` and answers how far it came: less than `end` if the file ends before.
fn copy_range(
    from: &File,
    to: &File,
    start: u64,
    end: u64,
    kernel_copies: &mut bool,
) -> io::Result<u64> {
    let mut at = start;
    while *kernel_copies && at < end {
        let (mut read, mut write) = (at, at);
        let length = usize::try_from(end - at).unwrap_or(usize::MAX).min(1 << 30);
        match rustix::fs::copy_file_range(from, Some(&mut read), to, Some(&mut write), length) {
            // Some file systems answer 0 for files whose length they make up; reading tells.
            Ok(0) => *kernel_copies = false,
            Ok(copied) => at += copied as u64,
            Err(Errno::INTR) => {}
            Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM) => {
                *kernel_copies = false;
            }
            Err(e) => return Err(e.into()),
        }
    }
    let mut buffer = Vec::new();
    while at < end {
        buffer.clear();
        buffer.reserve_exact(CHUNK);
        match rustix::io::pread(from, rustix::buffer::spare_capacity(&mut buffer), at) {
            Ok(0) => break,
            Ok(_) => {
                let wanted = usize::try_from(end - at)
                    .unwrap_or(usize::MAX)
                    .min(buffer.len());
                to.write_all_at(&buffer[..wanted], at)?;
                at += wanted as u64;
            }
            Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(at)
}
