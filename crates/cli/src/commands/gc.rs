//! `carafe gc`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use crate::report::sizes;
use dockerfile::size::bytes;

/// Remove garbage, and bring the store down to its max-size; builds do so by themselves
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave no more than this, whatever the configuration says: 20GB
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_size: Option<u64>,
}

fn size(text: &str) -> Result<u64, String> {
    bytes(text).ok_or_else(|| format!("`{text}` is no size: it is like 20GB"))
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = match args.max_size {
        Some(bytes) => {
            let store = config.unlimited_store()?;
            store.limit_to(bytes);
            store
        }
        None => config.store()?,
    };
    let fit = store.fit_to_limit()?;
    let (freed, used) = (sizes::compact(fit.freed), sizes::compact(fit.used));
    output::result(&format!("Freed: {freed}\nUsed:  {used}\n"))?;
    Ok(Exit::Success)
}
