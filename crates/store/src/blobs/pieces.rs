//! Bytes on their way from one thread to another, piece by piece.

use std::io::{self, Cursor, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The size of a piece …
pub(crate) const PIECE: usize = 128 << 10;

/// … of which as many may wait to be read.
const WAITING: usize = 8;

type Piece = io::Result<Vec<u8>>;

/// The writing end. Each write is a piece.
#[derive(Clone)]
pub(crate) struct Pieces {
    sender: SyncSender<Piece>,
}

/// The reading end. When it is dropped the writer's next piece finds nobody.
pub(crate) struct Stream {
    receiver: Receiver<Piece>,
    piece: Cursor<Vec<u8>>,
}

/// Two ends of one stream.
pub(crate) fn stream() -> (Pieces, Stream) {
    let (sender, receiver) = sync_channel(WAITING);
    (
        Pieces { sender },
        Stream {
            receiver,
            piece: Cursor::new(Vec::new()),
        },
    )
}

impl Pieces {
    /// Sends all that a reader gives, and what goes wrong with it. Ends when nobody listens any more.
    pub(crate) fn pump(self, mut from: impl Read) {
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            let read = from.by_ref().take(PIECE as u64).read_to_end(&mut piece);
            let ended = piece.is_empty();
            if !ended && self.sender.send(Ok(piece)).is_err() {
                return;
            }
            match read {
                Ok(_) if ended => return,
                Ok(_) => {}
                Err(e) => return self.fail(e),
            }
        }
    }

    /// Ends the stream with an error. If nobody listens any more nobody wants to know.
    pub(crate) fn fail(self, error: io::Error) {
        let _ = self.sender.send(Err(error));
    }
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

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.position() == self.piece.get_ref().len() as u64 {
            match self.receiver.recv() {
                Ok(piece) => self.piece = Cursor::new(piece?),
                Err(_) => return Ok(0),
            }
        }
        self.piece.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(from: impl Read + Send, limit: u64) -> (io::Result<usize>, Vec<u8>) {
        let (pieces, stream) = stream();
        std::thread::scope(|scope| {
            scope.spawn(|| pieces.pump(from));
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
