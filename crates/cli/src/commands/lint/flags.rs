//! The flags of `carafe lint`: hadolint's, and more.

use super::formats::Format;
use std::path::PathBuf;

/// Look for mistakes and bad habits in Dockerfiles
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Dockerfiles, and directories with Dockerfiles in them; `-` is standard input [default: ./Dockerfile]
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// How to show what is found; can be repeated, for one `--output` each
    #[arg(short, long, value_name = "FORMAT")]
    pub(super) format: Vec<Format>,
    /// Do what hadolint does, exactly: its rules only, its messages, its places
    #[arg(long)]
    pub(super) hadolint_compat: bool,
}

impl Args {
    pub(super) fn format(&self) -> Format {
        self.format.first().copied().unwrap_or(Format::Tty)
    }
}
