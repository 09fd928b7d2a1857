use std::io::{self, Read};

use super::block::{self, Block, Format};
use super::error::printable;
use super::header::Header;
use super::pax::{self, Records};
use super::sparse::{self, Piece, Sparse};
use super::{Entry, Error, Kind, MAX_SPECIAL_SIZE};

/// Reads an archive, member by member. The content of the present member is read from the reader
/// itself, by [`Read`]; what is not read is skipped.
///
/// Nothing beyond the end of the archive is read. To get the digest of a whole stream, take the
/// stream [back](Self::into_inner) and read on to its end.
#[derive(Debug)]
pub struct Reader<R> {
    input: Input<R>,
    content: Content,
    ended: bool,
}

/// The stream, and how far it was read.
#[derive(Debug)]
struct Input<R> {
    inner: R,
    offset: u64,
}

/// What is left of the present member.
#[derive(Debug, Default)]
struct Content {
    stored: u64,
    padding: u64,
    sparse: Option<Sparse>,
}

/// What extended headers say of the member that follows them.
#[derive(Debug, Default)]
struct Pending {
    records: Records,
    long_name: Vec<u8>,
    long_link: Vec<u8>,
    any: bool,
}

impl<R: Read> Reader<R> {
    /// Reads an archive from `inner`, in small pieces: buffer what needs to be buffered.
    pub fn new(inner: R) -> Self {
        let input = Input { inner, offset: 0 };
        Self {
            input,
            content: Content::default(),
            ended: false,
        }
    }

    /// The stream that the archive is read from, to ask it something.
    pub fn get_ref(&self) -> &R {
        &self.input.inner
    }

    /// The stream that the archive is read from.
    pub fn into_inner(self) -> R {
        self.input.inner
    }

    /// Goes to the next member; `None` at the end of the archive.
    ///
    /// # Errors
    /// When the stream fails or ends too early, or what it has is no archive, or one that programs
    /// could read in different ways.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, Error> {
        let mut pending = Pending::default();
        while !self.ended {
            self.skip_content()?;
            let offset = self.input.offset;
            let Some(block) = self.input.header()? else {
                self.ended = true;
                break;
            };
            let invalid = |reason| Error::Invalid { offset, reason };
            let header = Header::parse(&block).map_err(invalid)?;
            match header.type_flag {
                b'x' | b'g' => {
                    let content = self.special(offset, header.size)?;
                    let records = Records::parse(&content).map_err(invalid)?;
                    // Like Go, and unlike POSIX: a global header changes nothing, and it takes what
                    // came before it for its own.
                    pending = match header.type_flag {
                        b'g' => Pending::default(),
                        _ => Pending {
                            records,
                            any: true,
                            ..pending
                        },
                    };
                }
                b'L' => {
                    let content = self.special(offset, header.size)?;
                    let long_name = block::until_nul(&content).to_vec();
                    pending = Pending {
                        long_name,
                        any: true,
                        ..pending
                    };
                }
                b'K' => {
                    let content = self.special(offset, header.size)?;
                    let long_link = block::until_nul(&content).to_vec();
                    pending = Pending {
                        long_link,
                        any: true,
                        ..pending
                    };
                }
                _ => return self.member(offset, header, block, &pending).map(Some),
            }
        }
        if pending.any {
            return Err(Error::Truncated {
                offset: self.input.offset,
            });
        }
        Ok(None)
    }

    /// The whole content of a header of its own.
    fn special(&mut self, offset: u64, size: u64) -> Result<Vec<u8>, Error> {
        if size > MAX_SPECIAL_SIZE {
            return Err(Error::Invalid {
                offset,
                reason: "it is longer than 1 MiB",
            });
        }
        let mut content = vec![0; usize::try_from(size).expect("1 MiB is a usize")];
        self.input.exact(&mut content)?;
        self.content = Content {
            padding: padding(size),
            ..Content::default()
        };
        Ok(content)
    }

    /// A header that is followed by no further ones: puts all that was said together.
    fn member(
        &mut self,
        offset: u64,
        mut header: Header,
        block: Block,
        pending: &Pending,
    ) -> Result<Entry, Error> {
        let invalid = |reason| Error::Invalid { offset, reason };
        let times = pending.apply(&mut header).map_err(invalid)?;
        if header.type_flag == 0 {
            header.type_flag = if header.path.ends_with(b"/") {
                b'5'
            } else {
                b'0'
            };
        }
        let has_content = !matches!(header.type_flag, b'1'..=b'6');
        let stored = if has_content { header.size } else { 0 };
        self.content = Content {
            stored,
            padding: padding(stored),
            sparse: None,
        };
        if let Some(sparse) = self.sparse(offset, &mut header, block, &pending.records)? {
            if !has_content {
                return Err(invalid("it has a sparse map, but is no file"));
            }
            header.size = sparse.size();
            self.content.sparse = Some(sparse);
        }
        let entry = Entry {
            kind: kind(&mut header, offset)?,
            mode: header.mode,
            uid: header
                .uid
                .try_into()
                .map_err(|_| invalid("its user ID is negative"))?,
            gid: header
                .gid
                .try_into()
                .map_err(|_| invalid("its group ID is negative"))?,
            mtime: times,
            size: if has_content { header.size } else { 0 },
            xattrs: pending.records.xattrs(),
            path: header.path,
        };
        if entry.path.is_empty() {
            return Err(invalid("its name is empty"));
        }
        Ok(entry)
    }

    /// The sparse map, if the member has one in any of the ways that there are.
    fn sparse(
        &mut self,
        offset: u64,
        header: &mut Header,
        block: Block,
        records: &Records,
    ) -> Result<Option<Sparse>, Error> {
        let invalid = |reason| Error::Invalid { offset, reason };
        let (fragments, size) = if header.type_flag == b'S' {
            if header.format != Format::Gnu {
                return Err(invalid("it is a sparse file, but not GNU's"));
            }
            let size = block.number(block::GNU_REAL_SIZE).map_err(invalid)?;
            let size = size
                .try_into()
                .map_err(|_| invalid("its size is negative"))?;
            (self.old_sparse_map(offset, block)?, size)
        } else {
            let Some(version) = sparse::version(records) else {
                return Ok(None);
            };
            if let Some(name) = records.get("GNU.sparse.name") {
                header.path = name.to_vec();
            }
            let size = sparse::real_size(records)
                .map_err(invalid)?
                .unwrap_or(header.size);
            let fragments = match version {
                sparse::Version::Zero => sparse::read_records(records).map_err(invalid)?,
                sparse::Version::One => self.sparse_map_in_content(offset)?,
            };
            (fragments, size)
        };
        Sparse::new(fragments, size, self.content.stored)
            .map(Some)
            .map_err(invalid)
    }

    fn old_sparse_map(
        &mut self,
        offset: u64,
        mut block: Block,
    ) -> Result<Vec<sparse::Fragment>, Error> {
        let start = self.input.offset;
        let mut all = Vec::new();
        let mut field = block::GNU_SPARSE;
        loop {
            let (fragments, more) = sparse::read_old(&block, field)
                .map_err(|reason| Error::Invalid { offset, reason })?;
            all.extend(fragments);
            if !more {
                return Ok(all);
            }
            if self.input.offset - start > MAX_SPECIAL_SIZE {
                return Err(Error::Invalid {
                    offset,
                    reason: "its sparse map is too long",
                });
            }
            self.input.exact(&mut block.bytes)?;
            field = block::GNU_SPARSE_MORE;
        }
    }

    fn sparse_map_in_content(&mut self, offset: u64) -> Result<Vec<sparse::Fragment>, Error> {
        let invalid = |reason| Error::Invalid { offset, reason };
        let mut lines = sparse::Lines::default();
        let mut block = Block::zero();
        for _ in 0..MAX_SPECIAL_SIZE / block::SIZE as u64 {
            let left = self.content.stored.checked_sub(block::SIZE as u64);
            self.content.stored = left.ok_or_else(|| invalid("its sparse map is not complete"))?;
            self.input.exact(&mut block.bytes)?;
            if let Some(fragments) = lines.push(&block.bytes).map_err(invalid)? {
                return Ok(fragments);
            }
        }
        Err(invalid("its sparse map is too long"))
    }

    fn skip_content(&mut self) -> Result<(), Error> {
        let content = std::mem::take(&mut self.content);
        self.input.skip(content.stored)?;
        self.input.skip_padding(content.padding)
    }

    fn read_stored(&mut self, buf: &mut [u8], limit: u64) -> io::Result<usize> {
        let want = usize::try_from(limit.min(self.content.stored)).unwrap_or(usize::MAX);
        let want = want.min(buf.len());
        if want == 0 {
            return Ok(0);
        }
        match self.input.inner.read(&mut buf[..want])? {
            0 => {
                let error = Error::Truncated {
                    offset: self.input.offset,
                };
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, error))
            }
            read => {
                self.input.offset += read as u64;
                self.content.stored -= read as u64;
                Ok(read)
            }
        }
    }
}

impl<R: Read> Read for Reader<R> {
    /// Reads the content of the present member.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(sparse) = &mut self.content.sparse else {
            return self.read_stored(buf, u64::MAX);
        };
        let read = match sparse.piece() {
            Piece::End => return Ok(0),
            Piece::Data(count) => self.read_stored(buf, count)?,
            Piece::Hole(count) => {
                let count = usize::try_from(count).unwrap_or(usize::MAX).min(buf.len());
                buf[..count].fill(0);
                count
            }
        };
        if let Some(sparse) = &mut self.content.sparse {
            sparse.advance(read as u64);
        }
        Ok(read)
    }
}

impl<R: Read> Input<R> {
    /// The next header; `None` at the two zero blocks, or where the stream ends instead of them.
    fn header(&mut self) -> Result<Option<Block>, Error> {
        let mut block = Block::zero();
        let offset = self.offset;
        if !self.exact_or_end(&mut block.bytes)? {
            return Ok(None);
        }
        if !block.is_zero() {
            return Ok(Some(block));
        }
        if self.exact_or_end(&mut block.bytes)? && !block.is_zero() {
            return Err(Error::Invalid {
                offset,
                reason: "it is zero, but not the end",
            });
        }
        Ok(None)
    }

    fn exact(&mut self, buf: &mut [u8]) -> Result<(), Error> {
        if buf.is_empty() || self.exact_or_end(buf)? {
            return Ok(());
        }
        Err(Error::Truncated {
            offset: self.offset,
        })
    }

    /// Fills `buf`; `false` if the stream has ended before the first byte.
    fn exact_or_end(&mut self, buf: &mut [u8]) -> Result<bool, Error> {
        match self.fill(buf)? {
            0 => Ok(false),
            filled if filled == buf.len() => Ok(true),
            _ => Err(Error::Truncated {
                offset: self.offset,
            }),
        }
    }

    /// Fills `buf` as far as the stream goes.
    fn fill(&mut self, buf: &mut [u8]) -> Result<usize, Error> {
        let mut filled = 0;
        while filled < buf.len() {
            match self.inner.read(&mut buf[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(Error::Read {
                        offset: self.offset,
                        source,
                    });
                }
            }
        }
        self.offset += filled as u64;
        Ok(filled)
    }

    fn skip(&mut self, count: u64) -> Result<(), Error> {
        let mut part = self.inner.by_ref().take(count);
        let skipped = io::copy(&mut part, &mut io::sink()).map_err(|source| Error::Read {
            offset: self.offset,
            source,
        })?;
        self.offset += skipped;
        if skipped < count {
            return Err(Error::Truncated {
                offset: self.offset,
            });
        }
        Ok(())
    }

    /// The padding of the last member may be missing.
    fn skip_padding(&mut self, count: u64) -> Result<(), Error> {
        let mut padding = [0; block::SIZE];
        let count = usize::try_from(count).expect("padding is less than a block");
        self.fill(&mut padding[..count]).map(drop)
    }
}

impl Pending {
    /// Changes `header` to what the extended headers say; and gives the time, which it cannot hold.
    fn apply(&self, header: &mut Header) -> Result<super::Time, &'static str> {
        let records = &self.records;
        for (key, long, target) in [
            (pax::PATH, &self.long_name, &mut header.path),
            (pax::LINK_PATH, &self.long_link, &mut header.link),
        ] {
            let long = Some(long.as_slice()).filter(|long| !long.is_empty());
            if let Some(value) = long.or(records.get(key)) {
                *target = value.to_vec();
            }
        }
        for (key, target) in [(pax::UID, &mut header.uid), (pax::GID, &mut header.gid)] {
            if let Some(id) = records.number(key)? {
                *target = id.try_into().map_err(|_| "an ID is too big")?;
            }
        }
        if let Some(size) = records.number(pax::SIZE)? {
            header.size = size;
        }
        Ok(records.time(pax::MTIME)?.unwrap_or(header.mtime))
    }
}

fn kind(header: &mut Header, offset: u64) -> Result<Kind, Error> {
    let invalid = |reason| Error::Invalid { offset, reason };
    let link = std::mem::take(&mut header.link);
    let device = |(major, minor): (i64, i64)| match (major.try_into(), minor.try_into()) {
        (Ok(major), Ok(minor)) => Ok((major, minor)),
        _ => Err(invalid("its device number is impossible")),
    };
    match header.type_flag {
        // POSIX: "contiguous" files are files to whoever does not know better.
        b'0' | b'7' | b'S' => Ok(Kind::File),
        b'1' | b'2' if link.is_empty() => Err(invalid("it is a link to nothing")),
        b'1' => Ok(Kind::Hardlink(link)),
        b'2' => Ok(Kind::Symlink(link)),
        b'3' => device(header.device).map(|(major, minor)| Kind::Char { major, minor }),
        b'4' => device(header.device).map(|(major, minor)| Kind::Block { major, minor }),
        b'5' => {
            while header.path.len() > 1 && header.path.ends_with(b"/") {
                header.path.pop();
            }
            Ok(Kind::Directory)
        }
        b'6' => Ok(Kind::Fifo),
        other => Err(Error::UnsupportedType {
            path: printable(&header.path),
            type_flag: char::from(other),
        }),
    }
}

/// How many bytes of zero follow content of `size` bytes.
pub(super) fn padding(size: u64) -> u64 {
    size.wrapping_neg() % block::SIZE as u64
}
