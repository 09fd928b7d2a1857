//! `docker buildx`: the verbs of buildx, for carafe in its place.

mod builder;

pub(crate) use builder::check as check_builder;

use super::{bake, build};
use crate::command_error::CommandError;
use crate::config::Config;
use crate::docker_plugin::BUILDX_VERSION;
use crate::exit::Exit;
use crate::output;
use crate::terminal::clean;
use clap::Subcommand;
use std::ffi::OsString;

/// What `docker buildx` does, for carafe installed as docker-buildx
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Args {
    /// Name the builder; there is one, `carafe`
    #[arg(long, value_name = "NAME")]
    builder: Option<String>,
    /// Accepted and not needed
    #[arg(short = 'D', long, hide = true)]
    debug: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    #[command(visible_alias = "b")]
    Build(Box<build::Args>),
    #[command(visible_alias = "f")]
    Bake(Box<bake::Args>),
    /// Show the version: that of the buildx whose command line this is, and carafe's
    Version,
    /// List the builder
    Ls(builder::ListArgs),
    /// Describe the builder
    Inspect(builder::InspectArgs),
    /// Choose a builder
    Use(builder::UseArgs),
    /// Make a builder
    Create(builder::CreateArgs),
    /// Remove a builder
    Rm(builder::RemoveArgs),
    /// Stop a builder: nothing runs between builds
    Stop(builder::StopArgs),
    /// Show what the build cache takes
    Du(super::builder::DuArgs),
    Prune(super::builder::PruneArgs),
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    builder::check(args.builder.as_deref())?;
    match &args.verb {
        Verb::Build(args) => build::run(args, config),
        Verb::Bake(args) => bake::run(args, config),
        Verb::Version => {
            let own = env!("CARGO_PKG_VERSION");
            let text = format!("github.com/docker/buildx {BUILDX_VERSION} carafe-{own}\n");
            output::result(&text)?;
            Ok(Exit::Success)
        }
        Verb::Ls(args) => builder::list(args, config),
        Verb::Inspect(args) => builder::inspect(args, config),
        Verb::Use(args) => builder::use_(args),
        Verb::Create(args) => builder::create(args),
        Verb::Rm(args) => builder::remove(args),
        Verb::Stop(args) => builder::stop(args),
        Verb::Du(args) => super::builder::du(args, config),
        Verb::Prune(args) => super::builder::prune(args, config),
        Verb::Other(words) => Err(other(words)),
    }
}

/// What buildx has beside, and what nobody has.
fn other(words: &[OsString]) -> CommandError {
    const LATER: [&str; 7] = [
        "dap",
        "debug",
        "dial-stdio",
        "history",
        "imagetools",
        "install",
        "policy",
    ];
    let name = words.first().map(|word| word.to_string_lossy());
    let name = name.unwrap_or_default();
    match LATER.contains(&&*name) {
        true => CommandError::not_yet(format_args!("buildx {name}")),
        false => {
            let name = clean::line(name.as_bytes());
            CommandError::usage(format!("there is no `buildx {name}`"))
                .hint("`buildx --help` lists what there is")
        }
    }
}
