//! Layers that are blobs without a file: their tar is made again from the snapshot.

use std::io::{self, BufWriter, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use oci::{Descriptor, DiffId, Digest, MediaType, VerifiedReader};
use rootfs::Dir;

use crate::{Error, SnapshotId, Store, write_layer};

/// The tar is handed over in pieces of this size …
const PIECE: usize = 128 << 10;

/// … of which as many may wait to be read.
const PIECES: usize = 4;

/// A layer that can be made again.
pub(super) struct Remade {
    descriptor: Descriptor,
    stack: Vec<SnapshotId>,
}

impl Store {
    /// The layer with this diff ID, if it was made here and its snapshots are still here.
    pub(super) fn remade(&self, digest: &Digest) -> Result<Option<Remade>, Error> {
        let Some(layer) = self.layer(&DiffId(digest.clone()))? else {
            return Ok(None);
        };
        let (Some(size), false) = (layer.size, layer.stack.is_empty()) else {
            return Ok(None);
        };
        for id in &layer.stack {
            if self.snapshot(id)?.is_none() {
                return Ok(None);
            }
        }
        let descriptor = Descriptor::new(MediaType::OciLayer, digest.clone(), size);
        Ok(Some(Remade {
            descriptor,
            stack: layer.stack,
        }))
    }

    /// The layer's tar, written by a thread while it is read, and checked: a snapshot that was tampered with does
    /// not leave the store under the digest of what it was.
    pub(super) fn open_remade(&self, layer: &Remade) -> Result<Box<dyn Read + Send>, Error> {
        let snapshots = self.stack(&layer.stack)?;
        let (top, below) = snapshots.split_last().ok_or(Error::EmptyStack)?;
        let upper = Dir::open(top.dir()).map_err(|source| Error::Root { source })?;
        let union = self.union(below)?;
        let (sender, pieces) = sync_channel(PIECES);
        std::thread::spawn(move || {
            let last = Pieces {
                sender: sender.clone(),
            };
            let written = write_layer(&union, upper, BufWriter::with_capacity(PIECE, last));
            if let Err(error) = written {
                // If nobody listens any more nobody wants to know.
                let _ = sender.send(Err(io::Error::other(error)));
            }
        });
        let stream = Stream {
            pieces,
            piece: io::Cursor::new(Vec::new()),
        };
        Ok(Box::new(VerifiedReader::new(stream, &layer.descriptor)))
    }
}

type Piece = io::Result<Vec<u8>>;

/// The writing end.
struct Pieces {
    sender: SyncSender<Piece>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.sender.send(Ok(bytes.to_vec())).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The reading end. When it is dropped the writer's next piece finds nobody, and the thread ends.
struct Stream {
    pieces: Receiver<Piece>,
    piece: io::Cursor<Vec<u8>>,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.position() == self.piece.get_ref().len() as u64 {
            match self.pieces.recv() {
                Ok(piece) => self.piece = io::Cursor::new(piece?),
                Err(_) => return Ok(0),
            }
        }
        self.piece.read(buffer)
    }
}
