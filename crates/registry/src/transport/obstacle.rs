use std::fmt;
use std::io;

use crate::error::{Action, Error};

/// Why nobody can be reached at all: mostly, a name is wrong. It travels inside of an [`io::Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// The name cannot be looked up.
    UnknownHost { host: String, reason: String },
    /// Nobody listens there.
    Refused { host: String },
}

impl Obstacle {
    /// The obstacle that an error is about.
    pub(super) fn of(error: &ureq::Error) -> Option<&Self> {
        let ureq::Error::Io(error) = error else {
            return None;
        };
        error.get_ref()?.downcast_ref()
    }

    pub(super) fn for_action(&self, action: &Action) -> Error {
        let (operation, object) = (action.operation, action.object.clone());
        match self.clone() {
            Self::UnknownHost { host, reason } => Error::UnknownHost {
                operation,
                object,
                host,
                reason,
            },
            Self::Refused { host } => Error::Refused {
                operation,
                object,
                host,
            },
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownHost { host, reason } => write!(f, "{host} is not known: {reason}"),
            Self::Refused { host } => write!(f, "{host} refuses the connection"),
        }
    }
}

impl std::error::Error for Obstacle {}

impl From<Obstacle> for io::Error {
    fn from(obstacle: Obstacle) -> Self {
        Self::other(obstacle)
    }
}
