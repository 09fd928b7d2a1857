//! Removing what is done with, beside the work.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{Builder, JoinHandle};

/// A thread that ends mounts and removes directories, one after the other. Dropping it waits until all are gone.
///
/// What an overlay leaves of its work directory takes a third of a millisecond to remove, and the next step of a build
/// need not wait for that. To forget the names in an overlay takes a quarter of a second for 100,000 files, in which the layer is counted.
#[derive(Debug)]
pub(crate) struct Reaper {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Job {
    Remove(PathBuf),
    /// Close the last descriptor of a mount, and say so.
    Unmount(OwnedFd, Sender<()>),
}

/// A mount that is being ended.
#[derive(Debug)]
pub(crate) struct Unmounting(Receiver<()>);

impl Unmounting {
    /// Waits for it.
    pub(crate) fn wait(&self) {
        // Nobody sends any more either when it is done or when the thread is gone, and its descriptors with it.
        let _ = self.0.recv();
    }
}

impl Reaper {
    /// Starts the thread. If there can be none, who asks does the work.
    pub(crate) fn start() -> Reaper {
        let (jobs, to_do) = mpsc::channel::<Job>();
        let work = move || to_do.iter().for_each(Job::do_now);
        let thread = Builder::new().name("reaper".to_owned()).spawn(work).ok();
        Reaper {
            jobs: thread.is_some().then_some(jobs),
            thread,
        }
    }

    /// Removes a directory with all that is in it, soon.
    pub(crate) fn remove(&self, path: &Path) {
        self.give(Job::Remove(path.to_owned()));
    }

    /// Ends the mount of which this is the last descriptor.
    pub(crate) fn unmount(&self, mount: OwnedFd) -> Unmounting {
        let (done, wait) = mpsc::channel();
        self.give(Job::Unmount(mount, done));
        Unmounting(wait)
    }

    fn give(&self, job: Job) {
        match &self.jobs {
            None => job.do_now(),
            Some(jobs) => {
                if let Err(refused) = jobs.send(job) {
                    refused.0.do_now();
                }
            }
        }
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // It does not panic; and what it left is swept.
            let _ = thread.join();
        }
    }
}

impl Job {
    fn do_now(self) {
        match self {
            // What cannot be removed now is swept by a later open.
            Job::Remove(path) => drop(rootfs::remove_tree(&path)),
            Job::Unmount(mount, done) => {
                drop(mount);
                // Who asked may be gone.
                let _ = done.send(());
            }
        }
    }
}
