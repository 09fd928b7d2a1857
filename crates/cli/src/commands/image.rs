//! `carafe image`: docker's longer words for the verbs about images.

pub(crate) mod prune;

use super::{build, export, history, images, import, inspect, load, pull, push, rmi, save, tag};
use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use clap::Subcommand;

/// Work with images
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Build(Box<build::Args>),
    #[command(visible_alias = "list")]
    Ls(images::Args),
    History(history::Args),
    Inspect(inspect::Args),
    Pull(pull::Args),
    Push(push::Args),
    Load(load::Args),
    Save(save::Args),
    Import(import::Args),
    Export(export::Args),
    Tag(tag::Args),
    #[command(visible_alias = "remove")]
    Rm(rmi::Args),
    Prune(prune::Args),
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    match &args.verb {
        Verb::Build(args) => build::run(args, config),
        Verb::Ls(args) => images::run(args, config),
        Verb::History(args) => history::run(args, config),
        Verb::Inspect(args) => inspect::of_images(args, config),
        Verb::Pull(args) => pull::run(args, config),
        Verb::Push(args) => push::run(args, config),
        Verb::Load(args) => load::run(args, config),
        Verb::Save(args) => save::run(args, config),
        Verb::Import(args) => import::run(args, config),
        Verb::Export(args) => export::run(args, config),
        Verb::Tag(args) => tag::run(args, config),
        Verb::Rm(args) => rmi::run(args, config),
        Verb::Prune(args) => prune::run(args, config),
    }
}
