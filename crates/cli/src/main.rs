//! carafe: builds container images from Dockerfiles, without a daemon and without root.
//!
//! This crate is the command line: verbs, progress, reports and exit codes. What a build or an image *is* lives in the
//! libraries; see `ARCHITECTURE.md` for the way through them.

#![forbid(unsafe_code)]

mod args;
mod bake;
mod command_error;
mod commands;
mod config;
mod container;
mod diagnostic;
mod docker_plugin;
mod exit;
mod interruptible;
mod key_values;
mod limits;
mod output;
mod progress;
mod query_escape;
mod report;
mod signals;
mod template;
mod terminal;

use std::process::ExitCode;

// musl's allocator has one lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // This process may be the inside of a sandbox: nothing comes before this.
    sandbox::run_if_child();
    limits::raise_open_files();
    ExitCode::from(args::run().code())
}
