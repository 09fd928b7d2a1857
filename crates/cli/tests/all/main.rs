//! The tests of the whole program and of the project itself, in one binary: each test binary costs a link.
#![allow(clippy::unwrap_used, reason = "a test program")]

mod analyze;
mod architecture;
mod bake;
mod builds;
mod cache_mounts;
mod cache_rules;

mod cached_push;
mod caches;
mod checks;
mod chroot;
mod container_verbs;
mod containers;
mod docker;
mod doctor;
mod explain;
mod export_ends;
mod freshness;
mod hostile;
mod hostile_caches;
mod images;
mod left_behind;
mod lint;
mod login;
mod missing;
mod network;
mod on_error;
mod outputs;
mod owners;
mod platforms;
mod prune;
mod pulls;
mod push;
mod remote;
mod reproducible;
mod run_flags;
mod runs;
mod ssh;
mod support;
mod warnings;
