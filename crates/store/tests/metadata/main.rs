//! The store's metadata: layout, blobs, images, cache records, cache mounts, stat caches, and several processes
//! at once.
#![allow(
    clippy::unwrap_used,
    reason = "what helpers of tests cannot do, tests cannot do"
)]

mod cache_mounts;
mod crash;
mod export;
mod gc;
mod images;
mod last_build;
mod lent;
mod load;
mod open;
mod records;
mod save;
mod stat_cache;
mod support;
mod together;
mod unpack;
mod unsynced;
