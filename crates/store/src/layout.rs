//! Where things are in the store's directory.

use std::path::{Path, PathBuf};

/// The directories of a store. Only names: nothing here touches the disk.
///
/// | Name | Holds |
/// |---|---|
/// | `version` | the format version of all the rest |
/// | `lock` | locked shared by every process that uses the store |
/// | `blobs/sha256/<hex>` | blobs as they came or were compressed, named by digest (as in an OCI image layout) |
/// | `tags/<name>` | one file a reference: the descriptor of its manifest |
/// | `images/<hex>.json` | one file a manifest: what `images` shows |
/// | `layers/<hex>.json` | by diff ID: the snapshot, the size, the compressed forms that are known |
/// | `snapshots/<id>/` | unpacked layers |
/// | `records/<2 hex>/<hex>` | cache records by step key |
/// | `cache-mounts/<hex>/` | directories of `RUN --mount=type=cache` |
/// | `git/<hex>/` | bare git repositories, by the hash of their URL; made when one is fetched |
/// | `builds/<hex>/` | what the last build of each Dockerfile was made of |
/// | `statcache/<hex>` | content digests of a context's files, by their `stat` |
/// | `volumes/<name>/` | volumes of `run`; made when there is one |
/// | `containers/`, `logs/` | what `run` and `build` leave |
/// | `usage` | what all of it takes on the disk, where that is limited |
/// | `partial/` | blobs that came in part; made when one does |
/// | `tmp/` | unfinished work, swept when its owner is gone |
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Directories that exist in every open store, relative to its root.
    pub(crate) const DIRECTORIES: [&str; 11] = [
        "blobs/sha256",
        "tags",
        "images",
        "layers",
        "snapshots",
        "records",
        "cache-mounts",
        "statcache",
        "containers",
        "logs",
        "tmp",
    ];

    /// The layout of the store at `root`.
    #[must_use]
    pub fn new(root: PathBuf) -> Layout {
        Layout { root }
    }

    /// The store's own directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file that says which format the store has.
    #[must_use]
    pub fn version(&self) -> PathBuf {
        self.root.join("version")
    }

    /// The file that processes lock while they use the store.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// The file that says what the store takes.
    #[must_use]
    pub fn usage(&self) -> PathBuf {
        self.root.join("usage")
    }

    /// Blobs with a SHA-256 digest.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs/sha256")
    }

    /// References.
    #[must_use]
    pub fn tags(&self) -> PathBuf {
        self.root.join("tags")
    }

    /// Image records.
    #[must_use]
    pub fn images(&self) -> PathBuf {
        self.root.join("images")
    }

    /// Layer records.
    #[must_use]
    pub fn layers(&self) -> PathBuf {
        self.root.join("layers")
    }

    /// Unpacked layers.
    #[must_use]
    pub fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }

    /// Cache records.
    #[must_use]
    pub fn records(&self) -> PathBuf {
        self.root.join("records")
    }

    /// Cache mounts.
    #[must_use]
    pub fn cache_mounts(&self) -> PathBuf {
        self.root.join("cache-mounts")
    }

    /// Git repositories.
    #[must_use]
    pub fn repositories(&self) -> PathBuf {
        self.root.join("git")
    }

    /// What last builds were made of.
    #[must_use]
    pub fn builds(&self) -> PathBuf {
        self.root.join("builds")
    }

    /// Stat caches.
    #[must_use]
    pub fn stat_caches(&self) -> PathBuf {
        self.root.join("statcache")
    }

    /// Containers of `run`.
    #[must_use]
    pub fn containers(&self) -> PathBuf {
        self.root.join("containers")
    }

    /// Volumes of `run`.
    #[must_use]
    pub fn volumes(&self) -> PathBuf {
        self.root.join("volumes")
    }

    /// Build logs.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Blobs that came in part.
    #[must_use]
    pub fn partial(&self) -> PathBuf {
        self.root.join("partial")
    }

    /// Unfinished work.
    #[must_use]
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }
}
