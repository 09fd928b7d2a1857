//! What an ordinary user has to get more ids than one.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::StatVfsMountFlags;

use super::mapper::{self, NEWGIDMAP, NEWUIDMAP};
use super::subordinate;

/// Subordinate ids (subuid(5), subgid(5)), and the programs that map them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdMaps {
    /// How many user ids `/etc/subuid` gives to the user.
    pub uids: u64,
    /// How many group ids `/etc/subgid` gives to the user.
    pub gids: u64,
    /// The user's name, if it has one.
    pub user: Option<String>,
    /// The first number from which on no line of the two files has any.
    pub next: u32,
    /// newuidmap(1) and newgidmap(1).
    pub programs: [MapProgram; 2],
}

/// A program that maps ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapProgram {
    /// Its name.
    pub name: &'static str,
    /// Where it is, if it is in a directory of `PATH`.
    pub path: Option<PathBuf>,
    /// Whether it has the power that it needs: set-user-ID root, or file capabilities, on a file system that honours them.
    pub privileged: bool,
}

impl IdMaps {
    /// What the user `uid` has.
    #[must_use]
    pub fn of(uid: u32) -> Self {
        let ranges = subordinate::all(uid);
        let program = |name| {
            let path = mapper::find(name);
            let privileged = path.as_deref().is_some_and(is_privileged);
            MapProgram {
                name,
                path,
                privileged,
            }
        };
        Self {
            uids: mapper::total(&ranges.uids) - 1,
            gids: mapper::total(&ranges.gids) - 1,
            user: subordinate::name_of(uid),
            next: subordinate::next(),
            programs: [NEWUIDMAP, NEWGIDMAP].map(program),
        }
    }
}

fn is_privileged(program: &Path) -> bool {
    const SET_USER_ID: u32 = 0o4000;
    let is_root = std::fs::metadata(program)
        .is_ok_and(|file| file.uid() == 0 && file.mode() & SET_USER_ID != 0);
    let has_capabilities =
        rustix::fs::getxattr(program, rootfs::CAPABILITY, &mut [0_u8; 64]).is_ok();
    let is_heeded = rustix::fs::statvfs(program)
        .is_ok_and(|mount| !mount.f_flag.contains(StatVfsMountFlags::NOSUID));
    (is_root || has_capabilities) && is_heeded
}
