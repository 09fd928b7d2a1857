//! The process that stays outside of the user namespace to have its ids mapped: this executable again.

use std::env::ArgsOs;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::subordinate::{Range, Ranges};
use super::{Identity, SingleIdReason};
use crate::Error;
use crate::step::Step;

/// First argument of the mapping process. The process to map, and the arguments for the two programs follow: their
/// numbers, then they themselves.
pub(crate) const NAME: &str = "step-map-ids";

pub(super) const NEWUIDMAP: &str = "newuidmap";
pub(super) const NEWGIDMAP: &str = "newgidmap";

/// Exit codes of the mapping process: which program failed.
const UIDS_FAILED: u8 = 1;
const GIDS_FAILED: u8 = 2;

/// A mapping process that waits for the word.
pub(super) struct Mapper {
    process: Child,
    uids: u64,
    gids: u64,
}

/// What became of the mapping.
pub(super) enum Mapping {
    /// All ids are there.
    Done(Identity),
    /// None are, so that a single one can still be mapped.
    Nothing(SingleIdReason),
    /// User ids are there and group ids are not.
    Half {
        program: &'static str,
        message: String,
    },
}

impl Mapper {
    /// Starts the process, or tells why it would be of no use.
    pub(super) fn start(
        uid: u32,
        gid: u32,
        ranges: &Ranges,
    ) -> Result<Result<Self, SingleIdReason>, Error> {
        let mut programs = Vec::new();
        for program in [NEWUIDMAP, NEWGIDMAP] {
            match find(program) {
                Some(path) => programs.push(path),
                None => return Ok(Err(SingleIdReason::NoProgram { program })),
            }
        }
        let mut command = Command::new("/proc/self/exe");
        command.arg0(NAME).arg(std::process::id().to_string());
        for ((program, own), ranges) in programs
            .iter()
            .zip([uid, gid])
            .zip([&ranges.uids, &ranges.gids])
        {
            let map = map(own, ranges);
            command.arg(program).arg(map.len().to_string()).args(map);
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let process = command.spawn().map_err(|source| Error::Kernel {
            step: Step::StartMapper,
            object: String::new(),
            source,
        })?;
        Ok(Ok(Self {
            process,
            uids: total(&ranges.uids),
            gids: total(&ranges.gids),
        }))
    }

    /// Has this process's ids mapped. It must be in its new user namespace by now.
    pub(super) fn map(mut self) -> Mapping {
        // Closing the pipe with a byte in it is the word to go on.
        if let Some(mut pipe) = self.process.stdin.take() {
            let _ = pipe.write_all(b"!");
        }
        let mut message = String::new();
        if let Some(mut pipe) = self.process.stderr.take() {
            let _ = pipe.read_to_string(&mut message);
        }
        let message = message.trim().to_owned();
        match self.process.wait().map(|status| status.code()) {
            Ok(Some(0)) => Mapping::Done(Identity::Subordinate {
                uids: self.uids,
                gids: self.gids,
            }),
            Ok(Some(code)) if code == i32::from(GIDS_FAILED) => Mapping::Half {
                program: NEWGIDMAP,
                message,
            },
            _ => Mapping::Nothing(SingleIdReason::ProgramFailed {
                program: NEWUIDMAP,
                message,
            }),
        }
    }
}

impl Drop for Mapper {
    fn drop(&mut self) {
        // Without the word it ends when the pipe is closed.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// The arguments for a map: root is the user, and the subordinate ids follow from 1 on.
fn map(own: u32, ranges: &[Range]) -> Vec<String> {
    let mut map = vec!["0".to_owned(), own.to_string(), "1".to_owned()];
    let mut inside: u32 = 1;
    for range in ranges {
        let count = range.count.min(u32::MAX - inside);
        map.extend([inside, range.start, count].map(|number| number.to_string()));
        inside += count;
    }
    map
}

pub(super) fn total(ranges: &[Range]) -> u64 {
    1 + ranges
        .iter()
        .map(|range| u64::from(range.count))
        .sum::<u64>()
}

pub(super) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from(crate::DEFAULT_PATH));
    std::env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

/// Is the mapping process.
pub(crate) fn run(mut arguments: ArgsOs) -> ! {
    let code = wait_and_map(&mut arguments).unwrap_or(u8::MAX);
    std::process::exit(code.into())
}

fn wait_and_map(arguments: &mut ArgsOs) -> Option<u8> {
    let process = arguments.next()?;
    let mut word = [0];
    if std::io::stdin().read(&mut word).ok()? == 0 {
        // The caller has no namespace after all.
        return Some(UIDS_FAILED);
    }
    for failed in [UIDS_FAILED, GIDS_FAILED] {
        let program = arguments.next()?;
        let count = arguments.next()?.to_str()?.parse().ok()?;
        let map = arguments.take(count);
        let status = Command::new(program).arg(&process).args(map).status();
        if !status.is_ok_and(|status| status.success()) {
            return Some(failed);
        }
    }
    Some(0)
}
