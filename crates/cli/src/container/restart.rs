//! `--restart`: whether a container is started again when it has ended.

use super::directory::Container;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// When a container is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Restart {
    /// Never.
    #[default]
    No,
    /// When its program failed; so many times at most, if a number is given.
    OnFailure(Option<u32>),
    /// Always, until somebody stops it.
    Always,
    /// The same: nothing here starts containers when the machine starts.
    UnlessStopped,
}

impl Restart {
    /// Reads a `--restart`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (word, count) = match text.split_once(':') {
            Some((word, count)) => (word, Some(count)),
            None => (text, None),
        };
        let wrong = || {
            format!("`{text}` is no policy: there are no, on-failure[:N], always, unless-stopped")
        };
        match (word, count) {
            ("no" | "", None) => Ok(Self::No),
            ("always", None) => Ok(Self::Always),
            ("unless-stopped", None) => Ok(Self::UnlessStopped),
            ("on-failure", None) => Ok(Self::OnFailure(None)),
            ("on-failure", Some(count)) => match count.parse() {
                Ok(0) => Ok(Self::OnFailure(None)),
                Ok(count) => Ok(Self::OnFailure(Some(count))),
                Err(_) => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }

    /// Docker's name, and how many times.
    pub(crate) const fn words(self) -> (&'static str, u32) {
        match self {
            Self::No => ("no", 0),
            Self::OnFailure(Some(count)) => ("on-failure", count),
            Self::OnFailure(None) => ("on-failure", 0),
            Self::Always => ("always", 0),
            Self::UnlessStopped => ("unless-stopped", 0),
        }
    }

    /// Whether a program that ended with this code, after it had been started again so many times, is started again.
    pub(crate) const fn wants(self, code: i32, restarts: u32) -> bool {
        match self {
            Self::No => false,
            Self::Always | Self::UnlessStopped => true,
            Self::OnFailure(None) => code != 0,
            Self::OnFailure(Some(most)) => code != 0 && restarts < most,
        }
    }
}

/// How long to wait before the next start: from a tenth of a second on, twice as long each time, up to a minute. Who ran for
/// ten seconds begins anew. The numbers are Docker's.
#[derive(Debug)]
pub(crate) struct Pause {
    next: Duration,
}

impl Pause {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(60);
    const LONG_RUN: Duration = Duration::from_secs(10);
    /// Between two looks whether somebody stopped it.
    const LOOK: Duration = Duration::from_millis(20);

    pub(crate) const fn new() -> Self {
        Self { next: Self::FIRST }
    }

    /// Waits, after a run of this length. Whether to go on: not if the container was stopped meanwhile.
    pub(crate) fn wait(&mut self, ran: Duration, container: &Container) -> bool {
        if ran >= Self::LONG_RUN {
            self.next = Self::FIRST;
        }
        let until = Instant::now() + self.next;
        self.next = (self.next * 2).min(Self::LONGEST);
        while !container.is_stopped() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(Self::LOOK));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::Restart;

    #[test]
    fn policies() {
        let of = |text| Restart::parse(text).unwrap();
        assert!(!of("no").wants(1, 0));
        assert!(of("always").wants(0, 99) && of("unless-stopped").wants(0, 99));
        assert!(of("on-failure").wants(1, 99) && !of("on-failure").wants(0, 0));
        assert!(of("on-failure:2").wants(1, 1) && !of("on-failure:2").wants(1, 2));
        for wrong in ["sometimes", "always:3", "on-failure:x", "on-failure:-1"] {
            assert!(Restart::parse(wrong).is_err(), "{wrong}");
        }
    }
}
