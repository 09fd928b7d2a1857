//! `RUN` for other machines: what runs their programs, for the whole of a build.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use oci::Platform;
use sandbox::Emulation;

/// The emulations of a build, each made when a step first needs it.
#[derive(Debug, Default)]
pub(super) struct Emulations(Mutex<BTreeMap<String, Arc<Emulation>>>);

impl Emulations {
    /// That of a platform; nothing where none is needed.
    pub(super) fn of(&self, platform: Option<&Platform>, programs: &[PathBuf]) -> Arc<Emulation> {
        let Some(platform) = platform else {
            return Arc::default();
        };
        let mut known = self.0.lock().expect("no thread panics with it");
        let architecture = &platform.architecture;
        let emulation = known
            .entry(architecture.clone())
            .or_insert_with(|| Arc::new(Emulation::of(architecture, programs)));
        Arc::clone(emulation)
    }
}
