//! What tests need: images made in memory, and a registry in this process that can misbehave.
//!
//! Only ever a dev-dependency. It panics where a test would have to.
#![forbid(unsafe_code)]

mod blobs;
pub mod foreign;
mod image;
mod programs;
mod registry;

pub use blobs::Blobs;
pub use image::{Image, ImageBuilder, index, layer};
pub use programs::busybox;
pub use registry::{Access, Fault, Received, Registry};
