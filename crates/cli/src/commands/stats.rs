//! `carafe stats`.

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
use crate::terminal;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use store::Store;

/// Show what containers use
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show it once, not every second until Ctrl-C
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

/// Between two looks, which tell how busy a container is.
const BETWEEN: Duration = Duration::from_secs(1);

/// To the upper left corner, and everything away: `CUP` and `ED` of ECMA-48.
const CLEAR: &str = "\x1b[H\x1b[J";

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let live = !args.no_stream && terminal::is_terminal(std::io::stdout());
    let mut before = Looks::take(args, &store)?;
    loop {
        if !args.no_stream || before.are_any_running() {
            std::thread::sleep(BETWEEN);
        }
        let now = Looks::take(args, &store)?;
        let listing = Listing {
            fields: FIELDS,
            shown: &["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "PIDs"],
            rows: now.rows(&before),
        };
        let table = listing.render(args.format.as_deref())?;
        let is_read = match live {
            true => output::is_read(&format!("{CLEAR}{table}"))?,
            false => output::is_read(&table)?,
        };
        if args.no_stream || !is_read {
            return Ok(Exit::Success);
        }
        before = now;
    }
}

/// What containers have used until a moment.
struct Looks {
    at: Instant,
    all: Vec<(Container, Look)>,
}

impl Looks {
    /// At the containers that were named, or at all that run.
    fn take(args: &Args, store: &Store) -> Result<Self, CommandError> {
        let containers = Containers::new(store);
        let asked = match args.containers.as_slice() {
            [] => containers.list()?,
            names => names
                .iter()
                .map(|name| containers.find(name))
                .collect::<Result<_, _>>()?,
        };
        let at = Instant::now();
        let mut all = Vec::new();
        for container in asked {
            let state = container.state()?;
            if state.phase == Phase::Running {
                all.push((container, Look::at(state.pid)));
            } else if !args.containers.is_empty() {
                all.push((container, Look::default()));
            }
        }
        Ok(Self { at, all })
    }

    fn are_any_running(&self) -> bool {
        self.all.iter().any(|(_, look)| look.threads > 0)
    }

    fn of(&self, id: &str) -> Option<&Look> {
        let mut found = self.all.iter();
        found
            .find(|(container, _)| container.record.id == id)
            .map(|(_, look)| look)
    }

    fn rows(&self, before: &Self) -> Vec<Value> {
        let machine = memory_of_machine();
        let passed = self.at.duration_since(before.at).as_secs_f64();
        let row = |(container, now): &(Container, Look)| {
            // One that is new has not been busy yet; one that was started again has used less than before.
            let busy = before.of(&container.record.id);
            let busy = busy.map_or(Duration::ZERO, |then| now.time.saturating_sub(then.time));
            let share = busy.as_secs_f64() / passed.max(f64::MIN_POSITIVE);
            row(container, now, share, machine)
        };
        self.all.iter().map(row).collect()
    }
}

/// What a container's processes have used and have, all together.
#[derive(Debug, Default)]
struct Look {
    time: Duration,
    memory: u64,
    threads: u64,
}

impl Look {
    fn at(init: u32) -> Self {
        let mut look = Self::default();
        for process in processes::of(init) {
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
