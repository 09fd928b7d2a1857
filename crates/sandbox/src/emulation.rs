//! Programs for other machines than this one.

mod probe;

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::io::Errno;

use crate::Error;
use crate::emulator::Emulator;
use crate::machine::Machine;
use crate::step::Step;

/// Where the kernel's handlers of foreign programs are.
const FORMATS: &str = "/proc/sys/fs/binfmt_misc";

/// How the programs of another machine run here: by themselves, by an emulator that runs as long as this is held, or
/// not at all.
#[derive(Debug, Default)]
pub struct Emulation {
    emulator: Option<Emulator>,
    missing: Option<Missing>,
}

/// Why there is no emulator.
#[derive(Debug)]
struct Missing {
    architecture: String,
    reason: Arc<Error>,
}

impl Emulation {
    /// Sees to it that programs for an architecture run here, which is named as OCI images name it: `arm64`. If the
    /// kernel knows how, nothing is done. Otherwise QEMU's emulator (`qemu-aarch64-static`) is looked for in the
    /// directories `search`.
    ///
    /// That it cannot be done is no error yet: perhaps what is run is not for that architecture at all.
    #[must_use]
    pub fn of(architecture: &str, search: &[PathBuf]) -> Self {
        // Of other architectures, execve(2) will tell.
        let Some(machine) = Machine::of(architecture) else {
            return Self::default();
        };
        match emulator(machine, search) {
            Ok(emulator) => Self {
                emulator,
                missing: None,
            },
            Err(reason) => Self {
                emulator: None,
                missing: Some(Missing {
                    architecture: architecture.to_owned(),
                    reason: Arc::new(reason),
                }),
            },
        }
    }

    /// The user namespace in which the programs run, if not in every one:
    /// [`Sandbox::user_namespace`](crate::Sandbox::user_namespace).
    ///
    /// # Errors
    /// When no further descriptor can be had.
    pub fn namespace(&self) -> Result<Option<OwnedFd>, Error> {
        self.emulator.as_ref().map(Emulator::namespace).transpose()
    }

    /// The error of [`spawn()`](crate::spawn()) for a program of that architecture: if the kernel did not know what to
    /// do with it, [`Error::Foreign`].
    #[must_use]
    pub fn explain(&self, error: Error) -> Error {
        match &self.missing {
            Some(missing) if probe::is_foreign(&error) => Error::Foreign {
                architecture: missing.architecture.clone(),
                source: Arc::clone(&missing.reason),
            },
            _ => error,
        }
    }
}

/// Runs a machine's smallest program in a sandbox; whether it worked.
pub(crate) fn runs_in_sandbox(machine: &Machine) -> Result<bool, Error> {
    probe::runs(machine, None)
}

/// Whether the programs of another machine run here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign {
    /// The architecture, as OCI images name it.
    pub architecture: &'static str,
    /// Whether they do.
    pub runs: bool,
}

impl Foreign {
    /// All that images are made for. Where there is a handler in the kernel, or an emulator in one of the directories
    /// `search`, a program is run.
    #[must_use]
    pub fn survey(search: &[PathBuf]) -> Vec<Self> {
        // Besides handlers, there are two files.
        let handlers = std::fs::read_dir(FORMATS).map_or(0, Iterator::count) > 2;
        let is_there = |name: &String| search.iter().any(|folder| folder.join(name).is_file());
        Machine::others()
            .map(|machine| Self {
                architecture: machine.architecture,
                runs: (handlers || machine.is_kin() || machine.emulators().iter().any(is_there))
                    && emulator(machine, search).is_ok(),
            })
            .collect()
    }
}

/// An emulator that works; `None` where none is needed.
fn emulator(machine: &'static Machine, search: &[PathBuf]) -> Result<Option<Emulator>, Error> {
    if probe::runs(machine, None)? {
        return Ok(None);
    }
    let names = machine.emulators();
    let places = names
        .iter()
        .flat_map(|name| search.iter().map(move |directory| directory.join(name)));
    let mut failure = None;
    for program in places.filter(|program| program.is_file()) {
        let works = |emulator: Emulator| match probe::runs(machine, Some(&emulator))? {
            true => Ok(emulator),
            false => Err(Error::kernel(Step::TryEmulator, "", Errno::NOEXEC)),
        };
        match Emulator::start(machine, &program).and_then(works) {
            Ok(emulator) => return Ok(Some(emulator)),
            Err(source) => {
                let source = Box::new(source);
                failure = failure.or(Some(Error::Emulator { program, source }));
            }
        }
    }
    Err(failure.unwrap_or(Error::NoEmulator { programs: names }))
}
