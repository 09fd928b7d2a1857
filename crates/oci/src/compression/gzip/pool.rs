//! Threads that compress members and give them back in the order in which they got them.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::member::Member;
use super::{Coding, PieceEncoder};

/// More threads would wait for the one that hashes what they compress.
const MOST_THREADS: usize = 16;

pub(super) struct Pool {
    coding: Coding,
    most: usize,
    threads: Vec<JoinHandle<()>>,
    jobs: Option<Sender<Job>>,
    queue: Arc<Mutex<Receiver<Job>>>,
    waiting: VecDeque<Receiver<Member>>,
}

/// A member to be compressed, and where it goes then.
struct Job {
    member: Member,
    done: Sender<Member>,
}

impl Pool {
    /// Threads are started when there is work for them.
    pub(super) fn new(coding: Coding, threads: usize) -> Self {
        let (jobs, queue) = channel();
        Self {
            coding,
            most: threads.min(MOST_THREADS),
            threads: Vec::new(),
            jobs: Some(jobs),
            queue: Arc::new(Mutex::new(queue)),
            waiting: VecDeque::new(),
        }
    }

    /// Takes a member to be compressed and gives one to be filled. Once enough are under way that one was compressed, and
    /// `write` got it before.
    pub(super) fn exchange(
        &mut self,
        member: Member,
        write: impl FnOnce(&Member) -> io::Result<()>,
    ) -> io::Result<Member> {
        if self.threads.len() < self.most && self.threads.len() <= self.waiting.len() {
            self.start_thread()?;
        }
        let (done, receiver) = channel();
        let jobs = self.jobs.as_ref().ok_or_else(worker_lost)?;
        jobs.send(Job { member, done }).map_err(|_| worker_lost())?;
        self.waiting.push_back(receiver);
        // Two for each: one that it works on, one that it takes next.
        if self.waiting.len() <= 2 * self.most {
            return Ok(Member::default());
        }
        let Some(first) = self.waiting.pop_front() else {
            return Ok(Member::default());
        };
        let first = first.recv().map_err(|_| worker_lost())?;
        write(&first)?;
        Ok(first)
    }

    /// Waits for all members.
    pub(super) fn finish(
        &mut self,
        mut write: impl FnMut(&Member) -> io::Result<()>,
    ) -> io::Result<()> {
        for member in self.waiting.drain(..) {
            write(&member.recv().map_err(|_| worker_lost())?)?;
        }
        Ok(())
    }

    fn start_thread(&mut self) -> io::Result<()> {
        let (coding, queue) = (self.coding, Arc::clone(&self.queue));
        let thread = thread::Builder::new().name("gzip".to_owned());
        self.threads
            .push(thread.spawn(move || work(coding, &queue))?);
        Ok(())
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

fn work(coding: Coding, queue: &Mutex<Receiver<Job>>) {
    let mut encoder = PieceEncoder::new(coding);
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = job else { return };
        encoder.encode(&mut job.member);
        // Nobody waits for it any more if the stream was dropped.
        drop(job.done.send(job.member));
    }
}

fn worker_lost() -> io::Error {
    io::Error::other("a compression thread has ended unexpectedly")
}
