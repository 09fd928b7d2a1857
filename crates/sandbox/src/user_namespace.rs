//! A user namespace for those who are not root.

use crate::Error;

/// Which identities this process can use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Identity {
    /// The caller was root: no user namespace was made.
    Root,
    /// Root in a user namespace that has a range of subordinate ids (subuid(5)).
    Subordinate {
        /// How many user ids there are, with 0.
        uids: u64,
        /// How many group ids there are, with 0.
        gids: u64,
    },
    /// Root in a user namespace that has no other id: files can belong to root only.
    Single {
        /// Why there are no more.
        reason: SingleIdReason,
    },
}

/// Why a user namespace has only one id.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SingleIdReason {
    /// `/etc/subuid` or `/etc/subgid` has no line for the user.
    NoSubordinateIds {
        /// The file.
        file: &'static str,
    },
    /// newuidmap(1) or newgidmap(1) is not installed.
    NoProgram {
        /// The program.
        program: &'static str,
    },
    /// newuidmap(1) or newgidmap(1) failed.
    ProgramFailed {
        /// The program.
        program: &'static str,
        /// What it said.
        message: String,
    },
}

/// Makes an ordinary user root of an own user and mount namespace, for the rest of this process's life. Nothing
/// is done for root. Must be called while the process has one thread.
///
/// # Errors
/// When the system does not let this user make one; the error's hint says who can change that.
pub fn enter_user_namespace() -> Result<Identity, Error> {
    todo!()
}
