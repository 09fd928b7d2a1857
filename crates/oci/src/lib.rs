//! The OCI image specification, written in Rust.
//!
//! Names follow the specification: a [`Descriptor`] points at a blob by [`Digest`], a [`Manifest`]
//! lists the blobs of one image, an [`Index`] lists manifests by [`Platform`], and an
//! [`ImageConfig`] says how the image was made and how to run it. Docker's schema 2 documents are
//! the same documents under other media types and are read with the same types.
//!
//! Layers are streams: [`tar`] reads and writes their changesets and [`compression`] wraps them.
//! Images move between places through [`BlobSource`] and [`BlobSink`].
//!
//! Nothing in this crate opens a file or a socket, and all of it takes hostile input.
#![forbid(unsafe_code)]

pub mod compression;
pub mod tar;
pub mod timestamp;

mod blob;
mod descriptor;
mod digest;
mod document;
mod error;
mod image;
mod index;
mod json;
mod manifest;
mod media_type;
mod platform;
mod reference;

pub use blob::{BlobError, BlobSink, BlobSource, Transfer, copy_image, read_blob};
pub use compression::Compression;
pub use descriptor::Descriptor;
pub use digest::{
    Algorithm, ChainId, DiffId, Digest, DigestReader, DigestWriter, Hasher, VerifiedReader,
};
pub use document::{Document, MAX_DOCUMENT_SIZE};
pub use error::Error;
pub use image::{Config, Healthcheck, History, ImageConfig, RootFs};
pub use index::Index;
pub use json::Extra;
pub use manifest::Manifest;
pub use media_type::MediaType;
pub use platform::Platform;
pub use reference::Reference;
