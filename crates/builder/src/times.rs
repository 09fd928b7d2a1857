//! What of time gets into an image: `SOURCE_DATE_EPOCH`, `--reproducible`, and the exporters' attributes about them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use oci::timestamp;
use rootfs::{Metadata, Time};
use store::{CONTEXT_TIME, Timestamps};

use crate::Error;

/// The build argument, and the variable of the environment, that says when "now" is:
/// <https://reproducible-builds.org/specs/source-date-epoch/>.
pub(crate) const SOURCE_DATE_EPOCH: &str = "SOURCE_DATE_EPOCH";

/// The value of `SOURCE_DATE_EPOCH` that stands for the time of the build context.
const OF_CONTEXT: &str = "context";

/// The last second that RFC 3339 can write: the end of the year 9999.
const LAST: i64 = 253_402_300_799;

/// What a build is told of time.
#[derive(Clone, Debug, Default)]
pub struct Times {
    /// How far the result is to depend on nothing but Dockerfile, context and base images.
    pub reproducible: Reproducible,
    /// When the build context was last changed, in seconds since 1970, if that is known.
    pub context: Option<i64>,
    /// The images to make of what was built, the same but for their times; one with the defaults if there is none.
    pub images: Vec<ImageTimes>,
}

/// How far a build is to be reproducible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reproducible {
    /// As far as `SOURCE_DATE_EPOCH` says.
    #[default]
    AsAsked,
    /// Whoever builds it wherever: `--reproducible`.
    Wholly,
}

/// What of time an image holds: attributes of BuildKit's image exporters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageTimes {
    /// `source-date-epoch`, in seconds since 1970; `None` is the build's.
    pub epoch: Option<i64>,
    /// `rewrite-timestamp`.
    pub files: FileTimes,
}

/// What becomes of files' times in an image that has an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileTimes {
    /// None tells when the image was built.
    #[default]
    Settled,
    /// `rewrite-timestamp=true`: none is later than the epoch.
    Clamped,
    /// `rewrite-timestamp=false`: they stay.
    Kept,
}

impl Times {
    /// The images that are asked for.
    pub(crate) fn images(&self) -> Vec<ImageTimes> {
        match self.images.as_slice() {
            [] => vec![ImageTimes::default()],
            images => images.to_vec(),
        }
    }

    /// The epoch of the build, if it has one. `value` is that of `SOURCE_DATE_EPOCH`.
    pub(crate) fn epoch(&self, value: Option<&str>) -> Result<Option<i64>, Error> {
        let asked = match value {
            None | Some("") => None,
            Some(OF_CONTEXT) => self.context,
            Some(number) => Some(parse_epoch(number).ok_or_else(|| Error::BuildArgument {
                name: SOURCE_DATE_EPOCH,
                value: number.to_owned(),
                expected: "a number of seconds since 1970, or the word `context`",
            })?),
        };
        Ok(match self.reproducible {
            Reproducible::Wholly => asked.or(self.context).or(Some(0)),
            Reproducible::AsAsked => asked,
        })
    }

    /// What is taken of a context's files in a build with this epoch.
    pub(crate) fn normalise(&self, epoch: Option<i64>) -> Normalise {
        let images = self.images();
        let has_epoch = epoch.is_some() || images.iter().any(|image| image.epoch.is_some());
        let as_buildkit = images.iter().any(|image| image.files != FileTimes::Settled);
        match self.reproducible {
            Reproducible::Wholly => Normalise::AsInGit,
            Reproducible::AsAsked if has_epoch && !as_buildkit => Normalise::Times,
            Reproducible::AsAsked => Normalise::Nothing,
        }
    }

    /// Whether an image is made of a build with this epoch in which files have other times than in their snapshots.
    pub(crate) fn rewrite_files(&self, epoch: Option<i64>) -> bool {
        let images = self.images();
        let mut stamps = images.iter().map(|image| self.of(*image, epoch));
        stamps.any(|stamps| !stamps.files.are_kept())
    }

    /// What an image's history and files say, in a build with this epoch.
    pub(crate) fn of(&self, image: ImageTimes, epoch: Option<i64>) -> Stamps {
        let Some(epoch) = image.epoch.or(epoch) else {
            return Stamps::default();
        };
        let files = match (image.files, self.reproducible) {
            (FileTimes::Kept, _) => Timestamps::Kept,
            (FileTimes::Clamped, Reproducible::AsAsked) => Timestamps::Clamped(epoch),
            _ => Timestamps::Settled(epoch),
        };
        let created = u64::try_from(epoch).unwrap_or_default();
        let created: SystemTime = UNIX_EPOCH + Duration::from_secs(created);
        Stamps {
            created: Some(timestamp::format_seconds(created)),
            files,
        }
    }
}

/// The value of `SOURCE_DATE_EPOCH` or `source-date-epoch`: a number of seconds since 1970, before the year 10000.
#[must_use]
pub fn parse_epoch(text: &str) -> Option<i64> {
    let seconds: i64 = text.parse().ok()?;
    (0..=LAST).contains(&seconds).then_some(seconds)
}

/// The times in one image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamps {
    /// When the image and each of its own layers were made; `None` says when they were.
    pub(crate) created: Option<String>,
    /// What becomes of files' times.
    pub(crate) files: Timestamps,
}

/// What of a context's files depends on who checked them out when and where, and is made the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Normalise {
    /// Files are as they are.
    #[default]
    Nothing,
    /// All files have one time.
    Times,
    /// Files have what git keeps of them: whether their owner may execute them.
    AsInGit,
}

impl Normalise {
    /// A context's file as the build sees it.
    pub(crate) fn apply(self, metadata: Metadata) -> Metadata {
        let Some(mtime) = self.time() else {
            return metadata;
        };
        let timed = Metadata { mtime, ..metadata };
        match self {
            Self::AsInGit => Metadata {
                mode: match timed.is_dir() || timed.mode & 0o100 != 0 {
                    _ if timed.is_symlink() => timed.mode,
                    true => 0o755,
                    false => 0o644,
                },
                nlink: 1,
                ..timed
            },
            _ => timed,
        }
    }

    /// The time of files that come from a context or the Dockerfile, and of directories made for them.
    pub(crate) fn time(self) -> Option<Time> {
        (self != Self::Nothing).then_some((CONTEXT_TIME, 0))
    }
}

#[cfg(test)]
mod tests;
