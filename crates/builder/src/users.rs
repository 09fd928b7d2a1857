//! Users and groups by name, as the files of an image have them.

use rootfs::Root;

use crate::Error;

/// Larger files are no passwd files: an image may have anything there, `/dev/zero` included.
const LIMIT: u64 = 16 << 20;

/// The users and groups of an image.
#[derive(Clone, Debug, Default)]
pub struct Users {
    passwd: Vec<Account>,
    groups: Vec<Group>,
}

#[derive(Clone, Debug)]
struct Account {
    name: String,
    uid: u32,
    gid: u32,
    home: String,
}

#[derive(Clone, Debug)]
struct Group {
    name: String,
    gid: u32,
    members: Vec<String>,
}

/// Who a process runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Supplementary groups; the group itself is among them.
    pub groups: Vec<u32>,
    /// The home directory that the image has for the user; `/` if it knows none.
    pub home: String,
}

impl Users {
    /// Reads `/etc/passwd` and `/etc/group` of a root; files that are missing, or are no ordinary
    /// files, are empty.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        let text = |path: &str| {
            let bytes = root.read(path, LIMIT).ok().flatten().unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        Self::parse(&text("/etc/passwd"), &text("/etc/group"))
    }

    /// Reads the text of the two files; lines that are wrong are passed over.
    #[must_use]
    pub fn parse(passwd: &str, group: &str) -> Self {
        Self {
            passwd: passwd.lines().filter_map(account).collect(),
            groups: group.lines().filter_map(group_line).collect(),
        }
    }

    /// Who `USER user[:group]` is. A number needs no entry; its group is 0 if there is none. With
    /// a group there are no supplementary ones.
    ///
    /// # Errors
    /// When a name is not known.
    pub fn identity(&self, user: &str) -> Result<Identity, Error> {
        let (user, group) = match user.split_once(':') {
            Some((user, group)) => (user, Some(group).filter(|group| !group.is_empty())),
            None => (user, None),
        };
        let user = if user.is_empty() { "0" } else { user };
        let account = self.account(user);
        let uid = account
            .map(|account| account.uid)
            .or_else(|| id(user))
            .ok_or_else(|| Error::UnknownUser {
                name: user.to_owned(),
            })?;
        let home = account.map_or_else(|| "/".to_owned(), |account| account.home.clone());
        let (gid, mut groups) = match group {
            Some(group) => {
                let unknown = || Error::UnknownGroup {
                    name: group.to_owned(),
                };
                (self.gid(group).ok_or_else(unknown)?, Vec::new())
            }
            None => self.groups_of(account),
        };
        // The group itself is among them, so that a file which denies it something denies it for
        // good: a process could drop its own group (CVE-2022-36109).
        if !groups.contains(&gid) {
            groups.insert(0, gid);
        }
        Ok(Identity {
            uid,
            gid,
            groups,
            home,
        })
    }

    /// The owner that `--chown=user[:group]` names. A name that the image does not know is 0, as
    /// BuildKit has it; it is among the second value.
    #[must_use]
    pub fn owner(&self, owner: &str) -> ((u32, u32), Vec<String>) {
        let mut unknown = Vec::new();
        let (user, group) = match owner.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (owner, None),
        };
        let account = self.account(user);
        let uid = match account.map(|account| account.uid).or_else(|| id(user)) {
            Some(uid) => uid,
            None => {
                if !user.is_empty() {
                    unknown.push(user.to_owned());
                }
                0
            }
        };
        let gid = match group {
            None => account.map_or(uid, |account| account.gid),
            Some("") => 0,
            Some(group) => self.gid(group).unwrap_or_else(|| {
                unknown.push(group.to_owned());
                if id(user).is_some() { uid } else { 0 }
            }),
        };
        ((uid, gid), unknown)
    }

    /// An account by its name or number.
    fn account(&self, user: &str) -> Option<&Account> {
        let by_name = self.passwd.iter().find(|account| account.name == user);
        let by_number = |uid: u32| self.passwd.iter().find(|account| account.uid == uid);
        by_name.or_else(|| id(user).and_then(by_number))
    }

    fn gid(&self, group: &str) -> Option<u32> {
        let by_name = self.groups.iter().find(|g| g.name == group).map(|g| g.gid);
        by_name.or_else(|| id(group))
    }

    /// The account's own group, and all that list it.
    fn groups_of(&self, account: Option<&Account>) -> (u32, Vec<u32>) {
        let Some(account) = account else {
            return (0, Vec::new());
        };
        let member = |group: &&Group| group.members.contains(&account.name);
        let mut groups: Vec<u32> = self.groups.iter().filter(member).map(|g| g.gid).collect();
        groups.sort_unstable();
        groups.dedup();
        (account.gid, groups)
    }
}

/// A number that a user or group can have: the last one stands for none in the kernel's calls.
fn id(text: &str) -> Option<u32> {
    text.parse().ok().filter(|id| *id != u32::MAX)
}

/// `name:password:uid:gid:comment:home:shell`.
fn account(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?.to_owned();
    let uid = id(fields.nth(1)?.trim())?;
    let gid = id(fields.next()?.trim())?;
    let home = fields.nth(1).unwrap_or_default().trim().to_owned();
    let home = if home.is_empty() {
        "/".to_owned()
    } else {
        home
    };
    Some(Account {
        name,
        uid,
        gid,
        home,
    })
}

/// `name:password:gid:member,member`.
fn group_line(line: &str) -> Option<Group> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?.to_owned();
    let gid = id(fields.nth(1)?.trim())?;
    let members = fields
        .next()
        .unwrap_or_default()
        .split(',')
        .map(|m| m.trim().to_owned());
    Some(Group {
        name,
        gid,
        members: members.filter(|member| !member.is_empty()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:d:/usr/sbin:/bin/false\nu1:x:501:502::/home/u1:/bin/sh\nbroken\n";
    const GROUP: &str = "root:x:0:\ndaemon:x:1:\ng1:x:502:\ng2:x:503:u1\n";

    fn users() -> Users {
        Users::parse(PASSWD, GROUP)
    }

    #[test]
    fn a_user_has_the_groups_that_list_it() {
        let u1 = users().identity("u1").unwrap();
        assert_eq!(
            (u1.uid, u1.gid, u1.groups.as_slice()),
            (501, 502, [502, 503].as_slice())
        );
        assert_eq!(u1.home, "/home/u1");
        assert_eq!(users().identity("501").unwrap(), u1);
        assert_eq!(users().identity("u1:g1").unwrap().groups, [502]);
    }

    #[test]
    fn a_number_needs_no_entry() {
        let nobody = users().identity("1234").unwrap();
        assert_eq!(
            (nobody.uid, nobody.gid, nobody.home.as_str()),
            (1234, 0, "/")
        );
        assert!(users().identity("nosuch").is_err());
        assert!(users().identity("1:nosuch").is_err());
    }

    #[test]
    fn owners_are_read_as_buildkit_reads_them() {
        let owner = |text: &str| users().owner(text).0;
        assert_eq!(owner("daemon"), (1, 1));
        assert_eq!(owner("daemon:"), (1, 0));
        assert_eq!(owner(":daemon"), (0, 1));
        assert_eq!(owner("7"), (7, 7));
        assert_eq!(owner("nosuch"), (0, 0));
        assert_eq!(owner("7:nosuch"), (7, 7));
        assert_eq!(users().owner("nosuch:neither").1, ["nosuch", "neither"]);
    }
}
