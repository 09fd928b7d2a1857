//! `carafe top`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::Containers;
use crate::container::processes;
use crate::container::state::Phase;
use crate::exit::Exit;
use crate::output;
use crate::report::table::Table;
use crate::terminal::clean;
use oci::timestamp;
use std::time::{Duration, SystemTime};

/// Show the processes in a container
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The container: its name or ID
    container: String,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    options: Vec<String>,
}

impl Args {
    /// The container's name.
    pub(crate) fn container(&self) -> &str {
        &self.container
    }
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    if !args.options.is_empty() {
        return Err(CommandError::not_yet("top with options of ps(1)"));
    }
    let store = config.store()?;
    let container = Containers::new(&store).find(&args.container)?;
    let state = container.state()?;
    if state.phase != Phase::Running {
        let name = &args.container;
        return Err(
            CommandError::new(format!("container {name} is not running"))
                .hint("carafe ps lists those that run"),
        );
    }
    let up = std::fs::read_to_string("/proc/uptime").ok();
    let up = up.and_then(|text| text.split_once('.')?.0.parse().ok());
    let booted = SystemTime::now() - Duration::from_secs(up.unwrap_or(0));
    let mut table = Table::new(["UID", "PID", "PPID", "STIME", "TTY", "TIME", "CMD"]);
    for process in processes::of(state.pid) {
        let started = timestamp::format_seconds(booted + process.started);
        let seconds = process.time.as_secs();
        table.push([
            process.uid.to_string(),
            process.pid.to_string(),
            process.parent.to_string(),
            started.get(11..16).unwrap_or_default().to_owned(),
            process.terminal(),
            format!(
                "{:02}:{:02}:{:02}",
                seconds / 3600,
                seconds / 60 % 60,
                seconds % 60
            ),
            clean::line(process.command.as_bytes()),
        ]);
    }
    output::result(&table.render())?;
    Ok(Exit::Success)
}
