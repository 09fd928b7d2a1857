//! What a step did as BuildKit does it, though hardly anybody means it: where the Dockerfile
//! reference speaks of an error, and where nothing is done without a word.
//!
//! Notices belong to the step's record, so that they are told as well when the step is not
//! executed again.

use std::path::Path;

use dockerfile::{Diagnostic, Severity, Span, glob};
use rootfs::Root;
use serde::{Deserialize, Serialize};

use crate::plan::Places;
use crate::select::Selection;
use crate::step::{CopyItem, CopyOperation, Step};

/// One thing to tell of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Notice {
    /// `--chown` names a user or group that the image does not know.
    UnknownOwner {
        /// The names.
        names: Vec<String>,
        /// The owner that the files got.
        owner: (u32, u32),
    },
    /// `WORKDIR` made a directory for a user that the image does not know.
    UnknownUser {
        /// The user.
        user: String,
        /// The directory.
        path: String,
    },
    /// Several sources became one file.
    Overwritten {
        /// The file.
        path: String,
        /// How many sources there were.
        sources: usize,
    },
    /// A file was changed between being looked at and being copied.
    Changed {
        /// Its name.
        name: String,
    },
    /// A wildcard found nothing.
    NoMatch {
        /// The pattern.
        pattern: String,
        /// Its place among the sources.
        item: usize,
    },
}

/// What there is to tell of a copy that was done.
pub(crate) fn of_copy(
    copy: &CopyOperation,
    selection: Option<&Selection>,
    root: &Root,
) -> Result<Vec<Notice>, rootfs::Error> {
    let mut notices = Vec::new();
    let mut sources = 0;
    for (item, source) in copy.items.iter().enumerate() {
        let CopyItem::Path(pattern) = source else {
            sources += 1;
            continue;
        };
        let found = selection.map_or(0, |selection| selection.items[item].len());
        sources += found;
        if found == 0 && glob::has_wildcard(pattern) {
            let pattern = pattern.clone();
            notices.push(Notice::NoMatch { pattern, item });
        }
    }
    let path = &copy.destination;
    if sources > 1 && !copy.parents && !path.ends_with('/') {
        let made = root.metadata(Path::new(path))?;
        if made.is_some_and(|metadata| !metadata.is_dir()) {
            let path = path.clone();
            notices.push(Notice::Overwritten { path, sources });
        }
    }
    Ok(notices)
}

impl Notice {
    /// Whether the step's result is what its key says.
    pub(crate) fn spoils_the_record(&self) -> bool {
        matches!(self, Self::Changed { .. })
    }

    /// As a warning, with the word marked that it is about. `None` for a step without a place.
    pub(crate) fn warning(&self, step: &Step, places: &Places) -> Option<Diagnostic> {
        let (code, place, message, help) = match self {
            Self::UnknownOwner {
                names,
                owner: (uid, gid),
            } => (
                "unknown-owner",
                places.chown,
                format!(
                    "the image knows no `{}`: the files belong to {uid}:{gid}",
                    names.join("` and no `")
                ),
                "make the user or group in a step before, or give its number",
            ),
            Self::UnknownUser { user, path } => (
                "unknown-user",
                None,
                format!("the image knows no user `{user}`: `{path}` belongs to root"),
                "make the user in a step before, or give its number to USER",
            ),
            Self::Overwritten { path, sources } => (
                "overwritten",
                places.destination,
                format!("{sources} sources become the one file `{path}`: only the last is left"),
                "put a slash at the end of the destination to copy them into a directory",
            ),
            Self::Changed { name } => (
                "changed",
                None,
                format!("`{name}` was changed while it was copied"),
                "the next build executes this step again",
            ),
            Self::NoMatch { pattern, item } => (
                "no-match",
                places.sources.get(*item).copied(),
                format!("`{pattern}` matches nothing: nothing is copied for it"),
                "without a wildcard a source has to be there",
            ),
        };
        let span: Span = place.or(step.span)?;
        Some(Diagnostic {
            code,
            severity: Severity::Warning,
            span,
            message,
            help: Some(help.to_owned()),
        })
    }
}
