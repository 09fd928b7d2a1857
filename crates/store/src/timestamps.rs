//! Which modification times leave the store: <https://reproducible-builds.org/specs/source-date-epoch/>.

use serde::{Deserialize, Serialize};

/// The time that files of a build context have in a build that is to be reproducible, in seconds since 1970: whenever
/// they were checked out, they are the same files. [`Timestamps::Settled`] knows it again. It is after 1980, since the
/// zip format has no earlier times.
pub const CONTEXT_TIME: i64 = 315_630_245;

/// What becomes of files' modification times. Numbers are seconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Timestamps {
    /// They stay.
    #[default]
    Kept,
    /// Later ones become this one: BuildKit's `rewrite-timestamp`.
    Clamped(i64),
    /// All that the build gave become this one, also those that an earlier build left in the cache before that time. Times
    /// that were given to a file on purpose, by an archive or a base image, have no fraction of a second and stay, unless
    /// they are later.
    Settled(i64),
    /// All become this one: what BuildKit's `local` and `tar` do.
    Set(i64),
}

impl Timestamps {
    /// Whether all of them stay.
    #[must_use]
    pub fn are_kept(&self) -> bool {
        *self == Self::Kept
    }

    /// What becomes of a time, in seconds and nanoseconds.
    #[must_use]
    pub fn of(self, time: (i64, u32)) -> (i64, u32) {
        match self {
            Self::Kept => time,
            Self::Clamped(epoch) if time < (epoch, 0) => time,
            Self::Settled(epoch) if time.1 == 0 && time.0 < epoch && time.0 != CONTEXT_TIME => time,
            Self::Clamped(epoch) | Self::Settled(epoch) | Self::Set(epoch) => (epoch, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CONTEXT_TIME, Timestamps};

    #[test]
    fn times() {
        let (old, made, new) = ((50, 0), (50, 7), (150, 0));
        let context = (CONTEXT_TIME, 0);
        let of = |timestamps: Timestamps| [old, made, new, context].map(|time| timestamps.of(time));
        assert_eq!(of(Timestamps::Kept), [old, made, new, context]);
        assert_eq!(
            of(Timestamps::Clamped(100)),
            [old, made, (100, 0), (100, 0)]
        );
        let settled = [old, (100, 0), (100, 0), (100, 0)];
        assert_eq!(of(Timestamps::Settled(100)), settled);
        let later = CONTEXT_TIME + 1;
        assert_eq!(Timestamps::Settled(later).of(context), (later, 0));
        assert_eq!(of(Timestamps::Set(0)), [(0, 0); 4]);
    }
}
