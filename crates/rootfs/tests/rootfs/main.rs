//! The crate on real file systems and mounts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod copy;
mod dir;
mod overlay;
mod root;
mod union;
