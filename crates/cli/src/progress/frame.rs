//! The lines of the live view for one moment: running steps with their time and the tail of their
//! output, and a line that counts. Only text: nothing is written here.

use super::steps::{State, Step, Steps, Transfer};
use crate::report::{sizes, times};
use crate::terminal::style::Style;
use crate::terminal::width;

/// Signs that turn while a step runs.
const TURNING: [&str; 4] = ["◐", "◓", "◑", "◒"];

/// Lines for a terminal of this size. Never as many as it has rows, and none as wide as it is.
pub(super) fn live(steps: &Steps, (columns, rows): (usize, usize), style: Style) -> Vec<String> {
    let columns = columns.saturating_sub(1);
    let budget = rows.saturating_sub(2).clamp(1, 24);
    let running: Vec<&Step> = steps.running().take(budget.saturating_sub(1)).collect();
    let spare = budget.saturating_sub(1 + running.len());
    let each = spare.checked_div(running.len()).unwrap_or(0);
    let mut lines = Vec::new();
    for step in running {
        let turn = step.state.elapsed().as_millis() / 200 % TURNING.len() as u128;
        let sign = style.blue(TURNING[usize::try_from(turn).unwrap_or(0)]);
        let time = times::elapsed(step.state.elapsed());
        lines.push(headline(
            &sign,
            &super::title(&step.title),
            &moved(step, time),
            columns,
        ));
        let below = below(step, each, columns);
        lines.extend(below.iter().map(|line| style.dim(line)));
    }
    let (done, of) = steps.count();
    if of > 0 {
        let time = times::elapsed(steps.began.elapsed());
        lines.push(style.bold(&width::cut(
            &format!("  {done} of {of} steps · {time}"),
            columns,
        )));
    }
    lines
}

/// The line that stays when a step is over.
pub(super) fn ended(step: &Step, columns: usize, style: Style) -> String {
    let (sign, note) = match step.state {
        State::Cached => (style.green("✓"), "cached".to_owned()),
        State::Failed(took) => (style.red("✗"), times::elapsed(took)),
        other => (style.green("✓"), times::elapsed(other.elapsed())),
    };
    headline(
        &sign,
        &super::title(&step.title),
        &note,
        columns.saturating_sub(1),
    )
}

/// `✓ title      note`, the note at the right edge (of a line that is still easy to read across).
fn headline(sign: &str, title: &str, note: &str, columns: usize) -> String {
    let columns = columns.min(110);
    let room = columns.saturating_sub(3 + width::of(note));
    let title = width::cut(title, room);
    let blanks = " ".repeat(room.saturating_sub(width::of(&title)) + 1);
    format!("{sign} {title}{blanks}{note}")
}

fn moved(step: &Step, time: String) -> String {
    match step.moved() {
        Some((done, Some(total))) if total > 0 => {
            format!(
                "{} of {}  {time}",
                sizes::spaced(done),
                sizes::spaced(total)
            )
        }
        Some((done, _)) if done > 0 => format!("{}  {time}", sizes::spaced(done)),
        _ => time,
    }
}

/// What stands below a running step: what it moves, or else what it says.
fn below(step: &Step, most: usize, columns: usize) -> Vec<String> {
    let moving: Vec<String> = { step.moving() }
        .take(most.min(8))
        .map(|(what, transfer)| width::cut(&format!("  │ {}", on_its_way(what, transfer)), columns))
        .collect();
    match moving.is_empty() {
        true => tail(step, most, columns),
        false => moving,
    }
}

/// `4f4fb700ef54  12.3 MB of 40.1 MB  8.2 MB/s`
pub(super) fn on_its_way(what: &str, transfer: &Transfer) -> String {
    let done = sizes::spaced(transfer.done);
    let rate = { transfer.rate() }
        .map(|rate| format!("  {}/s", sizes::spaced(rate)))
        .unwrap_or_default();
    match transfer.total {
        Some(total) if total != transfer.done => {
            format!("{what}  {done} of {}{rate}", sizes::spaced(total))
        }
        _ => format!("{what}  {done}{rate}"),
    }
}

fn tail(step: &Step, most: usize, columns: usize) -> Vec<String> {
    let unfinished = step.unfinished_line();
    let all: Vec<&str> = step
        .tail
        .iter()
        .chain(&unfinished)
        .map(String::as_str)
        .collect();
    let from = all.len().saturating_sub(most.min(6));
    all[from..]
        .iter()
        .map(|line| width::cut(&format!("  │ {line}"), columns))
        .collect()
}
