//! Layer changesets as tar streams: image-spec, layer.md; POSIX.1-2008 pax(1) "ustar Interchange
//! Format" and "pax Interchange Format"; and the GNU extensions that are met in the wild.
//!
//! Where programs read the same bytes in different ways, this reader reads them as Go's `archive/tar`
//! does, as that is what Docker, BuildKit, containerd and Podman use, or refuses them.

mod block;
mod entry;
mod error;
mod header;
mod pax;
mod reader;
mod sparse;
mod writer;

pub use entry::{Entry, Kind, Time};
pub use error::Error;
pub use reader::Reader;
pub use writer::Writer;

/// The most bytes that a header may have beside its block: PAX records, long names, sparse maps.
/// The same as in Go, so that memory is bounded whatever an archive says.
const MAX_SPECIAL_SIZE: u64 = 1 << 20;
