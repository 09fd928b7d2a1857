use std::io::{self, Read, Write};
use std::ops::Range;

use super::block::{self, Block};
use super::error::printable;
use super::pax::{self, Records};
use super::reader::padding;
use super::{Entry, Error, Kind, MAX_SPECIAL_SIZE};

/// Writes an archive in the POSIX format: the same members always make the same bytes.
///
/// PAX records are written only for what the plain header cannot say, as Go's `archive/tar` does: names
/// that are too long or not ASCII, numbers that are too big, fractions of seconds, and
/// extended attributes. Users and groups have no names, only numbers.
#[derive(Debug)]
pub struct Writer<W> {
    inner: W,
    buffer: Vec<u8>,
}

const BUFFER_SIZE: usize = 128 * 1024;

impl<W: Write> Writer<W> {
    /// Writes an archive to `inner`.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            buffer: vec![0; BUFFER_SIZE],
        }
    }

    /// Writes a member; of `content`, exactly [`Entry::size`] bytes. A directory gets a trailing slash,
    /// and what is no file has no content, whatever its size says.
    ///
    /// # Errors
    /// When the member cannot be put into a header, `content` fails or is too short, or the stream
    /// fails. The archive is of no use afterwards.
    pub fn append(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<(), Error> {
        let size = self.write_header(entry)?;
        self.copy(entry, content, size)
    }

    /// Writes a file whose content `write` puts into the stream itself, by whatever way is the shortest; it gives the number
    /// of bytes that it wrote.
    ///
    /// # Errors
    /// As [`append`](Self::append); [`Error::ShortContent`] if they are not exactly [`Entry::size`] bytes.
    pub fn append_with(
        &mut self,
        entry: &Entry,
        write: impl FnOnce(&mut W) -> io::Result<u64>,
    ) -> Result<(), Error> {
        let expected = self.write_header(entry)?;
        let actual = write(&mut self.inner).map_err(|source| Error::Write { source })?;
        if actual != expected {
            return Err(Error::ShortContent {
                path: printable(&entry.path),
                expected,
                actual,
            });
        }
        self.write_padding(expected)
    }

    /// Writes all that comes before the content, and gives the length of that.
    fn write_header(&mut self, entry: &Entry) -> Result<u64, Error> {
        let path = archive_path(entry)?;
        let size = if entry.kind == Kind::File {
            entry.size
        } else {
            0
        };
        let (records, prefix) = records(entry, &path, size)?;
        if !records.is_empty() {
            self.write_extended(&path, &records.to_bytes(), entry)?;
        }
        let mut block = Block::zero();
        match prefix {
            Some(prefix) => {
                block.set_text(block::PREFIX, &path[..prefix]);
                block.set_text(block::NAME, &path[prefix + 1..]);
            }
            None => set_ascii(&mut block, block::NAME, &path),
        }
        set_ascii(&mut block, block::LINK_NAME, link(entry));
        for (field, number) in numbers(entry, size) {
            block.set_number(field, number);
        }
        block.seal(type_flag(&entry.kind));
        self.write(&block.bytes)?;
        Ok(size)
    }

    /// Writes the end of the archive and gives the stream back.
    ///
    /// # Errors
    /// When the stream fails.
    pub fn finish(mut self) -> Result<W, Error> {
        self.write(&[0; 2 * block::SIZE])?;
        self.inner
            .flush()
            .map_err(|source| Error::Write { source })?;
        Ok(self.inner)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.inner
            .write_all(bytes)
            .map_err(|source| Error::Write { source })
    }

    fn write_padding(&mut self, size: u64) -> Result<(), Error> {
        let count = usize::try_from(padding(size)).expect("padding is less than a block");
        self.write(&[0; block::SIZE][..count])
    }

    fn write_extended(&mut self, path: &[u8], records: &[u8], entry: &Entry) -> Result<(), Error> {
        let size = records.len() as u64;
        if size > MAX_SPECIAL_SIZE {
            let reason = "its name and extended attributes are too long";
            return Err(Error::Unrepresentable {
                path: printable(&entry.path),
                reason,
            });
        }
        let mut block = Block::zero();
        set_ascii(&mut block, block::NAME, &extended_path(path));
        for field in [block::MODE, block::UID, block::GID, block::MTIME] {
            block.set_number(field, 0);
        }
        block.set_number(block::LENGTH, i64::try_from(size).expect("1 MiB is an i64"));
        block.seal(b'x');
        self.write(&block.bytes)?;
        self.write(records)?;
        self.write_padding(size)
    }

    fn copy(&mut self, entry: &Entry, content: &mut dyn Read, size: u64) -> Result<(), Error> {
        let mut left = size;
        while left > 0 {
            let want = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(self.buffer.len());
            match content.read(&mut self.buffer[..want]) {
                Ok(0) => {
                    let (path, actual) = (printable(&entry.path), size - left);
                    return Err(Error::ShortContent {
                        path,
                        expected: size,
                        actual,
                    });
                }
                Ok(read) => {
                    let written = self.inner.write_all(&self.buffer[..read]);
                    written.map_err(|source| Error::Write { source })?;
                    left -= read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(Error::Content {
                        path: printable(&entry.path),
                        source,
                    });
                }
            }
        }
        self.write_padding(size)
    }
}

/// The name as it is in the archive.
fn archive_path(entry: &Entry) -> Result<Vec<u8>, Error> {
    let refuse = |reason| {
        Err(Error::Unrepresentable {
            path: printable(&entry.path),
            reason,
        })
    };
    let mut path = entry.path.clone();
    match entry.kind {
        _ if path.is_empty() => return refuse("its name is empty"),
        _ if path.contains(&0) || link(entry).contains(&0) => return refuse("its name has a NUL"),
        Kind::Directory if !path.ends_with(b"/") => path.push(b'/'),
        Kind::File if path.ends_with(b"/") => return refuse("a file's name ends with a slash"),
        Kind::Symlink(_) | Kind::Hardlink(_) if link(entry).is_empty() => {
            return refuse("it is a link to nothing");
        }
        _ => {}
    }
    Ok(path)
}

/// The PAX records that the member needs; or, if a long name is all that it has, where the name is
/// split into prefix and name.
fn records(entry: &Entry, path: &[u8], size: u64) -> Result<(Records, Option<usize>), Error> {
    let refuse = |reason| Error::Unrepresentable {
        path: printable(&entry.path),
        reason,
    };
    let mut records = Records::default();
    for (field, number) in numbers(entry, size) {
        if block::fits_octal(&field, number) {
            continue;
        }
        let key = match field {
            block::UID => pax::UID,
            block::GID => pax::GID,
            block::LENGTH => pax::SIZE,
            block::MTIME => pax::MTIME,
            _ => return Err(refuse("its mode or device number is impossible")),
        };
        records.set(key, number.to_string());
    }
    if entry.mtime.nanos != 0 {
        records.set(pax::MTIME, pax::format_time(entry.mtime));
    }
    for (name, value) in &entry.xattrs {
        if name.is_empty() || name.iter().any(|byte| matches!(byte, 0 | b'=')) {
            return Err(refuse(
                "the name of an extended attribute is empty or has NUL or `=`",
            ));
        }
        records.set([pax::XATTR, name].concat(), value.as_slice());
    }
    if !fits_text(&block::LINK_NAME, link(entry)) {
        records.set(pax::LINK_PATH, link(entry));
    }
    if fits_text(&block::NAME, path) {
        return Ok((records, None));
    }
    let prefix = split_path(path).filter(|_| records.is_empty());
    if prefix.is_none() {
        records.set(pax::PATH, path);
    }
    Ok((records, prefix))
}

/// Every number of a header, with its field. What is too big for `i64` is too big for all programs:
/// it becomes a number that no field can hold.
fn numbers(entry: &Entry, size: u64) -> [(Range<usize>, i64); 7] {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let (major, minor) = match entry.kind {
        Kind::Char { major, minor } | Kind::Block { major, minor } => (major, minor),
        _ => (0, 0),
    };
    [
        (block::MODE, i64::from(entry.mode)),
        (block::UID, number(entry.uid)),
        (block::GID, number(entry.gid)),
        (block::LENGTH, number(size)),
        (block::MTIME, entry.mtime.seconds),
        (block::DEV_MAJOR, i64::from(major)),
        (block::DEV_MINOR, i64::from(minor)),
    ]
}

fn link(entry: &Entry) -> &[u8] {
    match &entry.kind {
        Kind::Symlink(target) | Kind::Hardlink(target) => target,
        _ => b"",
    }
}

fn type_flag(kind: &Kind) -> u8 {
    match kind {
        Kind::File => b'0',
        Kind::Hardlink(_) => b'1',
        Kind::Symlink(_) => b'2',
        Kind::Char { .. } => b'3',
        Kind::Block { .. } => b'4',
        Kind::Directory => b'5',
        Kind::Fifo => b'6',
    }
}

fn fits_text(field: &Range<usize>, text: &[u8]) -> bool {
    text.len() <= field.len() && text.is_ascii()
}

/// Where a long name can be split at a slash, so that both parts fit their fields.
fn split_path(path: &[u8]) -> Option<usize> {
    if !path.is_ascii() {
        return None;
    }
    let end = path.len() - usize::from(path.ends_with(b"/"));
    let end = end.min(block::PREFIX.len() + 1);
    let slash = path[..end]
        .iter()
        .rposition(|byte| *byte == b'/')
        .filter(|slash| *slash > 0)?;
    let name = path.len() - slash - 1;
    (1..=block::NAME.len()).contains(&name).then_some(slash)
}

/// For readers that know no PAX records: as much as fits, without what is not ASCII. A file's
/// name must not be cut off after a slash, as it would be taken for a directory.
fn set_ascii(block: &mut Block, field: Range<usize>, text: &[u8]) {
    let ascii: Vec<u8> = text.iter().copied().filter(u8::is_ascii).collect();
    let mut part = &ascii[..ascii.len().min(field.len())];
    if part.len() < ascii.len() {
        while let [rest @ .., b'/'] = part {
            part = rest;
        }
    }
    block.set_text(field, part);
}

/// The name of an extended header, which only readers that know no PAX see.
fn extended_path(path: &[u8]) -> Vec<u8> {
    let slash = path
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |slash| slash + 1);
    let (directory, file) = path.split_at(slash);
    let name = [directory, b"PaxHeaders.0/", file].concat();
    let ascii: Vec<u8> = name
        .into_iter()
        .filter(u8::is_ascii)
        .take(block::NAME.len())
        .collect();
    let end = ascii
        .iter()
        .rposition(|byte| *byte != b'/')
        .map_or(0, |last| last + 1);
    ascii[..end].to_vec()
}
