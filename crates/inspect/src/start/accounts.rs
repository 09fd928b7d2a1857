//! Whom the program runs as: `USER`, passwd(5), group(5).

use rootfs::{Metadata, Union};

use super::problem::{Instruction, Problem, ProblemKind};
use super::reading;
use crate::Error;

/// No list of accounts is longer.
const LIMIT: u64 = 16 << 20;

/// Whom the program runs as.
#[derive(Clone, Debug, Default)]
pub(super) struct Identity {
    pub(super) uid: u32,
    gid: u32,
    /// Its further groups.
    groups: Vec<u32>,
    /// As `USER` has it.
    pub(super) name: String,
}

impl Identity {
    pub(super) fn is_root(&self) -> bool {
        self.uid == 0
    }

    /// Whether it may do with a file what one of the three bits says: 4 read, 2 write, 1 execute (path_resolution(7)).
    /// Root may do all, and execute what anybody may.
    pub(super) fn may(&self, metadata: &Metadata, bit: u32) -> bool {
        let mode = metadata.mode;
        if self.is_root() {
            return bit != 1 || metadata.is_dir() || mode & 0o111 != 0;
        }
        let shift = match metadata {
            file if file.uid == self.uid => 6,
            file if file.gid == self.gid || self.groups.contains(&file.gid) => 3,
            _ => 0,
        };
        mode >> shift & bit != 0
    }
}

/// Looks up `USER`. An account that is not there is a problem, and taken for one without rights.
pub(super) fn identity(
    files: &Union,
    user: &str,
    problems: &mut Vec<Problem>,
) -> Result<Identity, Error> {
    let (name, group) = match user.split_once(':') {
        Some((name, group)) => (name, Some(group)),
        None => (user, None),
    };
    let passwd = lines(files, "/etc/passwd")?;
    let groups = lines(files, "/etc/group")?;
    let entry = passwd
        .iter()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| {
            let number = fields.get(2).copied();
            fields.first() == Some(&name) || number == Some(name)
        });
    let number = |index: usize| {
        entry
            .as_ref()
            .and_then(|fields| fields.get(index)?.parse().ok())
    };
    let uid = match name {
        "" => Some(0),
        name => number(2).or_else(|| name.parse().ok()),
    };
    if uid.is_none() {
        problems.push(unknown(name, "user", "/etc/passwd", &passwd));
    }
    let gid = match group {
        None => Some(number(3).unwrap_or(0)),
        Some(group) => find(&groups, group).or_else(|| group.parse().ok()),
    };
    if gid.is_none() {
        problems.push(unknown(
            group.unwrap_or_default(),
            "group",
            "/etc/group",
            &groups,
        ));
    }
    Ok(Identity {
        uid: uid.unwrap_or(u32::MAX),
        gid: gid.unwrap_or(u32::MAX),
        groups: memberships(&groups, name),
        name: user.to_owned(),
    })
}

fn unknown(name: &str, what: &str, file: &str, lines: &[String]) -> Problem {
    let message = match lines.is_empty() {
        true => format!("the {what} {name:?} cannot be looked up: the image has no {file}"),
        false => format!("the {what} {name:?} is not in {file}"),
    };
    let help = format!("write a number, which needs no {file}, or make the {what} in a RUN above");
    Problem::new(ProblemKind::UserUnknown, Instruction::User, message, help)
}

fn lines(files: &Union, path: &str) -> Result<Vec<String>, Error> {
    let text = match files.read(path, LIMIT) {
        Ok(text) => text.unwrap_or_default(),
        Err(rootfs::Error::NotAFile { .. } | rootfs::Error::TooLarge { .. }) => Vec::new(),
        Err(error) => return Err(reading(path)(error)),
    };
    Ok(String::from_utf8_lossy(&text)
        .lines()
        .map(str::to_owned)
        .collect())
}

fn find(lines: &[String], name: &str) -> Option<u32> {
    let line = lines
        .iter()
        .find(|line| line.split(':').next() == Some(name))?;
    line.split(':').nth(2)?.parse().ok()
}

fn memberships(lines: &[String], name: &str) -> Vec<u32> {
    let of_line = |line: &String| {
        let fields: Vec<&str> = line.split(':').collect();
        let is_in = fields.get(3)?.split(',').any(|member| member == name);
        is_in.then(|| fields[2].parse().ok())?
    };
    lines.iter().filter_map(of_line).collect()
}
