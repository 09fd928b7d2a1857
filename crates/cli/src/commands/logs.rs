//! `carafe logs`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::directory::{Container, Containers};
use crate::container::log::{Frame, Reader, Stream};
use crate::exit::Exit;
use crate::report::times;
use oci::timestamp;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Between two looks at a log that is followed.
const INTERVAL: Duration = Duration::from_millis(50);

/// Show what a container wrote
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Go on as the container writes, until it ends
    #[arg(short, long)]
    follow: bool,
    /// Begin each line with its time
    #[arg(short, long)]
    timestamps: bool,
    /// Show this many lines from the end
    #[arg(short = 'n', long, value_name = "LINES", default_value = "all", value_parser = tail)]
    tail: Tail,
    /// Show what was written since then: a moment, or so long ago (10m)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<i64>,
    /// Show what was written until then
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<i64>,
    /// The container: its name or ID
    container: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tail {
    All,
    Last(usize),
}

fn tail(text: &str) -> Result<Tail, String> {
    match text {
        "all" => Ok(Tail::All),
        number => number
            .parse()
            .map(Tail::Last)
            .map_err(|_| format!("`{number}` is neither a number of lines nor `all`")),
    }
}

/// A moment as the log has it.
fn moment(text: &str) -> Result<i64, String> {
    let moment = times::moment(text, SystemTime::now());
    let since = moment.and_then(|moment| moment.duration_since(UNIX_EPOCH).ok());
    let nanos = since.and_then(|since| i64::try_from(since.as_nanos()).ok());
    nanos.ok_or_else(|| format!("`{text}` is no moment such as 2026-11-30T12:00:00 or 10m"))
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let container = Containers::new(&store).find(&args.container)?;
    match show(args, &container) {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Success),
        Err(error) => {
            let what = format_args!("show the log of container {}", container.record.name);
            Err(CommandError::io(what, error))
        }
        Ok(()) => Ok(Exit::Success),
    }
}

fn show(args: &Args, container: &Container) -> io::Result<()> {
    let mut reader = match Reader::open(&container.log_path()) {
        // A container that was never started has none.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        reader => reader?,
    };
    let mut screen = Screen {
        timestamps: args.timestamps,
        at_line_start: [true, true],
    };
    let is_meant = |frame: &Frame| {
        args.since.is_none_or(|since| frame.nanos >= since)
            && args.until.is_none_or(|until| frame.nanos <= until)
    };
    if let Tail::Last(lines) = args.tail {
        for frame in last_lines(&mut reader, lines, is_meant)? {
            screen.write(&frame)?;
        }
    }
    loop {
        // Looked at before the log is read: what an owner wrote last is not missed.
        let over = !args.follow || !container.is_owned();
        while let Some(frame) = reader.next_frame()? {
            if is_meant(&frame) {
                screen.write(&frame)?;
            }
        }
        if over {
            return Ok(());
        }
        std::thread::sleep(INTERVAL);
    }
}

/// The frames of the last lines; the first is cut to where they begin.
fn last_lines(
    reader: &mut Reader,
    lines: usize,
    is_meant: impl Fn(&Frame) -> bool,
) -> io::Result<VecDeque<Frame>> {
    let mut kept: VecDeque<(usize, Frame)> = VecDeque::new();
    let mut count = 0;
    while let Some(frame) = reader.next_frame()? {
        if !is_meant(&frame) {
            continue;
        }
        let ends = frame.bytes.iter().filter(|b| **b == b'\n').count();
        count += ends;
        kept.push_back((ends, frame));
        while let Some((first, _)) = kept.front()
            && count - first > lines
        {
            count -= first;
            kept.pop_front();
        }
    }
    let open = kept
        .back()
        .is_some_and(|(_, frame)| frame.bytes.last() != Some(&b'\n'));
    let mut surplus = (count + usize::from(open)).saturating_sub(lines);
    let mut frames = VecDeque::new();
    for (ends, mut frame) in kept {
        let cut = surplus.min(ends);
        if cut > 0 {
            surplus -= cut;
            let ends = frame.bytes.iter().enumerate().filter(|(_, b)| **b == b'\n');
            let from = ends.map(|(at, _)| at + 1).nth(cut - 1).unwrap_or(0);
            frame.bytes.drain(..from);
        }
        if lines > 0 && !frame.bytes.is_empty() {
            frames.push_back(frame);
        }
    }
    Ok(frames)
}

/// Our standard streams, and whether each is at the start of a line.
struct Screen {
    timestamps: bool,
    at_line_start: [bool; 2],
}

impl Screen {
    fn write(&mut self, frame: &Frame) -> io::Result<()> {
        let bytes = if self.timestamps {
            self.stamped(frame)
        } else {
            frame.bytes.clone()
        };
        match frame.stream {
            Stream::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(&bytes)?;
                out.flush()
            }
            Stream::Stderr => io::stderr().lock().write_all(&bytes),
        }
    }

    fn stamped(&mut self, frame: &Frame) -> Vec<u8> {
        let since_1970 = Duration::from_nanos(u64::try_from(frame.nanos).unwrap_or_default());
        let stamp = timestamp::format(UNIX_EPOCH + since_1970);
        let at_start = &mut self.at_line_start[usize::from(frame.stream == Stream::Stderr)];
        let mut out = Vec::new();
        for line in frame.bytes.split_inclusive(|b| *b == b'\n') {
            if *at_start {
                out.extend_from_slice(stamp.as_bytes());
                out.push(b' ');
            }
            out.extend_from_slice(line);
            *at_start = line.ends_with(b"\n");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::last_lines;
    use crate::container::log::{Reader, Stream, Writer};

    fn last(pieces: &[&str], lines: usize) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let writer = Writer::open(&path).unwrap();
        for piece in pieces {
            writer.write(Stream::Stdout, 0, piece.as_bytes()).unwrap();
        }
        let frames = last_lines(&mut Reader::open(&path).unwrap(), lines, |_| true).unwrap();
        frames
            .iter()
            .map(|frame| String::from_utf8_lossy(&frame.bytes).into_owned())
            .collect()
    }

    #[test]
    fn lines_from_the_end() {
        let pieces = ["a\nb\nc", "c\nd\n", "e\n"];
        assert_eq!(last(&pieces, 1), "e\n");
        assert_eq!(last(&pieces, 2), "d\ne\n");
        assert_eq!(last(&pieces, 3), "cc\nd\ne\n");
        assert_eq!(last(&pieces, 0), "");
        assert_eq!(last(&pieces, 99), "a\nb\ncc\nd\ne\n");
        assert_eq!(last(&["a\nb"], 1), "b");
        assert_eq!(last(&[], 3), "");
    }
}
