//! Two layers that should be the same.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use oci::DigestWriter;
use oci::tar::{Entry, Kind};
use store::{Change, Changes, Timestamps};

use crate::Error;

/// A file that came out otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its path, absolute.
    pub path: PathBuf,
    /// In what.
    pub aspects: Vec<Aspect>,
}

/// In what a file differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// Only the first build made it.
    OnlyFirst,
    /// Only the second build made it.
    OnlySecond,
    /// A file and a directory, for instance; or links to different targets.
    Kind,
    /// The content.
    Content,
    /// The permissions.
    Mode,
    /// Owner or group.
    Owner,
    /// The modification time.
    Time,
    /// Extended attributes.
    Attributes,
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnlyFirst => "only in the first build",
            Self::OnlySecond => "only in the second build",
            Self::Kind => "kind or target",
            Self::Content => "content",
            Self::Mode => "mode",
            Self::Owner => "owner",
            Self::Time => "time",
            Self::Attributes => "attributes",
        })
    }
}

/// An entry, and the digest of its content.
type Member = (Entry, Option<oci::Digest>);

/// What is different in two layers. Times count if they were rewritten.
pub(super) fn layers(
    first: Changes,
    second: Changes,
    timestamps: Timestamps,
) -> Result<Vec<Difference>, Error> {
    let first = members(first)?;
    let mut second = members(second)?;
    let mut differences = BTreeMap::new();
    for (path, one) in first {
        let aspects = match second.remove(&path) {
            Some(other) => aspects(&one, &other, timestamps),
            None => vec![Aspect::OnlyFirst],
        };
        differences.insert(path, aspects);
    }
    differences.extend(
        second
            .into_keys()
            .map(|path| (path, vec![Aspect::OnlySecond])),
    );
    let differences = differences
        .into_iter()
        .filter(|(_, aspects)| !aspects.is_empty());
    Ok(differences
        .map(|(path, aspects)| Difference {
            path: PathBuf::from(OsString::from_vec([b"/", &*path].concat())),
            aspects,
        })
        .collect())
}

fn members(changes: Changes) -> Result<BTreeMap<Vec<u8>, Member>, Error> {
    let mut members = BTreeMap::new();
    for change in changes {
        let Change { entry, content } = change.map_err(store::Error::from)?;
        let digest = content.map(|file| digest(file, &entry)).transpose()?;
        members.insert(entry.path.clone(), (entry, digest));
    }
    Ok(members)
}

fn digest(mut file: File, entry: &Entry) -> Result<oci::Digest, Error> {
    let mut writer = DigestWriter::new(std::io::sink());
    std::io::copy(&mut file, &mut writer).map_err(|source| Error::Read {
        path: PathBuf::from(OsString::from_vec(entry.path.clone())),
        source,
    })?;
    let (_, digest, _) = writer.finish();
    Ok(digest)
}

fn aspects((one, a): &Member, (other, b): &Member, timestamps: Timestamps) -> Vec<Aspect> {
    let is_link = |entry: &Entry| matches!(entry.kind, Kind::Hardlink(_));
    let differs = [
        (Aspect::Kind, one.kind != other.kind),
        (Aspect::Content, a != b && !is_link(one) && !is_link(other)),
        (Aspect::Mode, one.mode != other.mode),
        (Aspect::Owner, (one.uid, one.gid) != (other.uid, other.gid)),
        (
            Aspect::Time,
            !timestamps.are_kept() && one.mtime != other.mtime,
        ),
        (Aspect::Attributes, one.xattrs != other.xattrs),
    ];
    let differs = differs.into_iter().filter(|(_, differs)| *differs);
    differs.map(|(aspect, _)| aspect).collect()
}
