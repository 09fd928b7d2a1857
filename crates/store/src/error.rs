//! The store's one error type.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use oci::{BlobError, Digest, Reference, tar};

/// What can go wrong in the store. Every variant names the operation and the object; the cause, where there is
/// one, is the error's source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A system call on one of the store's own files failed.
    #[error("cannot {operation} {}", path.display())]
    Io {
        /// The verb: "open", "rename", "lock".
        operation: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },

    /// The files of the store have their owners in another way than this process can read: see [`rootfs::record_owners`].
    #[error("the store at {} was made {} subordinate IDs", path.display(), if *recorded { "without" } else { "with" })]
    Owners {
        /// The store's directory.
        path: PathBuf,
        /// Whether its files have recorded owners.
        recorded: bool,
    },

    /// The directory was written by a carafe that lays its store out differently.
    #[error("the store at {} has format version {found:?}, this carafe reads version {expected}", path.display())]
    Version {
        /// The store's directory.
        path: PathBuf,
        /// What its `version` file says.
        found: String,
        /// The version that this program reads and writes.
        expected: u32,
    },

    /// A snapshot's name is not made of lower-case hexadecimal digits.
    #[error("a snapshot's name is 1 to 128 lower-case hexadecimal digits")]
    SnapshotId,

    /// A snapshot is not in the store (any more).
    #[error("the store has no snapshot {id}")]
    NoSuchSnapshot {
        /// Its name.
        id: crate::SnapshotId,
    },

    /// A stack without any snapshot has no layer to make.
    #[error("a stack without snapshots has no layer")]
    EmptyStack,

    /// A stack of snapshots could not be mounted or looked into, or a tree not be removed.
    #[error("cannot use a snapshot")]
    Root {
        /// The file or the mount, and what the kernel said.
        source: rootfs::Error,
    },

    /// A layer could not be unpacked or made.
    #[error(transparent)]
    Layer(#[from] crate::LayerError),

    /// A blob is not in the store, neither as a file nor as a layer that could be made again.
    #[error("the store has no blob {digest}")]
    NoSuchBlob {
        /// The blob's name.
        digest: Digest,
    },

    /// Bytes are not what their descriptor says.
    #[error("cannot store blob {digest}")]
    Content {
        /// The blob's name.
        digest: Digest,
        /// What is wrong with it.
        source: oci::Error,
    },

    /// A blob cannot be read, or is not what its digest says.
    #[error("cannot read blob {digest}")]
    ReadBlob {
        /// The blob's name.
        digest: Digest,
        /// The reason.
        source: io::Error,
    },

    /// A blob is not the manifest, index or configuration that it should be.
    #[error("blob {digest} is not usable")]
    Document {
        /// The blob's name.
        digest: Digest,
        /// What is wrong with it.
        source: oci::Error,
    },

    /// A manifest and its configuration disagree.
    #[error("manifest {digest} has {layers} layers, but its configuration has {diff_ids} diff IDs")]
    LayerCount {
        /// The manifest.
        digest: Digest,
        /// Its layers.
        layers: usize,
        /// The configuration's.
        diff_ids: usize,
    },

    /// Nothing in the store has this name or ID.
    #[error("no such image: {name}")]
    NoSuchImage {
        /// What was asked for.
        name: String,
    },

    /// The image is here, but not for this platform.
    #[error(
        "image {name} is not in the store for platform {platform} (it is for {})",
        list(available)
    )]
    NoSuchPlatform {
        /// What was asked for.
        name: String,
        /// For what.
        platform: String,
        /// What there is.
        available: Vec<String>,
    },

    /// An ID was shortened so much that several images have it.
    #[error("image ID {prefix} is ambiguous: {}", list(candidates))]
    AmbiguousId {
        /// What was asked for.
        prefix: String,
        /// The IDs that begin so.
        candidates: Vec<Digest>,
    },

    /// An image given by ID has names in several repositories.
    #[error(
        "image {id} has several names ({}): remove them one by one, or use force",
        list(references)
    )]
    SeveralNames {
        /// The image.
        id: Digest,
        /// Its names.
        references: Vec<Reference>,
    },

    /// An archive, or how it is compressed, is broken, or its stream failed.
    #[error("cannot read the archive")]
    Archive {
        /// What is wrong.
        source: tar::Error,
    },

    /// An archive's stream failed, or what it is compressed with is broken.
    #[error("cannot read {what}")]
    Read {
        /// What was being read: "the archive", "the content of manifest.json".
        what: String,
        /// The reason.
        source: io::Error,
    },

    /// A member of an archive cannot be what it says.
    #[error("the archive's member {name} {problem}")]
    Member {
        /// The member.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },

    /// An archive names something that it does not have.
    #[error("the archive has no {name}, which {by} names")]
    MissingMember {
        /// What is missing.
        name: String,
        /// Where it is named.
        by: String,
    },

    /// A document in an archive is not usable.
    #[error("the archive's {name} is not usable")]
    MemberDocument {
        /// The member.
        name: String,
        /// What is wrong with it.
        source: oci::Error,
    },

    /// Docker's `manifest.json` in an archive is not usable.
    #[error("the archive's manifest.json is not usable")]
    DockerManifest {
        /// What is wrong with it.
        source: serde_json::Error,
    },

    /// An archive has no image in it.
    #[error(
        "the archive holds no image: it has neither an index.json (OCI) nor a manifest.json (Docker) with one in it"
    )]
    NoImage,

    /// The images of an archive are for other platforms.
    #[error(
        "the archive has no image for platform {platform} (it has {})",
        list(available)
    )]
    NotInArchive {
        /// What was asked for.
        platform: String,
        /// What there is.
        available: Vec<String>,
    },

    /// An archive cannot be written, or what should go into it cannot be read.
    #[error("cannot write the archive")]
    WriteArchive {
        /// The reason.
        source: tar::Error,
    },

    /// A layer cannot be compressed.
    #[error("cannot compress layer {digest}")]
    Compress {
        /// The layer's blob as it is.
        digest: Digest,
        /// The reason.
        source: io::Error,
    },

    /// A layer that is being made cannot be compressed.
    #[error("cannot compress a layer")]
    Compressor {
        /// The reason.
        source: io::Error,
    },

    /// A layer's blob cannot be unpacked.
    #[error("cannot unpack layer {digest}")]
    UnpackLayer {
        /// The blob.
        digest: Digest,
        /// The entry and what is wrong with it.
        source: crate::LayerError,
    },

    /// A blob that the store lacks could not be had.
    #[error("cannot fetch a layer")]
    Source {
        /// Which, and the reason.
        source: BlobError,
    },

    /// The store may not grow any more, and all that is in it is needed.
    #[error(
        "the store takes {used} bytes and would grow by {growth}, more than the {limit} that it may take: tagged images, \
         containers and what runs now need them"
    )]
    Full {
        /// What it takes when all that can go is gone.
        used: u64,
        /// What was to be added.
        growth: u64,
        /// What it may take.
        limit: u64,
    },

    /// A draft that is not mounted, or is as an overlay, has no working copy.
    #[error("the layer in the making has no working copy")]
    NoWorkingCopy,

    /// Where nothing can be mounted, the root has nothing that it could be put aside in.
    #[error("nothing can be mounted on `/` here")]
    CoversAll,

    /// A part of a cache that is to be mounted is not there.
    #[error("there is no `{}` in the cache", path.display())]
    NotLent {
        /// What is missing.
        path: PathBuf,
    },

    /// Whoever asked for it said to stop.
    #[error("stopped")]
    Stopped,
}

impl Error {
    /// The closure that turns an `io::Error` of `operation` on `path` into an [`Error::Io`], for `map_err`.
    pub(crate) fn io<E: Into<io::Error>>(
        operation: &'static str,
        path: &Path,
    ) -> impl FnOnce(E) -> Error {
        move |source| Error::Io {
            operation,
            path: path.to_owned(),
            source: source.into(),
        }
    }
}

/// The things with commas between.
fn list<T: Display>(things: &[T]) -> String {
    things
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
