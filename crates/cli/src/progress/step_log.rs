//! The whole output of every step, kept on disk: `logs/<when>-<process>/<step>.log` in the store.

use oci::timestamp;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Builds whose logs are kept.
const KEPT: usize = 50;

/// Where the logs of one build go; made when the first step writes something.
#[derive(Debug)]
pub(crate) struct LogDirectory {
    all: PathBuf,
    own: PathBuf,
}

impl LogDirectory {
    /// The logs of a build that starts now, below `logs`.
    pub(crate) fn new(logs: &Path) -> Self {
        let when = timestamp::format_seconds(SystemTime::now());
        let when = when.replace([':', 'Z'], "");
        Self {
            all: logs.to_owned(),
            own: logs.join(format!("{when}-{}", std::process::id())),
        }
    }

    fn open(&self, number: usize) -> Option<(PathBuf, File)> {
        if !self.own.is_dir() {
            self.drop_oldest();
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&self.own)
                .ok()?;
        }
        let path = self.own.join(format!("{number}.log"));
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .ok()?;
        Some((path, file))
    }

    /// Names begin with the date, so that their order is that of time.
    fn drop_oldest(&self) {
        let Ok(entries) = fs::read_dir(&self.all) else {
            return;
        };
        let mut names: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        names.sort();
        let surplus = (names.len() + 1).saturating_sub(KEPT);
        for old in names.into_iter().take(surplus) {
            // Another process may remove the same.
            let _ = fs::remove_dir_all(old);
        }
    }
}

/// One step's log. A build goes on when it cannot be written.
#[derive(Debug, Default)]
pub(super) struct StepLog {
    file: Option<Option<(PathBuf, File)>>,
}

impl StepLog {
    pub(super) fn write(&mut self, directory: &LogDirectory, number: usize, bytes: &[u8]) {
        let file = self.file.get_or_insert_with(|| directory.open(number));
        if let Some((_, open)) = file
            && open.write_all(bytes).is_err()
        {
            *file = None;
        }
    }

    pub(super) fn path(&self) -> Option<PathBuf> {
        self.file.as_ref()?.as_ref().map(|(path, _)| path.clone())
    }
}
