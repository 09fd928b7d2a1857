//! Who each process is. A process carries a number with it that stands for that, the *token*, which its children inherit
//! and which stays when it executes a program: no notification says that a process was made.

use std::collections::HashMap;

use rustix::io::Errno;

use super::identity::Identity;
use super::limits::TOKEN;
use crate::sys::notification;

/// How many identities there can be, and how many supplementary groups all of them can have: a step that makes up more
/// shall not take all memory.
const MOST: usize = 1 << 14;
const MOST_GROUPS: usize = 1 << 20;

/// All identities that have been seen, by their tokens.
pub(super) struct Identities {
    all: Vec<Identity>,
    tokens: HashMap<Identity, u64>,
    groups: usize,
    /// The first token. Supervisors have different ones, as a process of another one's can come into sight.
    first: u64,
}

impl Identities {
    /// None but `initial`, whose token is returned. `number` is this process's own.
    pub(super) fn new(number: u32, initial: Identity) -> (Self, u64) {
        let first = u64::from(number) << 32;
        let identities = Self {
            groups: initial.groups.len(),
            tokens: HashMap::from([(initial.clone(), first)]),
            all: vec![initial],
            first,
        };
        (identities, first)
    }

    /// The identity of a process. `None` for one that is another supervisor's.
    pub(super) fn of(&self, thread: u32) -> Option<&Identity> {
        let token = notification::soft_limit(thread, TOKEN).ok()?;
        let index = token.checked_sub(self.first)?;
        self.all.get(usize::try_from(index).ok()?)
    }

    /// The token of a process.
    pub(super) fn token(thread: u32) -> Result<u64, Errno> {
        notification::soft_limit(thread, TOKEN)
    }

    /// Gives a process a token.
    pub(super) fn set_token(thread: u32, token: u64) -> Result<(), Errno> {
        notification::set_soft_limit(thread, TOKEN, token)
    }

    /// Gives a process an identity.
    pub(super) fn set(&mut self, thread: u32, identity: Identity) -> Result<(), Errno> {
        let token = match self.tokens.get(&identity) {
            Some(&token) => token,
            None => self.add(identity)?,
        };
        Self::set_token(thread, token)
    }

    fn add(&mut self, identity: Identity) -> Result<u64, Errno> {
        let groups = self.groups + identity.groups.len();
        if self.all.len() == MOST || groups > MOST_GROUPS {
            return Err(Errno::AGAIN);
        }
        let token = self.first + self.all.len() as u64;
        self.groups = groups;
        self.all.push(identity.clone());
        self.tokens.insert(identity, token);
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::{Identities, Identity, MOST};
    use crate::User;
    use rustix::io::Errno;

    fn user(uid: u32, groups: usize) -> Identity {
        Identity::new(&User {
            uid,
            gid: uid,
            groups: vec![uid; groups],
        })
    }

    #[test]
    fn nobody_makes_up_more_identities_than_there_is_room_for() {
        let (mut identities, first) = Identities::new(7, user(0, 0));
        assert_eq!(first, 7 << 32);
        for uid in 1..MOST {
            let uid = u32::try_from(uid).unwrap();
            assert_eq!(identities.add(user(uid, 0)), Ok(first + u64::from(uid)));
        }
        assert_eq!(identities.add(user(u32::MAX - 1, 0)), Err(Errno::AGAIN));
    }

    #[test]
    fn nor_more_groups() {
        let (mut identities, _) = Identities::new(7, user(0, 0));
        let added = (1..).take_while(|&uid| identities.add(user(uid, 1 << 16)).is_ok());
        assert_eq!(added.count(), 16);
    }
}
