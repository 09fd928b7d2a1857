//! As whom a process takes itself: user and group IDs by the rules of credentials(7), setresuid(2) and capabilities(7).

use rustix::io::Errno;

use crate::User;

/// The four IDs of a kind that a process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Ids {
    pub(super) real: u32,
    pub(super) effective: u32,
    pub(super) saved: u32,
    /// The one that new files get.
    pub(super) file: u32,
}

/// A process's own idea of who it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) user: Ids,
    pub(super) group: Ids,
    pub(super) groups: Vec<u32>,
    /// Whether it has root's capabilities in its permitted set.
    permitted: bool,
    /// Whether it uses them.
    effective: bool,
    /// `PR_SET_KEEPCAPS`.
    keeps: bool,
}

/// The number that stands for "leave it as it is", and is nobody's.
pub(super) const NONE: u32 = u32::MAX;

impl Ids {
    const fn all(id: u32) -> Self {
        Self {
            real: id,
            effective: id,
            saved: id,
            file: id,
        }
    }

    /// setuid(2). `powerful` may be whoever it likes.
    fn set(&mut self, id: u32, powerful: bool) -> Result<(), Errno> {
        if id == NONE {
            return Err(Errno::INVAL);
        }
        if powerful {
            *self = Self::all(id);
            return Ok(());
        }
        check(id, &[self.real, self.saved])?;
        (self.effective, self.file) = (id, id);
        Ok(())
    }

    /// setreuid(2).
    fn set_two(&mut self, real: u32, effective: u32, powerful: bool) -> Result<(), Errno> {
        if !powerful {
            check(real, &[self.real, self.effective])?;
            check(effective, &[self.real, self.effective, self.saved])?;
        }
        let before = self.real;
        self.real = or(real, self.real);
        self.effective = or(effective, self.effective);
        if real != NONE || (effective != NONE && effective != before) {
            self.saved = self.effective;
        }
        self.file = self.effective;
        Ok(())
    }

    /// setresuid(2).
    fn set_all(&mut self, [real, effective, saved]: [u32; 3], powerful: bool) -> Result<(), Errno> {
        if !powerful {
            let mine = [self.real, self.effective, self.saved];
            for id in [real, effective, saved] {
                check(id, &mine)?;
            }
        }
        self.real = or(real, self.real);
        self.effective = or(effective, self.effective);
        self.saved = or(saved, self.saved);
        self.file = self.effective;
        Ok(())
    }

    /// setfsuid(2), which returns what was there before, and nothing else.
    fn set_file(&mut self, id: u32, powerful: bool) -> u32 {
        let mine = [self.real, self.effective, self.saved, self.file];
        let before = self.file;
        if id != NONE && (powerful || mine.contains(&id)) {
            self.file = id;
        }
        before
    }
}

fn check(id: u32, mine: &[u32]) -> Result<(), Errno> {
    match id == NONE || mine.contains(&id) {
        true => Ok(()),
        false => Err(Errno::PERM),
    }
}

fn or(id: u32, now: u32) -> u32 {
    if id == NONE { now } else { id }
}

impl Identity {
    /// Who `user` is when it begins.
    pub(super) fn new(user: &User) -> Self {
        let mut groups = user.groups.clone();
        // As the kernel keeps them.
        groups.sort_unstable();
        Self {
            user: Ids::all(user.uid),
            group: Ids::all(user.gid),
            groups,
            permitted: user.uid == 0,
            effective: user.uid == 0,
            keeps: false,
        }
    }

    /// Whether it may do what is root's. Who has kept capabilities over a change of user raises them by capset(2), of
    /// which nobody hears.
    pub(super) fn is_powerful(&self) -> bool {
        self.effective || (self.permitted && self.keeps)
    }

    /// Whether files of `gid` are its group's.
    pub(super) fn is_in_group(&self, gid: u32) -> bool {
        self.group.file == gid || self.groups.contains(&gid)
    }

    /// The owner that its new files get.
    pub(super) fn owner(&self) -> (u32, u32) {
        (self.user.file, self.group.file)
    }

    /// setuid(2).
    pub(super) fn set_user(&mut self, id: u32, powerful: bool) -> Result<(), Errno> {
        self.change_user(|user| user.set(id, powerful))
    }

    /// setreuid(2).
    pub(super) fn set_users(&mut self, ids: [u32; 2], powerful: bool) -> Result<(), Errno> {
        self.change_user(|user| user.set_two(ids[0], ids[1], powerful))
    }

    /// setresuid(2).
    pub(super) fn set_all_users(&mut self, ids: [u32; 3], powerful: bool) -> Result<(), Errno> {
        self.change_user(|user| user.set_all(ids, powerful))
    }

    /// setfsuid(2).
    pub(super) fn set_file_user(&mut self, id: u32, powerful: bool) -> u32 {
        self.user.set_file(id, powerful)
    }

    /// setgid(2).
    pub(super) fn set_group(&mut self, id: u32, powerful: bool) -> Result<(), Errno> {
        self.group.set(id, powerful)
    }

    /// setregid(2).
    pub(super) fn set_groups(&mut self, ids: [u32; 2], powerful: bool) -> Result<(), Errno> {
        self.group.set_two(ids[0], ids[1], powerful)
    }

    /// setresgid(2).
    pub(super) fn set_all_groups(&mut self, ids: [u32; 3], powerful: bool) -> Result<(), Errno> {
        self.group.set_all(ids, powerful)
    }

    /// setfsgid(2).
    pub(super) fn set_file_group(&mut self, id: u32, powerful: bool) -> u32 {
        self.group.set_file(id, powerful)
    }

    /// prctl(2) with `PR_SET_KEEPCAPS`.
    pub(super) fn keep_capabilities(&mut self, keeps: bool) {
        self.keeps = keeps;
    }

    /// capabilities(7), "Effect of user ID changes on capabilities".
    fn change_user(
        &mut self,
        change: impl FnOnce(&mut Ids) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let before = self.user;
        change(&mut self.user)?;
        let is_root = |ids: Ids| [ids.real, ids.effective, ids.saved].contains(&0);
        if is_root(before) && !is_root(self.user) && !self.keeps {
            (self.permitted, self.effective) = (false, false);
        }
        match (before.effective, self.user.effective) {
            (0, 0) => {}
            (0, _) => self.effective = false,
            (_, 0) => self.effective = self.permitted,
            _ => {}
        }
        Ok(())
    }

    /// Who a process is when it has executed a program that sets these IDs: execve(2); capabilities(7), "Capabilities
    /// and execution of programs by root".
    pub(super) fn after_execution(&self, user: Option<u32>, group: Option<u32>) -> Self {
        let mut after = self.clone();
        for (ids, set) in [(&mut after.user, user), (&mut after.group, group)] {
            ids.effective = set.unwrap_or(ids.effective);
            (ids.saved, ids.file) = (ids.effective, ids.effective);
        }
        after.permitted = after.user.real == 0 || after.user.effective == 0;
        after.effective = after.user.effective == 0;
        after.keeps = false;
        after
    }
}

#[cfg(test)]
mod tests {
    use super::{Identity, NONE};
    use crate::User;
    use rustix::io::Errno;

    fn identity(uid: u32, gid: u32) -> Identity {
        Identity::new(&User {
            uid,
            gid,
            groups: vec![gid],
        })
    }

    fn become_user(identity: &mut Identity, id: u32) -> Result<(), Errno> {
        let powerful = identity.is_powerful();
        identity.set_user(id, powerful)
    }

    #[test]
    fn who_has_become_another_cannot_go_back() {
        let mut now = identity(0, 0);
        become_user(&mut now, 33).unwrap();
        assert_eq!(now.owner(), (33, 0));
        assert!(!now.is_powerful());
        assert_eq!(become_user(&mut now, 0), Err(Errno::PERM));
        assert_eq!(become_user(&mut now, 33), Ok(()));
        assert_eq!(become_user(&mut now, NONE), Err(Errno::INVAL));
    }

    #[test]
    fn who_has_only_stepped_aside_can() {
        let mut now = identity(0, 0);
        now.set_all_users([NONE, 33, NONE], true).unwrap();
        assert!(!now.is_powerful());
        assert_eq!(now.owner(), (33, 0));
        now.set_all_users([NONE, 0, NONE], false).unwrap();
        assert!(now.is_powerful());
    }

    #[test]
    fn setreuid_sets_what_is_saved() {
        let mut now = identity(0, 0);
        now.set_users([NONE, 33], true).unwrap();
        assert_eq!(now.user.saved, 33);
        let mut now = identity(0, 0);
        now.set_users([NONE, 0], true).unwrap();
        assert_eq!(now.user.saved, 0);
        assert_eq!(identity(5, 5).set_users([NONE, 6], false), Err(Errno::PERM));
    }

    #[test]
    fn kept_capabilities_are_power() {
        let mut now = identity(0, 0);
        now.keep_capabilities(true);
        become_user(&mut now, 33).unwrap();
        assert!(now.is_powerful());
        assert!(!now.after_execution(None, None).is_powerful());
    }

    #[test]
    fn programs_set_ids() {
        let ann = identity(1000, 1000);
        let root = ann.after_execution(Some(0), None);
        assert!(root.is_powerful());
        assert_eq!((root.user.real, root.user.saved), (1000, 0));
        assert_eq!(root.owner(), (0, 1000));
        let game = ann.after_execution(None, Some(60));
        assert!(!game.is_powerful());
        assert!(game.is_in_group(60) && game.is_in_group(1000) && !game.is_in_group(0));
        assert_eq!(ann.after_execution(None, None), ann);
    }

    #[test]
    fn setfsuid_tells_what_was_there() {
        let mut now = identity(0, 0);
        assert_eq!(now.set_file_user(7, true), 0);
        assert_eq!(now.set_file_user(8, false), 7);
        assert_eq!(now.owner(), (7, 0));
        assert_eq!(now.set_file_group(9, true), 0);
    }
}
