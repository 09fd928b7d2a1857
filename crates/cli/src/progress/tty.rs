//! The live view: a region at the end of the terminal that is drawn anew in one write, above which finished
//! steps stay as lines.

use super::steps::{Change, Steps};
use super::{Shared, View, frame, lock};
use crate::output;
use crate::terminal::style::Style;
use crate::terminal::{self, cursor, width};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two frames.
const INTERVAL: Duration = Duration::from_millis(80);

/// What is on the screen.
#[derive(Debug)]
pub(super) struct Tty {
    style: Style,
    /// Lines that wait to be written above the region.
    finished: Vec<String>,
    /// Columns of each line of the region as it was drawn.
    drawn: Vec<usize>,
    /// Whether the terminal is somebody else's.
    paused: bool,
}

impl Tty {
    pub(super) fn new(style: Style) -> Self {
        cursor::hide();
        Self {
            style,
            finished: Vec::new(),
            drawn: Vec::new(),
            paused: false,
        }
    }

    /// Keeps what is to stay; the screen follows with the next frame.
    pub(super) fn show(&mut self, steps: &Steps, change: &Change) {
        let (Change::Cached(id) | Change::Done(id) | Change::Failed(id)) = change else {
            return;
        };
        if let Some(step) = steps.get(*id) {
            let (columns, _) = terminal::size(io::stderr());
            self.finished.push(frame::ended(step, columns, self.style));
        }
    }

    /// Keeps a line that belongs to no step.
    pub(super) fn say(&mut self, line: &str) {
        self.finished.push(line.to_owned());
    }

    /// Draws again, after `end`.
    pub(super) fn resume(&mut self) {
        cursor::hide();
        self.paused = false;
    }

    fn draw(&mut self, steps: &Steps) {
        if self.paused {
            return;
        }
        let size = terminal::size(io::stderr());
        let lines = frame::live(steps, size, self.style);
        let text = self.frame(&lines, size.0);
        self.drawn = lines.iter().map(|line| width::of_styled(line)).collect();
        output::note(&text);
    }

    /// One write: up to the region's first line, the lines that stay, the region, nothing below. Terminals that know
    /// synchronised updates (mode 2026) show it at once.
    fn frame(&mut self, lines: &[String], columns: usize) -> String {
        // A terminal that became narrower has wrapped the lines that were drawn.
        let rows = |width: &usize| width.saturating_sub(1) / columns.max(1) + 1;
        let up: usize = self.drawn.iter().map(rows).sum();
        let mut out = "\x1b[?2026h\r".to_owned();
        if up > 0 {
            out.push_str(&format!("\x1b[{up}A"));
        }
        for line in self.finished.drain(..).chain(lines.iter().cloned()) {
            out.push_str(&line);
            out.push_str("\x1b[K\n");
        }
        out.push_str("\x1b[J\x1b[?2026l");
        out
    }

    /// Takes the region away and gives the cursor back.
    pub(super) fn end(&mut self, _steps: &Steps) {
        let (columns, _) = terminal::size(io::stderr());
        let text = self.frame(&[], columns);
        self.drawn.clear();
        output::note(&text);
        cursor::show();
        self.paused = true;
    }
}

/// The thread that draws.
#[derive(Debug)]
pub(super) struct Ticker {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Ticker {
    pub(super) fn start(shared: &Arc<Mutex<Shared>>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (flag, shared) = (Arc::clone(&stop), Arc::clone(shared));
        let thread = std::thread::spawn(move || {
            while !flag.load(Ordering::Relaxed) {
                let mut shared = lock(&shared);
                let Shared { steps, view } = &mut *shared;
                if let View::Tty(tty) = view {
                    tty.draw(steps);
                }
                drop(shared);
                std::thread::park_timeout(INTERVAL);
            }
        });
        Self { stop, thread }
    }

    pub(super) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        // A ticker that panicked has nothing more to draw.
        let _ = self.thread.join();
    }
}
