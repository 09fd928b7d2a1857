//! One build among several in one display: its steps bear its name.

use super::Progress;
use builder::{Event, StepId};

/// No build has as many steps.
const ROOM: u32 = 100_000;

/// A part of a display.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    progress: &'a Progress,
    name: &'a str,
    first: u32,
}

impl Progress {
    /// The part for the build of this name and number.
    pub(crate) fn part<'a>(&'a self, name: &'a str, number: usize) -> Part<'a> {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        Part {
            progress: self,
            name,
            first: number.saturating_mul(ROOM),
        }
    }
}

impl Part<'_> {
    /// Takes an event of this build.
    pub(crate) fn event(&self, event: Event) {
        let event = match event {
            Event::Planned(titles) => {
                let mut titles = titles;
                for title in &mut titles {
                    title.id = self.id(title.id);
                    for input in &mut title.inputs {
                        *input = self.id(*input);
                    }
                    title.stage = match title.stage.is_empty() {
                        true => self.name.to_owned(),
                        false => format!("{} {}", self.name, title.stage),
                    };
                }
                Event::Planned(titles)
            }
            Event::Started(id) => Event::Started(self.id(id)),
            Event::Cached(id) => Event::Cached(self.id(id)),
            Event::Imported(id, cache) => Event::Imported(self.id(id), cache),
            Event::Output(id, stream, bytes) => Event::Output(self.id(id), stream, bytes),
            Event::Progress {
                step,
                what,
                done,
                total,
            } => Event::Progress {
                step: self.id(step),
                what,
                done,
                total,
            },
            Event::Finished(id) => Event::Finished(self.id(id)),
            Event::Failed(id) => Event::Failed(self.id(id)),
            told @ (Event::Explained(_)
            | Event::Warning(_)
            | Event::Surveyed(_)
            | Event::CacheUnused { .. }) => told,
        };
        self.progress.event(event);
    }

    fn id(&self, id: StepId) -> StepId {
        StepId(self.first.saturating_add(id.0))
    }
}
