//! Layer changesets as tar streams: image-spec, layer.md; POSIX.1-2008 pax(1) "ustar Interchange
//! Format" and "pax Interchange Format"; and the GNU extensions that are met in the wild.
//!
//! Where programs read the same bytes in different ways, this reader reads them as Go's `archive/tar`
//! does, as that is what Docker, BuildKit, containerd and Podman use, or refuses them.

mod entry;

pub use entry::{Entry, Kind, Time};
