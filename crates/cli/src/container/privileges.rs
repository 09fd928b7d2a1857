//! `--cap-add`, `--cap-drop` and `--security-opt`: what a container's programs may do.

use crate::key_values::boolean;
use sandbox::{Capabilities, Capability, Seccomp};
use serde::{Deserialize, Serialize};

/// What a container's programs may do, as far as that is not the usual.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Privileges {
    /// Capabilities by name, with `CAP_`, or `ALL`.
    pub(crate) added: Vec<String>,
    /// The same.
    pub(crate) dropped: Vec<String>,
    /// `--security-opt no-new-privileges`.
    pub(crate) no_new_privileges: bool,
    /// `--security-opt seccomp=unconfined`.
    pub(crate) unfiltered: bool,
}

/// A `--security-opt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecurityOption {
    /// `no-new-privileges[=BOOL]`.
    NoNewPrivileges(bool),
    /// `seccomp=unconfined`, or `seccomp=builtin`.
    Unfiltered(bool),
    /// What holds here anyway.
    Nothing,
}

impl SecurityOption {
    /// Reads a `--security-opt`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (key, value) = match text.split_once(['=', ':']) {
            Some((key, value)) => (key, Some(value)),
            None => (text, None),
        };
        match (key, value) {
            ("no-new-privileges", None) => Ok(Self::NoNewPrivileges(true)),
            ("no-new-privileges", Some(value)) => boolean(value).map(Self::NoNewPrivileges),
            ("seccomp", Some("unconfined")) => Ok(Self::Unfiltered(true)),
            ("seccomp", Some("builtin")) => Ok(Self::Unfiltered(false)),
            ("seccomp", Some(_)) => Err(format!(
                "`{text}`: profiles from files are not implemented; Docker's default profile is built in, and \
                 seccomp=unconfined takes it away"
            )),
            // carafe sets neither.
            ("apparmor", Some("unconfined")) | ("label", Some("disable")) => Ok(Self::Nothing),
            ("apparmor" | "label" | "systempaths" | "credentialspec", _) => {
                Err(format!("`{text}` is not implemented"))
            }
            _ => Err(format!(
                "there is no security option `{text}`: it is no-new-privileges or seccomp=unconfined"
            )),
        }
    }
}

/// Reads a `--cap-add` or `--cap-drop`: a name with or without `CAP_`, or `ALL`.
pub(crate) fn capability(text: &str) -> Result<String, String> {
    if text.eq_ignore_ascii_case("all") {
        return Ok("ALL".to_owned());
    }
    let known: Result<Capability, _> = text.parse();
    known
        .map(|capability| capability.to_string())
        .map_err(|error| error.to_string())
}

impl Privileges {
    /// The most that the container's programs can have. As with Docker, `ALL` comes first, on either side.
    pub(crate) fn capabilities(&self) -> Capabilities {
        let has_all = |names: &[String]| names.iter().any(|name| name == "ALL");
        let named = |names: &[String]| -> Vec<Capability> {
            names.iter().filter_map(|name| name.parse().ok()).collect()
        };
        let start = match (has_all(&self.dropped), has_all(&self.added)) {
            (_, true) => Capabilities::ALL,
            (true, false) => Capabilities::NONE,
            (false, false) => Capabilities::DEFAULT,
        };
        let with = named(&self.added)
            .into_iter()
            .fold(start, Capabilities::with);
        let dropped = named(&self.dropped).into_iter();
        dropped.fold(with, Capabilities::without)
    }

    /// Whether system calls are filtered.
    pub(crate) fn seccomp(&self) -> Seccomp {
        match self.unfiltered {
            true => Seccomp::Unconfined,
            false => Seccomp::Default,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Privileges, SecurityOption, capability};
    use sandbox::{Capabilities, Capability};

    fn of(added: &[&str], dropped: &[&str]) -> Capabilities {
        let names = |names: &[&str]| names.iter().map(|n| capability(n).unwrap()).collect();
        let privileges = Privileges {
            added: names(added),
            dropped: names(dropped),
            ..Privileges::default()
        };
        privileges.capabilities()
    }

    #[test]
    fn capabilities() {
        let usual = Capabilities::DEFAULT;
        assert_eq!(of(&[], &[]), usual);
        assert_eq!(of(&["net_admin"], &[]), usual.with(Capability::NetAdmin));
        assert_eq!(of(&[], &["CAP_CHOWN"]), usual.without(Capability::Chown));
        let one = Capabilities::NONE.with(Capability::Chown);
        assert_eq!(of(&["chown"], &["all"]), one);
        let but = Capabilities::ALL.without(Capability::SysAdmin);
        assert_eq!(of(&["ALL"], &["SYS_ADMIN"]), but);
        assert!(capability("nosuch").unwrap_err().contains("nosuch"));
    }

    #[test]
    fn options() {
        let of = SecurityOption::parse;
        assert_eq!(
            of("no-new-privileges"),
            Ok(SecurityOption::NoNewPrivileges(true))
        );
        assert_eq!(
            of("no-new-privileges:false"),
            Ok(SecurityOption::NoNewPrivileges(false))
        );
        assert_eq!(
            of("seccomp=unconfined"),
            Ok(SecurityOption::Unfiltered(true))
        );
        assert!(
            of("seccomp=p.json")
                .unwrap_err()
                .contains("not implemented")
        );
        assert!(of("nosuch").unwrap_err().contains("no security option"));
    }
}
