//! Blobs, images, snapshots and cache records on disk.
//!
//! A [`Store`] is one directory, laid out as [`Layout`] tells. Metadata are plain files, each written beside its
//! place and renamed into it; there is no database and no daemon, and any number of processes share a store.

#![forbid(unsafe_code)]

mod archive;
mod blobs;
mod cache_mounts;
mod error;
mod hex;
mod images;
mod layers;
mod layout;
mod records;
mod scratch;
mod snapshot_id;
mod stat_cache;
mod store;

pub use archive::{Loaded, Recompress, Saved, Scope};
pub use blobs::{BlobWriter, NewBlob};
pub use cache_mounts::{CacheMount, CacheMountId, Seed, Sharing};
pub use error::Error;
pub use images::{Image, ImageLayer, Listed, Removed, Tag, Unnamed};
pub use layers::Layer;
pub use layout::Layout;
pub use records::Record;
pub use scratch::Scratch;
pub use snapshot_id::SnapshotId;
pub use stat_cache::{FileStamp, StatCache};
pub use store::Store;
