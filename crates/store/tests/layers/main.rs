//! Layers as directories, on real overlays: these tests need the right to mount and to make devices.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod apply;
mod diff;
mod extract;
mod hostile;
mod packed;
mod roundtrip;
mod snapshot;
mod support;
mod working_copy;
