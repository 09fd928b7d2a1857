//! Plain lines, for pipes and files: `#5 [builder 2/5] RUN make`, `#5 0.31 text`, `#5 done 1.2s`.

use super::frame;
use super::steps::{Change, State, Step, Steps};
use crate::report::times;
use crate::terminal::style::Style;

/// Something that arrives is worth a line if it has so many bytes: configurations are not.
const WORTH_A_LINE: u64 = 64 << 10;

/// Makes lines of changes.
#[derive(Debug)]
pub(super) struct Plain {
    style: Style,
}

impl Plain {
    pub(super) fn new(style: Style) -> Self {
        Self { style }
    }

    /// The lines that a change is worth.
    pub(super) fn show(&self, steps: &Steps, change: &Change) -> String {
        let of = |id| steps.get(id);
        match change {
            Change::Started(id) => of(*id).map(|step| self.head(step) + "\n"),
            Change::Cached(id) => {
                of(*id).map(|step| format!("{} {}\n", self.head(step), self.style.green("cached")))
            }
            Change::Line(id, text) => of(*id).map(|step| {
                let time = step.state.elapsed().as_secs_f64();
                format!(
                    "{} {text}\n",
                    self.style.dim(&format!("#{} {time:.2}", step.number))
                )
            }),
            Change::Moved => None,
            Change::Arrived(id, what) => of(*id).and_then(|step| self.arrived(step, what)),
            Change::Done(id) => of(*id).map(|step| self.end(step, &self.style.green("done"))),
            Change::Failed(id) => of(*id).map(|step| self.end(step, &self.style.red("FAILED"))),
        }
        .unwrap_or_default()
    }

    /// Small things arrive in silence.
    fn arrived(&self, step: &Step, what: &str) -> Option<String> {
        let transfer = step.transfers.get(what)?;
        let time = step.state.elapsed().as_secs_f64();
        let number = self.style.dim(&format!("#{} {time:.2}", step.number));
        let line = frame::on_its_way(what, transfer);
        (transfer.done >= WORTH_A_LINE).then(|| format!("{number} {line}\n"))
    }

    fn head(&self, step: &Step) -> String {
        format!(
            "{} {}",
            self.style.dim(&format!("#{}", step.number)),
            super::title(&step.title)
        )
    }

    fn end(&self, step: &Step, word: &str) -> String {
        let number = self.style.dim(&format!("#{}", step.number));
        match step.state {
            State::Done(took) | State::Failed(took) => {
                format!("{number} {word} {}\n", times::elapsed(took))
            }
            _ => format!("{number} {word}\n"),
        }
    }
}
