//! What this process may use.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Lets the process have as many open files as the system allows.
///
/// A stack of layers that is looked into holds a descriptor for each layer, and the usual limit of 1024 is not
/// made for programs but for `select(2)`. What runs in a sandbox gets the same limit, as Docker's containers do.
pub(crate) fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // If it cannot be raised, only very deep images notice.
        let _ = setrlimit(
            Resource::Nofile,
            rustix::process::Rlimit {
                current: limit.maximum,
                maximum: limit.maximum,
            },
        );
    }
}
