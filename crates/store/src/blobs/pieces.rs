//! Bytes on their way from one thread to another, piece by piece.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The size of a piece …
pub(crate) const PIECE: usize = 128 << 10;

/// … of which as many may wait to be read.
const WAITING: usize = 16;

/// Bytes in a buffer that is used again: no memory is got, and zeroed, for each piece.
#[derive(Default)]
struct Piece {
    buffer: Vec<u8>,
    length: usize,
}

/// The writing end. Each write is a piece.
pub(crate) struct Pieces {
    sender: SyncSender<io::Result<Piece>>,
    /// Buffers that were read.
    empty: Receiver<Vec<u8>>,
}

/// The reading end. When it is dropped the writer's next piece finds nobody.
pub(crate) struct Stream {
    receiver: Receiver<io::Result<Piece>>,
    piece: Piece,
    read: usize,
    /// Where buffers go that were read.
    empty: SyncSender<Vec<u8>>,
}

/// Two ends of one stream.
pub(crate) fn stream() -> (Pieces, Stream) {
    let (sender, receiver) = sync_channel(WAITING);
    // Room for all that are under way, so that nobody ever waits to give one back.
    let (returned, empty) = sync_channel(WAITING + 2);
    (
        Pieces { sender, empty },
        Stream {
            receiver,
            piece: Piece::default(),
            read: 0,
            empty: returned,
        },
    )
}

impl Pieces {
    /// Sends all that a reader gives, and what goes wrong with it. Ends when nobody listens any more.
    pub(crate) fn pump(self, mut from: impl Read) {
        loop {
            let mut buffer = self.empty.try_recv().unwrap_or_default();
            buffer.resize(PIECE, 0);
            let (length, error) = fill(&mut from, &mut buffer);
            if length > 0 && self.sender.send(Ok(Piece { buffer, length })).is_err() {
                return;
            }
            match error {
                Some(error) => return self.fail(error),
                None if length == 0 => return,
                None => {}
            }
        }
    }

    /// Ends the stream with an error. If nobody listens any more nobody wants to know.
    pub(crate) fn fail(self, error: io::Error) {
        let _ = self.sender.send(Err(error));
    }
}

/// Reads until the buffer is full or there is no more.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> (usize, Option<io::Error>) {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return (filled, Some(e)),
        }
    }
    (filled, None)
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        let mut buffer = self.empty.try_recv().unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(bytes);
        let length = bytes.len();
        let piece = Piece { buffer, length };
        self.sender.send(Ok(piece)).map_err(gone)?;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.piece.length {
            let Ok(piece) = self.receiver.recv() else {
                return Ok(0);
            };
            let read = std::mem::replace(&mut self.piece, piece?);
            self.read = 0;
            // If nobody fills buffers any more, it is not needed.
            let _ = self.empty.try_send(read.buffer);
        }
        let left = &self.piece.buffer[self.read..self.piece.length];
        let length = left.len().min(buffer.len());
        buffer[..length].copy_from_slice(&left[..length]);
        self.read += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(from: impl Read + Send, limit: u64) -> (io::Result<usize>, Vec<u8>) {
        let (pieces, stream) = stream();
        std::thread::scope(|scope| {
            scope.spawn(move || pieces.pump(from));
            let mut bytes = Vec::new();
            (stream.take(limit).read_to_end(&mut bytes), bytes)
        })
    }

    #[test]
    fn all_of_it_in_order() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 20 * PIECE] {
            let bytes: Vec<u8> = (0..length).map(|n| (n / 7) as u8).collect();
            assert!(through(&*bytes, u64::MAX).1 == bytes, "{length}");
        }
    }

    #[test]
    fn an_error_comes_after_what_was_before_it() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let (result, bytes) = through((&[7; 1000][..]).chain(Broken), u64::MAX);
        assert_eq!(
            (result.unwrap_err().to_string(), bytes.len()),
            ("broken".to_owned(), 1000)
        );
    }

    #[test]
    fn who_stops_listening_leaves_nobody_waiting() {
        assert_eq!(through(io::repeat(1), 10).1.len(), 10);
    }
}
