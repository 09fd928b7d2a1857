//! Blobs, images, snapshots and cache records on disk.
//!
//! A [`Store`] is one directory, laid out as [`Layout`] tells. Metadata are plain files, each written beside its
//! place and renamed into it; there is no database and no daemon, and any number of processes share a store.

#![forbid(unsafe_code)]

mod apply;
mod archive;
mod blobs;
mod boot;
mod cache_mounts;
mod diff;
mod error;
mod extract;
mod gc;
mod hex;
mod images;
mod last_build;
mod layer_error;
mod layer_writer;
mod layers;
mod layout;
mod lease;
mod measure;
mod mount;
mod packed;
mod reaper;
mod records;
mod repositories;
mod scratch;
mod seal;
mod site;
mod snapshot;
mod snapshot_id;
mod stat_cache;
mod store;
mod timestamps;
mod unpack;
mod usage;
mod working_copy;

pub use apply::{Applied, apply};
pub use archive::{
    Annotation, ArchiveFormat, ArchiveOut, Exported, Extraneous, Loaded, MediaTypes, Noted, Packed,
    Packing, Recompress, Saved, Scope, Tree, export_dir, export_tar,
};
pub use blobs::{BlobWriter, Growing, NewBlob};
pub use cache_mounts::{CacheMount, CacheMountId, MountIndex, PackedMount, Seed, Sharing};
pub use diff::{Change, Changes, Grafted, LayerSize, write_layer};
pub use error::Error;
pub use extract::{Extracted, extract, is_archive};
pub use gc::{CacheEntry, CacheKind, CacheScope, Fit, Prune, Pruned};
pub use images::{Ground, Image, ImageLayer, Listed, Proceed, Removed, StackLayer, Tag, Unnamed};
pub use last_build::{LastBuild, List};
pub use layer_error::LayerError;
pub use layers::Layer;
pub use layout::Layout;
pub use measure::bytes_in;
pub use records::Record;
pub use repositories::RepositoryCache;
pub use scratch::Scratch;
pub use seal::Sealed;
pub use site::Site;
pub use snapshot::{Draft, Snapshot, SnapshotMeta};
pub use snapshot_id::SnapshotId;
pub use stat_cache::{FileStamp, StatCache};
pub use store::Store;
pub use timestamps::{CONTEXT_TIME, Timestamps};
pub use usage::{ImageUsage, Part, Usage};
pub use working_copy::{Covers, Guest};
