//! `carafe stats --no-stream`.

use super::images::short;
use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::{Container, Containers};
use crate::container::processes;
use crate::container::state::Phase;
use crate::exit::Exit;
use crate::output;
use crate::report::listing::{Column, Listing};
use crate::report::sizes;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Show what containers use
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show it once (showing it again and again is not implemented yet)
    #[arg(long)]
    no_stream: bool,
    /// Show a table, JSON lines (`json`) or a filled-in Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// The containers: names or IDs; without, all that run
    #[arg(value_name = "CONTAINER")]
    containers: Vec<String>,
}

const FIELDS: &[Column] = &[
    ("ID", "CONTAINER ID"),
    ("Container", "CONTAINER"),
    ("Name", "NAME"),
    ("CPUPerc", "CPU %"),
    ("MemUsage", "MEM USAGE / LIMIT"),
    ("MemPerc", "MEM %"),
    ("PIDs", "PIDS"),
];

/// Between the two looks that tell how busy a container is.
const BETWEEN: Duration = Duration::from_secs(1);

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    if !args.no_stream {
        return Err(CommandError::not_yet("stats without --no-stream"));
    }
    let store = config.store()?;
    let all = Containers::new(&store);
    let containers = match args.containers.as_slice() {
        [] => all.list()?,
        names => names
            .iter()
            .map(|name| all.find(name))
            .collect::<Result<_, _>>()?,
    };
    let mut looks = Vec::new();
    for container in containers {
        let state = container.state()?;
        if state.phase == Phase::Running {
            looks.push((Look::at(state.pid), state.pid, container));
        } else if !args.containers.is_empty() {
            looks.push((Look::default(), 0, container));
        }
    }
    let start = Instant::now();
    if looks.iter().any(|(_, pid, _)| *pid != 0) {
        std::thread::sleep(BETWEEN);
    }
    let machine = memory_of_machine();
    let rows = looks
        .iter()
        .map(|(first, pid, container)| {
            let now = Look::at(*pid);
            let busy = now.time.saturating_sub(first.time).as_secs_f64();
            let share = busy / start.elapsed().as_secs_f64().max(f64::MIN_POSITIVE);
            row(container, &now, share, machine)
        })
        .collect();
    let listing = Listing {
        fields: FIELDS,
        shown: &["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "PIDs"],
        rows,
    };
    output::result(&listing.render(args.format.as_deref())?)?;
    Ok(Exit::Success)
}

/// What a container's processes have used and have, all together.
#[derive(Debug, Default)]
struct Look {
    time: Duration,
    memory: u64,
    threads: u64,
}

impl Look {
    /// Of no processes, if the number is 0.
    fn at(init: u32) -> Self {
        let mut look = Self::default();
        let processes = if init == 0 {
            Vec::new()
        } else {
            processes::of(init)
        };
        for process in processes {
            look.time += process.time;
            look.memory += process.memory;
            look.threads += process.threads;
        }
        look
    }
}

fn row(container: &Container, now: &Look, share: f64, machine: u64) -> Value {
    let record = &container.record;
    let limit = record.limits.memory.unwrap_or(machine).min(machine);
    // Of a few gigabytes all bytes are whole in a double.
    let percent = now.memory as f64 * 100.0 / limit.max(1) as f64;
    json!({
        "ID": short(&record.id),
        "Container": record.name,
        "Name": record.name,
        "CPUPerc": format!("{:.2}%", share * 100.0),
        "MemUsage": format!("{} / {}", sizes::compact(now.memory), sizes::compact(limit)),
        "MemPerc": format!("{percent:.2}%"),
        "PIDs": now.threads.to_string(),
    })
}

/// Bytes: proc_meminfo(5).
fn memory_of_machine() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes =
        total.and_then(|rest| rest.split_ascii_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
