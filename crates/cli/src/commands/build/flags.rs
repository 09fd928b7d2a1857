//! The flags of `build`: those of `docker buildx build`, with their meaning.

use super::cache::CacheFlags;
use super::call_flags::CallFlags;
use super::ignored::Ignored;
use super::outputs::OutputFlags;
use super::rejected::Rejected;
use super::reporting::ReportingArgs;
use super::reproducible::ReproducibleFlags;
use super::run_flags::RunFlags;
use crate::key_values::{boolean, maybe_pair, pair};

/// Build an image from a Dockerfile
#[derive(Debug, Default, clap::Args)]
#[command(override_usage = "carafe build [OPTIONS] CONTEXT")]
pub(crate) struct Args {
    /// Read the Dockerfile from here: a file, a URL, or `-` for standard input [default: CONTEXT/Dockerfile]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<String>,

    /// The Dockerfile itself, from a bake file.
    #[arg(skip)]
    pub(crate) dockerfile_inline: Option<String>,

    /// Give the image this name
    #[arg(short, long = "tag", value_name = "NAME[:TAG]")]
    pub(crate) tags: Vec<String>,

    /// Build this stage instead of the last one
    #[arg(long, value_name = "STAGE")]
    pub(crate) target: Option<String>,

    /// Set an ARG; without a value, to that of the environment variable of this name
    #[arg(long = "build-arg", value_name = "NAME[=VALUE]", value_parser = maybe_pair)]
    pub(crate) build_args: Vec<(String, Option<String>)>,

    /// Set a label on the image
    #[arg(long = "label", value_name = "KEY[=VALUE]", value_parser = maybe_pair)]
    pub(crate) labels: Vec<(String, Option<String>)>,

    /// Build for these platforms: os/architecture[/variant], or `local` [default: this machine's]
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',')]
    pub(crate) platform: Vec<String>,

    /// Let steps use a secret: id=NAME[,src=FILE|,env=VARIABLE]
    #[arg(long = "secret", value_name = "SECRET")]
    pub(crate) secrets: Vec<String>,

    /// Write the result elsewhere: DIR, or type=oci|docker|tar|local|image|registry|cacheonly[,dest=PATH]
    #[arg(short, long = "output", value_name = "OUTPUT")]
    pub(crate) outputs: Vec<String>,

    /// Let COPY --from and FROM use this under a name: a folder, docker-image://NAME, oci-layout://FOLDER, a URL
    #[arg(long = "build-context", value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) build_contexts: Vec<(String, String)>,

    /// Use no results of earlier builds
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", default_value = "false", value_parser = boolean,
          hide_default_value = true, hide_possible_values = true, action = clap::ArgAction::Set)]
    pub(crate) no_cache: bool,

    /// Use no results of earlier builds for these stages
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    pub(crate) no_cache_filter: Vec<String>,

    /// Ask the registry for base images even if the store has them
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", default_value = "false", value_parser = boolean,
          hide_default_value = true, action = clap::ArgAction::Set)]
    pub(crate) pull: bool,

    /// Choose the network of RUN: default (the host's), host or none
    #[arg(
        long,
        value_name = "MODE",
        default_value = "default",
        hide_default_value = true
    )]
    pub(crate) network: String,

    /// Choose how progress is shown: auto, tty, plain, quiet, rawjson
    #[arg(long, value_name = "KIND")]
    pub(crate) progress: Option<String>,

    /// Show nothing, and print the image ID at the end
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Write the image ID to a file
    #[arg(long, value_name = "FILE")]
    pub(crate) iidfile: Option<std::path::PathBuf>,

    /// Write what is known of the result to a file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) metadata_file: Option<std::path::PathBuf>,

    /// Keep the image in carafe's store (as without --output)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", default_value = "false", value_parser = boolean,
          hide_default_value = true, action = clap::ArgAction::Set)]
    pub(crate) load: bool,

    #[command(flatten)]
    pub(crate) cache: CacheFlags,

    #[command(flatten)]
    pub(super) output_flags: OutputFlags,

    #[command(flatten)]
    pub(crate) reproducible: ReproducibleFlags,

    #[command(flatten)]
    pub(crate) run: RunFlags,

    #[command(flatten)]
    pub(crate) reporting: ReportingArgs,

    #[command(flatten)]
    pub(crate) call: CallFlags,

    #[command(flatten)]
    pub(crate) rejected: Rejected,

    #[command(flatten)]
    pub(super) ignored: Ignored,

    /// The build context: a folder, a git repository, the URL of an archive or of a Dockerfile, or `-`
    #[arg(value_name = "CONTEXT")]
    pub(crate) context: String,
}
