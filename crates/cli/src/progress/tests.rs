use super::steps::Steps;
use super::{LogDirectory, StepId, frame, plain::Plain};
use crate::terminal::style::Style;
use crate::terminal::width;
use builder::{Event, StepTitle, Stream};

fn planned(texts: &[&str]) -> Event {
    let of = texts.len() as u32;
    let title = |(at, text): (usize, &&str)| StepTitle {
        id: id(at),
        stage: "builder".to_owned(),
        position: Some((at as u32 + 1, of)),
        text: (*text).to_owned(),
        line: Some(at as u32 + 1),
        inputs: Vec::new(),
    };
    Event::Planned(texts.iter().enumerate().map(title).collect())
}

fn id(at: usize) -> StepId {
    StepId(at as u32)
}

fn output(at: usize, text: &str) -> Event {
    Event::Output(id(at), Stream::Stdout, text.as_bytes().to_vec())
}

struct Build {
    steps: Steps,
    shown: String,
    dir: tempfile::TempDir,
}

impl Build {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            steps: Steps::new(LogDirectory::new(dir.path())),
            shown: String::new(),
            dir,
        }
    }

    fn with(mut self, events: impl IntoIterator<Item = Event>) -> Self {
        let plain = Plain::new(Style::plain());
        for event in events {
            for change in self.steps.apply(event) {
                self.shown += &plain.show(&self.steps, &change);
            }
        }
        self
    }
}

#[test]
fn plain_lines() {
    let build = Build::new().with([
        planned(&["FROM alpine", "RUN make\nall"]),
        Event::Cached(id(0)),
        Event::Started(id(1)),
        output(1, "one\ntw"),
        output(1, "o\nthr\x1b[31mee"),
        Event::Finished(id(1)),
    ]);
    let want = "\
#1 [builder 1/2] FROM alpine cached
#2 [builder 2/2] RUN make all
#2 0.00 one
#2 0.00 two
#2 0.00 three
#2 done 0.0s
";
    assert_eq!(build.shown, want);
}

#[test]
fn a_step_that_fails_before_it_starts_is_named() {
    let events = [planned(&["COPY nothing /"]), Event::Failed(id(0))];
    let want = "#1 [builder 1/1] COPY nothing /\n#1 FAILED 0.0s\n";
    assert_eq!(Build::new().with(events).shown, want);
}

#[test]
fn the_log_of_a_failed_step_is_kept_whole() {
    let mut build = Build::new().with([
        planned(&["RUN a", "RUN b"]),
        Event::Started(id(0)),
        Event::Started(id(1)),
        output(0, "first\n"),
        output(1, "other\n"),
        output(0, "second\x1b[0m"),
        Event::Failed(id(0)),
    ]);
    let failed = build.steps.failed(true);
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].title, "[builder 1/2] RUN a");
    assert!(!failed[0].shown, "lines of another step came between");
    let log = failed[0].log.as_ref().unwrap();
    assert!(log.starts_with(build.dir.path()));
    assert_eq!(std::fs::read(log).unwrap(), b"first\nsecond\x1b[0m");
}

#[test]
fn events_of_unknown_steps_are_survived() {
    let build = Build::new().with([
        Event::Started(id(7)),
        output(7, "x\n"),
        Event::Finished(id(7)),
    ]);
    assert_eq!(build.shown, "");
}

#[test]
fn live_lines_fit_the_terminal() {
    let long = "RUN ".to_owned() + &"漢字 make ".repeat(40);
    let texts: Vec<&str> = (0..30).map(|_| long.as_str()).collect();
    let mut events = vec![planned(&texts)];
    for at in 0..30 {
        events.push(Event::Started(id(at)));
        events.push(output(at, &"line of output ".repeat(20)));
        events.push(output(at, "\nnext\n"));
    }
    let build = Build::new().with(events);
    for size in [(80, 24), (20, 5), (1, 1), (0, 0), (300, 100)] {
        let lines = frame::live(&build.steps, size, Style::coloured());
        assert!(
            lines.len() < size.1.max(3),
            "{} lines in {} rows",
            lines.len(),
            size.1
        );
        for line in lines {
            assert!(width::of_styled(&line) < size.0.max(12), "{line}");
        }
    }
}

#[test]
fn live_view_shows_time_output_and_transfer() {
    let build = Build::new().with([
        planned(&["RUN make", "FROM golang"]),
        Event::Started(id(0)),
        output(0, "cc a.c\ncc b"),
        Event::Started(id(1)),
        Event::Progress {
            step: id(1),
            what: "layer".to_owned(),
            done: 5_000_000,
            total: None,
        },
    ]);
    let lines = frame::live(&build.steps, (60, 20), Style::plain());
    assert_eq!(lines.len(), 6);
    assert!(lines[0].starts_with("◐ [builder 1/2] RUN make ") && lines[0].ends_with(" 0.0s"));
    assert_eq!(lines[1..3], ["  │ cc a.c", "  │ cc b"]);
    assert!(lines[3].ends_with("5 MB  0.0s"), "{}", lines[3]);
    assert_eq!(lines[4], "  │ layer  5 MB");
    assert_eq!(lines[5], "  0 of 2 steps · 0.0s");
}

#[test]
fn what_arrives_has_a_line_once() {
    let moves = |what: &str, done, total| Event::Progress {
        step: id(0),
        what: what.to_owned(),
        done,
        total: Some(total),
    };
    let build = Build::new().with([
        planned(&["push app"]),
        Event::Started(id(0)),
        moves("large", 100_000, 300_000),
        moves("small", 500, 500),
        moves("large", 300_000, 300_000),
        moves("large", 300_000, 300_000),
    ]);
    let lines: Vec<&str> = build.shown.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].contains("large  300 kB"), "{lines:?}");
    assert!(build.steps.running().all(|step| step.moving().count() == 0));
}
