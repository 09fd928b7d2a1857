//! gzip in members of 1 MiB, each compressed on its own: RFC 1952 allows it, every reader of layers
//! takes it, and it lets all processors work.

mod huffman;
mod literals;
mod member;
mod pool;
mod repeats;

use std::io::{self, Write};
use std::num::NonZeroUsize;

use libdeflater::CompressionLvl;

use member::{MEMBER_SIZE, Member, MemberEncoder};
use pool::Pool;

/// Compresses a stream into gzip members on a number of threads.
pub(super) struct GzipEncoder<W: Write> {
    writer: W,
    member: Member,
    any: bool,
    workers: Workers,
}

/// Who compresses: this thread, or others.
enum Workers {
    Here(MemberEncoder),
    Threads(Pool),
}

impl<W: Write> GzipEncoder<W> {
    pub(super) fn new(level: i32, writer: W, threads: NonZeroUsize) -> io::Result<Self> {
        let level = CompressionLvl::new(level).map_err(|_| {
            let message = format!("gzip has no level {level}: it must be 0 to 12");
            io::Error::new(io::ErrorKind::InvalidInput, message)
        })?;
        let workers = match threads.get() {
            1 => Workers::Here(MemberEncoder::new(level)),
            threads => Workers::Threads(Pool::new(level, threads)),
        };
        Ok(Self {
            writer,
            member: Member::default(),
            any: false,
            workers,
        })
    }

    /// Compresses the member, or passes it on to be compressed, and writes what is ready.
    fn end_member(&mut self) -> io::Result<()> {
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
