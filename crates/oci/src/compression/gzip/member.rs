//! One member of a gzip stream.

use libdeflater::{CompressionLvl, Compressor, crc32};

use super::{repeats, sparse};

/// The bytes of a member before it is compressed; the last one has fewer.
pub(super) const MEMBER_SIZE: usize = 1 << 20;

/// RFC 1952, 2.3: deflate, no flags, no time, the fastest algorithm, an unknown system; libdeflate writes the same.
pub(super) const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0xff];

/// The checksum and the length.
const TRAILER: usize = 8;

/// Content, and what became of it. The buffers are used again.
#[derive(Default)]
pub(super) struct Member {
    pub(super) plain: Vec<u8>,
    pub(super) buffer: Vec<u8>,
    pub(super) length: usize,
}

impl Member {
    pub(super) fn compressed(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

/// Compresses members, one after the other.
pub(super) struct MemberEncoder {
    level: i32,
    compressor: Compressor,
}

impl MemberEncoder {
    pub(super) fn new(level: CompressionLvl) -> Self {
        Self {
            compressor: Compressor::new(level),
            level: level.into(),
        }
    }

    /// Looks for matches only where there are some: in content without, libdeflate takes ten times as long to find by
    /// chance what makes it longer.
    pub(super) fn encode(&mut self, member: &mut Member) {
        let plain = &member.plain;
        let frame = HEADER.len() + TRAILER;
        let bound = self.compressor.gzip_compress_bound(plain.len());
        let bound = bound.max(frame + sparse::bound(plain.len()));
        if member.buffer.len() < bound {
            member.buffer.resize(bound, 0);
        }
        let out = &mut member.buffer;
        let repeats = match self.level {
            0 => None,
            _ => repeats::only_long(plain),
        };
        let Some(repeats) = repeats else {
            let compressed = self.compressor.gzip_compress(plain, out);
            member.length = compressed.expect("the buffer is as big as the compressor asks for");
            return;
        };
        out[..HEADER.len()].copy_from_slice(&HEADER);
        let end = HEADER.len() + sparse::deflate(plain, &repeats, &mut out[HEADER.len()..]);
        let size = u32::try_from(plain.len()).expect("members are small");
        out[end..end + 4].copy_from_slice(&crc32(plain).to_le_bytes());
        out[end + 4..end + TRAILER].copy_from_slice(&size.to_le_bytes());
        member.length = end + TRAILER;
    }
}
