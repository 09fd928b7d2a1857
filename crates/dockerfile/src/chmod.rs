//! Modes of `--chmod`: octal or symbolic.
//!
//! Source: chmod(1) and the grammar of POSIX for it; the special bits as BSD (and BuildKit) treats
//! them: `=` takes set-user-ID and set-group-ID away and leaves the sticky bit. Without a `u`, `g`,
//! `o` or `a` a change is for all of them, whatever the umask says.

/// A mode that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid chmod parameter: '{0}'. it should be an octal number from 0 to 07777, or symbolic such \
     as u=rwX,go=rX"
)]
pub struct ChmodError(pub String);

/// A mode as `--chmod` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chmod {
    /// `--chmod=755`: this mode for every entry.
    Octal(u32),
    /// `--chmod=u=rwX,go=rX`: changes to the mode that an entry has.
    Symbolic(Vec<Change>),
}

/// One change of a symbolic mode: `go=rX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose permissions, as a mask of `rwx` bits.
    who: u32,
    operator: Operator,
    permissions: Permissions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Add,
    Remove,
    Set,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Permissions {
    /// `rwxXst`: bits for everyone, and whether there is an `X`.
    Bits { bits: u32, conditional_x: bool },
    /// `u`, `g` or `o`: what these have, with the shift of their bits.
    CopyOf { shift: u32 },
}

const USER: u32 = 0o700;
const GROUP: u32 = 0o070;
const OTHERS: u32 = 0o007;
const SET_USER: u32 = 0o4000;
const SET_GROUP: u32 = 0o2000;
const STICKY: u32 = 0o1000;

/// Reads a mode after expansion.
///
/// ```
/// let mode = dockerfile::chmod::parse("u=rwX,go=rX")?;
/// assert_eq!(mode.apply(0o600, false), 0o644);
/// assert_eq!(mode.apply(0o600, true), 0o755);
/// # Ok::<(), dockerfile::chmod::ChmodError>(())
/// ```
pub fn parse(text: &str) -> Result<Chmod, ChmodError> {
    let error = || ChmodError(text.to_owned());
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        let mode = u32::from_str_radix(text, 8)
            .ok()
            .filter(|mode| *mode <= 0o7777);
        return mode.map(Chmod::Octal).ok_or_else(error);
    }
    let mut changes = Vec::new();
    for clause in text.split(',') {
        read_clause(clause, &mut changes).ok_or_else(error)?;
    }
    Ok(Chmod::Symbolic(changes))
}

impl Chmod {
    /// The mode (of 07777) that an entry has after it had `mode`.
    pub fn apply(&self, mode: u32, is_dir: bool) -> u32 {
        match self {
            Self::Octal(mode) => *mode,
            Self::Symbolic(changes) => changes
                .iter()
                .fold(mode & 0o7777, |mode, change| change.apply(mode, is_dir)),
        }
    }
}

impl Change {
    fn apply(self, mode: u32, is_dir: bool) -> u32 {
        let bits = self.bits(mode, is_dir);
        match self.operator {
            Operator::Add => mode | bits,
            Operator::Remove => mode & !bits,
            Operator::Set => mode & !self.special(self.who | SET_USER | SET_GROUP) | bits,
        }
    }

    /// The bits that the permissions are for whom this change is.
    fn bits(self, mode: u32, is_dir: bool) -> u32 {
        let bits = match self.permissions {
            Permissions::CopyOf { shift } => ((mode >> shift) & 0o7) * 0o111,
            Permissions::Bits {
                bits,
                conditional_x,
            } => {
                let executable = is_dir || mode & 0o111 != 0;
                if conditional_x && executable {
                    bits | 0o111
                } else {
                    bits
                }
            }
        };
        self.special(bits & (self.who | SET_USER | SET_GROUP | STICKY))
    }

    /// Without those special bits that are not for whom this change is: set-user-ID goes with the
    /// user, set-group-ID with the group, and the sticky bit with either.
    fn special(self, bits: u32) -> u32 {
        let mut allowed = 0o777;
        if self.who & USER != 0 {
            allowed |= SET_USER;
        }
        if self.who & GROUP != 0 {
            allowed |= SET_GROUP;
        }
        if self.who != OTHERS {
            allowed |= STICKY;
        }
        bits & allowed
    }
}

/// `[ugoa]*` and then one or more of `[-+=]` with permissions.
fn read_clause(clause: &str, changes: &mut Vec<Change>) -> Option<()> {
    let first = clause.find(['+', '-', '='])?;
    let (names, mut rest) = clause.split_at(first);
    let mut who = 0;
    for name in names.chars() {
        who |= match name {
            'u' => USER,
            'g' => GROUP,
            'o' => OTHERS,
            'a' => 0o777,
            _ => return None,
        };
    }
    let who = if who == 0 { 0o777 } else { who };
    while let Some(sign) = rest.chars().next() {
        let operator = match sign {
            '+' => Operator::Add,
            '-' => Operator::Remove,
            _ => Operator::Set,
        };
        let behind = &rest[1..];
        let (permissions, next) =
            behind.split_at(behind.find(['+', '-', '=']).unwrap_or(behind.len()));
        let permissions = read_permissions(permissions)?;
        changes.push(Change {
            who,
            operator,
            permissions,
        });
        rest = next;
    }
    Some(())
}

fn read_permissions(text: &str) -> Option<Permissions> {
    match text {
        "u" => return Some(Permissions::CopyOf { shift: 6 }),
        "g" => return Some(Permissions::CopyOf { shift: 3 }),
        "o" => return Some(Permissions::CopyOf { shift: 0 }),
        _ => {}
    }
    let (mut bits, mut conditional_x) = (0, false);
    for sign in text.chars() {
        match sign {
            'r' => bits |= 0o444,
            'w' => bits |= 0o222,
            'x' => bits |= 0o111,
            'X' => conditional_x = true,
            's' => bits |= SET_USER | SET_GROUP,
            't' => bits |= STICKY,
            _ => return None,
        }
    }
    Some(Permissions::Bits {
        bits,
        conditional_x,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal() {
        for (text, mode) in [("755", 0o755), ("0755", 0o755), ("0", 0), ("07777", 0o7777)] {
            assert_eq!(parse(text), Ok(Chmod::Octal(mode)), "{text}");
        }
        assert_eq!(parse("600").unwrap().apply(0o7777, true), 0o600);
    }

    #[test]
    fn symbolic() {
        for (text, before, file, dir) in [
            ("u=rwX,go=rX", 0o600, 0o644, 0o755),
            ("u=rwX,go=rX", 0o700, 0o755, 0o755),
            ("+x", 0o644, 0o755, 0o755),
            ("go-rwx", 0o777, 0o700, 0o700),
            ("a=r", 0o777, 0o444, 0o444),
            ("a=", 0o777, 0, 0),
            ("g=u,o=g", 0o640, 0o666, 0o666),
            ("u+s,g+s", 0o755, 0o6755, 0o6755),
            ("o+s", 0o755, 0o755, 0o755),
            ("+t", 0o777, 0o1777, 0o1777),
            ("a-t", 0o1777, 0o777, 0o777),
            ("u+t", 0o644, 0o1644, 0o1644),
            ("o+t", 0o644, 0o644, 0o644),
            ("a=rx", 0o1777, 0o1555, 0o1555),
            ("=r", 0o2644, 0o444, 0o444),
            ("o=g+x", 0o644, 0o645, 0o645),
            ("g=u-w", 0o644, 0o644, 0o644),
            ("u=rwx", 0o4600, 0o700, 0o700),
            ("u=rws", 0o600, 0o4600, 0o4600),
            ("g=rx", 0o4755, 0o4755, 0o4755),
            ("ug+w-x,o=", 0o755, 0o660, 0o660),
        ] {
            let mode = parse(text).unwrap();
            assert_eq!(mode.apply(before, false), file, "{text} on a file");
            assert_eq!(mode.apply(before, true), dir, "{text} on a directory");
        }
    }

    #[test]
    fn what_is_no_mode() {
        for text in [
            "", "64a", "8x8", "888", "10000", "u", "x=r", "u=q", "u=rw,", "u=ug", "-1", "0o755",
        ] {
            assert_eq!(parse(text), Err(ChmodError(text.to_owned())), "{text}");
        }
    }
}
