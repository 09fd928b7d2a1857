//! gzip in members of 1 MiB, each compressed on its own: RFC 1952 allows it, every reader of layers
//! takes it, and it lets all processors work. Or in a single member, of pieces that are compressed so.

mod bits;
mod code_lengths;
mod fragment;
mod huffman;
mod member;
mod pool;
mod repeats;
mod sparse;

use std::io::{self, Write};
use std::num::NonZeroUsize;

use libdeflater::CompressionLvl;

use super::Members;
use fragment::{FragmentEncoder, Frame};
use member::{MEMBER_SIZE, Member, MemberEncoder};
use pool::Pool;

/// Compresses a stream into gzip members on a number of threads.
pub(super) struct GzipEncoder<W: Write> {
    writer: W,
    member: Member,
    any: bool,
    /// Around all pieces, if they are one member.
    frame: Option<Frame>,
    workers: Workers,
}

/// Who compresses: this thread, or others.
enum Workers {
    Here(PieceEncoder),
    Threads(Pool),
}

/// How pieces are compressed.
#[derive(Clone, Copy)]
struct Coding {
    level: CompressionLvl,
    members: Members,
}

/// Compresses pieces, one after the other.
enum PieceEncoder {
    Member(MemberEncoder),
    Fragment(FragmentEncoder),
}

impl PieceEncoder {
    fn new(Coding { level, members }: Coding) -> Self {
        match members {
            Members::Many => Self::Member(MemberEncoder::new(level)),
            Members::One => Self::Fragment(FragmentEncoder::new(level)),
        }
    }

    fn encode(&mut self, piece: &mut Member) {
        match self {
            Self::Member(encoder) => encoder.encode(piece),
            Self::Fragment(encoder) => encoder.encode(piece),
        }
    }
}

impl<W: Write> GzipEncoder<W> {
    pub(super) fn new(
        level: i32,
        members: Members,
        writer: W,
        threads: NonZeroUsize,
    ) -> io::Result<Self> {
        let level = CompressionLvl::new(level).map_err(|_| {
            let message = format!("gzip has no level {level}: it must be 0 to 12");
            io::Error::new(io::ErrorKind::InvalidInput, message)
        })?;
        let coding = Coding { level, members };
        let workers = match threads.get() {
            1 => Workers::Here(PieceEncoder::new(coding)),
            threads => Workers::Threads(Pool::new(coding, threads)),
        };
        Ok(Self {
            writer,
            member: Member::default(),
            any: false,
            frame: (members == Members::One).then(Frame::default),
            workers,
        })
    }

    /// Compresses the member, or passes it on to be compressed, and writes what is ready.
    fn end_member(&mut self) -> io::Result<()> {
        if let Some(frame) = &mut self.frame {
            if !self.any {
                self.writer.write_all(&Frame::header())?;
            }
            frame.add(&self.member.plain);
        }
        self.any = true;
        match &mut self.workers {
            Workers::Here(encoder) => {
                encoder.encode(&mut self.member);
                self.writer.write_all(self.member.compressed())?;
            }
            Workers::Threads(pool) => {
                let full = std::mem::take(&mut self.member);
                let written = |member: &Member| self.writer.write_all(member.compressed());
                self.member = pool.exchange(full, written)?;
            }
        }
        self.member.plain.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        // Nothing at all is an empty member, not an empty file.
        if !self.member.plain.is_empty() || !self.any {
            self.end_member()?;
        }
        if let Workers::Threads(pool) = &mut self.workers {
            pool.finish(|member| self.writer.write_all(member.compressed()))?;
        }
        if let Some(frame) = &self.frame {
            self.writer.write_all(&frame.trailer())?;
        }
        Ok(self.writer)
    }
}

impl<W: Write> Write for GzipEncoder<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.member.plain.len() == MEMBER_SIZE {
            self.end_member()?;
        }
        let taken = buf.len().min(MEMBER_SIZE - self.member.plain.len());
        self.member.plain.extend_from_slice(&buf[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    /// Bytes without any order, the same every time: xorshift.
    pub(super) fn random(count: usize) -> Vec<u8> {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        (0..count).map(|_| next()).collect()
    }
}
