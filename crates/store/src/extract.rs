//! `ADD` of an archive: what BuildKit does with Docker's `chrootarchive.Untar`.

use std::io::{BufReader, Read};

use oci::tar;
use rootfs::{Dir, Root};

use crate::layer_error::LayerError;
use crate::unpack::{Capabilities, Rules, Unpacked, Unpacker, clean};

/// The archive is read so much at a time.
const BUFFER: usize = 128 * 1024;

/// What was unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extracted {
    /// The number of entries.
    pub entries: u64,
    /// The bytes of all regular files.
    pub size: u64,
}

/// Unpacks an archive, uncompressed, into `destination`, which may have things in it already.
///
/// The destination is the root of all that is in the archive: links, also those that were there before, are resolved
/// inside it. Every entry belongs to `owner`, if that is given, but directories that no entry describes are made for
/// 0:0 with mode 0755. A directory that is there gets what its entry says; anything else that is in the way of an
/// entry is replaced. Nothing is older than 1970. The destination itself is left as it is, and `.wh.` names are names like
/// others.
///
/// # Errors
/// [`LayerError`].
pub fn extract(
    archive: impl Read,
    destination: Dir,
    owner: Option<(u32, u32)>,
) -> Result<Extracted, LayerError> {
    let rules = Rules {
        owner,
        capabilities: Capabilities::BestEffort,
        relabel_links: true,
    };
    let mut unpacker = Unpacker::new(Root::from_fd(destination.into_fd()), rules)?;
    let mut archive = tar::Reader::new(BufReader::with_capacity(BUFFER, archive));
    while let Some(mut entry) = archive
        .next_entry()
        .map_err(|source| LayerError::Read { source })?
    {
        if entry.mtime.seconds < 0 {
            entry.mtime = tar::Time::default();
        }
        let Some(path) = clean(&entry.path)? else {
            continue;
        };
        let place = unpacker.place(path)?;
        if let Unpacked::Dangling(target) = unpacker.unpack(&entry, &place, &mut archive)? {
            return Err(LayerError::LinkTarget {
                path: place.path,
                target,
            });
        }
    }
    let summary = unpacker.finish()?;
    Ok(Extracted {
        entries: summary.count,
        size: summary.size,
    })
}

/// Whether this (uncompressed) is an archive that `ADD` unpacks: it has a first entry. An archive without entries is
/// a file like others.
#[must_use]
pub fn is_archive(start: impl Read) -> bool {
    matches!(tar::Reader::new(start).next_entry(), Ok(Some(_)))
}
