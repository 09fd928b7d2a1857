//! What is known of a file, and what became of it.

use super::paths::NodeId;

/// The content of a file in a layer. All names that it has by hard links are one file.
#[derive(Clone, Debug)]
pub struct File {
    /// The layer that brings it, counted from 0.
    pub layer: u16,
    /// How many bytes of the tar it takes.
    pub size: u64,
    /// What became of it.
    pub fate: Fate,
    /// Permissions: 07777.
    pub mode: u16,
    /// The owner.
    pub uid: u64,
    /// The group.
    pub gid: u64,
    /// The first half of the SHA-256 of its content.
    pub(super) content: u128,
    /// Its first name.
    pub(super) node: NodeId,
    /// How many names it has.
    pub(super) names: u32,
}

/// What became of a file's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A container sees it.
    Kept,
    /// A container sees it, and the same content at another path, too.
    Duplicate,
    /// A later layer deletes it, or puts something at its path that is no file.
    Deleted {
        /// The layer.
        layer: u16,
    },
    /// A later layer (or the same one) has another file at its path.
    Rewritten {
        /// The layer.
        layer: u16,
        /// How the other file differs.
        change: Change,
    },
}

/// How a file differs from the one that it takes the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// In what it holds.
    Content,
    /// In its owner or group, and perhaps its mode, but not in what it holds.
    Owner,
    /// In its mode alone.
    Mode,
    /// In neither: it was touched, or copied once more.
    Nothing,
}

impl File {
    /// Whether a container sees it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.fate, Fate::Kept | Fate::Duplicate)
    }

    /// How a file in its place differs from it.
    pub(super) fn change_to(&self, other: &File) -> Change {
        if (self.size, self.content) != (other.size, other.content) {
            Change::Content
        } else if (self.uid, self.gid) != (other.uid, other.gid) {
            Change::Owner
        } else if self.mode != other.mode {
            Change::Mode
        } else {
            Change::Nothing
        }
    }
}
