//! Which start of the machine this is.

use std::fs;
use std::sync::OnceLock;

use crate::SnapshotId;

/// Names the time since the machine was started: what was written in it and not synced is known to the kernel, on the
/// disk or not. Where there is no `/proc`, nothing unsynced is trusted: the name is this process's alone.
pub(crate) fn boot_id() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(
        || match fs::read_to_string("/proc/sys/kernel/random/boot_id") {
            Ok(id) => id.trim().to_owned(),
            Err(_) => SnapshotId::random().to_string(),
        },
    )
}
