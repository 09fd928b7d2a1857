//! Ranges of subordinate ids: `/etc/subuid` and `/etc/subgid`, subuid(5).

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::SingleIdReason;

const SUBUID: &str = "/etc/subuid";
const SUBGID: &str = "/etc/subgid";

/// The most that is read of a file; more users than fit in have no need of plain files.
const LONGEST: u64 = 4 << 20;

/// The kernel takes 340 lines in a map, of which the user's own id needs one: user_namespaces(7).
const MOST: usize = 339;

/// Ids from `start` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: u32,
    pub(super) count: u32,
}

/// The ranges of a user.
#[derive(Debug)]
pub(super) struct Ranges {
    pub(super) uids: Vec<Range>,
    pub(super) gids: Vec<Range>,
}

/// The ranges of the user `uid`, of both kinds.
pub(super) fn ranges(uid: u32) -> Result<Ranges, SingleIdReason> {
    let ranges = all(uid);
    for (file, ranges) in [(SUBUID, &ranges.uids), (SUBGID, &ranges.gids)] {
        if ranges.is_empty() {
            return Err(SingleIdReason::NoSubordinateIds { file });
        }
    }
    Ok(ranges)
}

/// The ranges of the user `uid`, if there are any.
pub(super) fn all(uid: u32) -> Ranges {
    let name = name_of(uid);
    let of = |file| read(file).map_or(Vec::new(), |text| of_user(&text, uid, name.as_deref()));
    Ranges {
        uids: of(SUBUID),
        gids: of(SUBGID),
    }
}

/// The name of the user `uid`.
pub(super) fn name_of(uid: u32) -> Option<String> {
    read("/etc/passwd").and_then(|passwd| user_name(&passwd, uid))
}

/// The first number from 100000 on (as useradd(8) has it) above which nobody has a range.
pub(super) fn next() -> u32 {
    let texts = [SUBUID, SUBGID].map(|file| read(file).unwrap_or_default());
    let ends = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| {
            let mut numbers = line.trim().split(':').skip(1).map(str::parse::<u32>);
            let (start, count) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
            start.checked_add(count)
        });
    ends.max().unwrap_or(0).max(100_000)
}

fn read(path: impl AsRef<Path>) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path)
        .ok()?
        .take(LONGEST)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn user_name(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// Lines are `USER:START:COUNT`, where the user is a name or a number.
fn of_user(text: &str, uid: u32, name: Option<&str>) -> Vec<Range> {
    let range = |line: &str| {
        let mut fields = line.trim().split(':');
        let user = fields.next()?;
        let (start, count) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let is_mine = Some(user) == name || user.parse() == Ok(uid);
        (is_mine && count > 0 && fields.next().is_none()).then_some(Range { start, count })
    };
    text.lines().filter_map(range).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::{Range, of_user, user_name};

    #[test]
    fn lines_of_a_user_by_name_and_number() {
        let text = "root:1:2\nann:100000:65536\n\n# x\n1000:500:10\nann:7:0\nbob:1:1\nann:9\n";
        let expected = [
            Range {
                start: 100_000,
                count: 65536,
            },
            Range {
                start: 500,
                count: 10,
            },
        ];
        assert_eq!(of_user(text, 1000, Some("ann")), expected);
        assert_eq!(of_user(text, 1000, None), expected[1..]);
        assert!(of_user(text, 4, Some("ann:100000")).is_empty());
        assert!(of_user("ann:x:1\nann:1:99999999999\nann:1:1:1", 1, Some("ann")).is_empty());
    }

    #[test]
    fn names_come_from_passwd() {
        let passwd = "root:x:0:0::/:/bin/sh\nbroken\nann:x:1000:1000::/:\n";
        assert_eq!(user_name(passwd, 1000).as_deref(), Some("ann"));
        assert_eq!(user_name(passwd, 1), None);
    }
}
