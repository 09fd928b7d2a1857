//! Pieces of one deflate stream, so that a layer is a single gzip member: for readers that stop at the end of the first.

use flate2::{Compress, Compression, FlushCompress};
use libdeflater::{CompressionLvl, Crc};

use super::member::{HEADER, Member};

/// An empty last block: RFC 1951, 3.2.6.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// What an empty block at a byte's boundary, and all blocks' heads, add at most.
const SLACK: usize = 64;

/// Compresses pieces, each by itself, so that any processor can. None is the last of its stream.
pub(super) struct FragmentEncoder(Compress);

/// What stands before and after all pieces.
#[derive(Default)]
pub(super) struct Frame {
    checksum: Crc,
    size: u32,
}

impl FragmentEncoder {
    pub(super) fn new(level: CompressionLvl) -> Self {
        // zlib's levels end at 9.
        let level = i32::from(level).clamp(0, 9).unsigned_abs();
        Self(Compress::new(Compression::new(level), false))
    }

    pub(super) fn encode(&mut self, piece: &mut Member) {
        self.0.reset();
        let plain = &piece.plain;
        // Stored blocks of 16 KiB and more are the worst that can come out.
        let bound = plain.len() + plain.len() / 1000 + SLACK;
        piece.buffer.resize(bound.max(piece.buffer.len()), 0);
        loop {
            let read = usize::try_from(self.0.total_in()).expect("a piece is in memory");
            let written = usize::try_from(self.0.total_out()).expect("a piece is in memory");
            let room = &mut piece.buffer[written..];
            self.0
                .compress(&plain[read..], room, FlushCompress::Sync)
                .expect("deflate takes whatever it is given");
            piece.length = usize::try_from(self.0.total_out()).expect("a piece is in memory");
            // Room that is left says that all of it came out.
            if piece.length < piece.buffer.len() {
                return;
            }
            let longer = piece.buffer.len() + SLACK + plain.len() / 8;
            piece.buffer.resize(longer, 0);
        }
    }
}

impl Frame {
    pub(super) fn header() -> [u8; 10] {
        HEADER
    }

    /// Counts a piece in.
    pub(super) fn add(&mut self, plain: &[u8]) {
        self.checksum.update(plain);
        // RFC 1952, 2.3.1: the length modulo 2^32.
        self.size = self.size.wrapping_add(plain.len() as u32);
    }

    pub(super) fn trailer(&self) -> Vec<u8> {
        let mut trailer = LAST_BLOCK.to_vec();
        trailer.extend(self.checksum.sum().to_le_bytes());
        trailer.extend(self.size.to_le_bytes());
        trailer
    }
}
