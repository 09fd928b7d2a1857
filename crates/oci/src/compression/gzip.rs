//! gzip in members of 1 MiB, each compressed on its own: RFC 1952 allows it, every reader of layers
//! takes it, and it lets all processors work.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use libdeflater::{CompressionLvl, Compressor};

const MEMBER_SIZE: usize = 1 << 20;

/// Compresses a stream into gzip members on a number of threads.
pub(super) struct GzipEncoder<W: Write> {
    writer: W,
    member: Vec<u8>,
    any: bool,
    workers: Workers,
}

/// Who compresses: this thread, or others, which give members back in the order they got them.
enum Workers {
    Here(Box<Compressor>),
    Threads {
        pool: Pool,
        waiting: VecDeque<Receiver<Vec<u8>>>,
    },
}

impl<W: Write> GzipEncoder<W> {
    pub(super) fn new(level: i32, writer: W, threads: NonZeroUsize) -> io::Result<Self> {
        let level = CompressionLvl::new(level).map_err(|_| {
            let message = format!("gzip has no level {level}: it must be 0 to 12");
            io::Error::new(io::ErrorKind::InvalidInput, message)
        })?;
        let workers = match threads.get() {
            1 => Workers::Here(Box::new(Compressor::new(level))),
            threads => Workers::Threads {
                pool: Pool::new(level, threads)?,
                waiting: VecDeque::new(),
            },
        };
        Ok(Self {
            writer,
            member: Vec::with_capacity(MEMBER_SIZE),
            any: false,
            workers,
        })
    }

    /// Passes the member on to be compressed, and writes what is ready.
    fn end_member(&mut self) -> io::Result<()> {
        self.any = true;
        match &mut self.workers {
            Workers::Here(compressor) => {
                let compressed = compress(compressor, &self.member);
                self.member.clear();
                self.writer.write_all(&compressed)
            }
            Workers::Threads { pool, waiting } => {
                let member = std::mem::replace(&mut self.member, Vec::with_capacity(MEMBER_SIZE));
                waiting.push_back(pool.submit(member)?);
                // Two for each: one that it works on, one that it takes next.
                let most = 2 * pool.threads.len();
                self.write_ready(most)
            }
        }
    }

    /// Writes compressed members until `most` are left.
    fn write_ready(&mut self, most: usize) -> io::Result<()> {
        let Workers::Threads { waiting, .. } = &mut self.workers else {
            return Ok(());
        };
        while waiting.len() > most {
            let Some(first) = waiting.pop_front() else {
                break;
            };
            self.writer
                .write_all(&first.recv().map_err(|_| worker_lost())?)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        // Nothing at all is an empty member, not an empty file.
        if !self.member.is_empty() || !self.any {
            self.end_member()?;
        }
        self.write_ready(0)?;
        Ok(self.writer)
    }
}

impl<W: Write> Write for GzipEncoder<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.member.len() == MEMBER_SIZE {
            self.end_member()?;
        }
        let taken = buf.len().min(MEMBER_SIZE - self.member.len());
        self.member.extend_from_slice(&buf[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A member to be compressed, and where it goes then.
struct Job {
    member: Vec<u8>,
    done: Sender<Vec<u8>>,
}

struct Pool {
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    fn new(level: CompressionLvl, threads: usize) -> io::Result<Self> {
        let (jobs, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        let mut pool = Self {
            jobs: Some(jobs),
            threads: Vec::with_capacity(threads),
        };
        for _ in 0..threads {
            let queue = Arc::clone(&queue);
            let thread = thread::Builder::new().name("gzip".to_owned());
            pool.threads
                .push(thread.spawn(move || work(level, &queue))?);
        }
        Ok(pool)
    }

    fn submit(&self, member: Vec<u8>) -> io::Result<Receiver<Vec<u8>>> {
        let (done, receiver) = channel();
        let jobs = self.jobs.as_ref().ok_or_else(worker_lost)?;
        jobs.send(Job { member, done }).map_err(|_| worker_lost())?;
        Ok(receiver)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // The threads end when the last job is taken.
        self.jobs = None;
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

fn work(level: CompressionLvl, queue: &Mutex<Receiver<Job>>) {
    let mut compressor = Compressor::new(level);
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // Nobody waits for it any more if the encoder was dropped.
        drop(job.done.send(compress(&mut compressor, &job.member)));
    }
}

fn compress(compressor: &mut Compressor, member: &[u8]) -> Vec<u8> {
    let mut compressed = vec![0; compressor.gzip_compress_bound(member.len())];
    let len = compressor
        .gzip_compress(member, &mut compressed)
        .expect("the buffer is as big as the compressor asks for");
    compressed.truncate(len);
    compressed
}

fn worker_lost() -> io::Error {
    io::Error::other("a compression thread has ended unexpectedly")
}
