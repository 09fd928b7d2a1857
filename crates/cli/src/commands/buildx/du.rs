//! `buildx du`: what the store's unpacked layers take.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use crate::report::sizes;
use crate::report::table::Table;

/// `buildx du`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long, hide = true)]
    verbose: bool,
    #[arg(long, hide = true)]
    filter: Vec<String>,
}

pub(super) fn run(_args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let mut table = Table::new(["ID", "SIZE"]).right_aligned(&[1]);
    let mut total = 0;
    for id in store.snapshot_ids()? {
        // Another process may have removed it meanwhile.
        let Some(snapshot) = store.snapshot(&id)? else {
            continue;
        };
        let size = store.snapshot_size(&snapshot)?;
        total += size;
        table.push([id.as_str(), &sizes::compact(size)]);
    }
    let text = format!("{}Total: {}\n", table.render(), sizes::compact(total));
    output::result(&text)?;
    Ok(Exit::Success)
}
