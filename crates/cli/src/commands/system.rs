//! `carafe system`.

mod df;

use super::prune;
use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use clap::Subcommand;

/// See what the store takes, or remove what nobody needs
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Df(df::Args),
    Prune(prune::Args),
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    match &args.verb {
        Verb::Df(args) => df::run(args, config),
        Verb::Prune(args) => prune::run(args, config),
    }
}
