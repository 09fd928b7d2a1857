//! The environment that the image gives its program.

/// The search path where an image names none: Docker's.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// `NAME=value`.
pub(super) struct Environment(Vec<String>);

impl Environment {
    pub(super) fn of(env: &[String]) -> Self {
        Self(env.to_vec())
    }

    /// The value of a variable that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter().rev().filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(key, value)| *key == name && !value.is_empty())
            .map(|(_, value)| value)
    }

    /// Where programs are looked for.
    pub(super) fn path(&self) -> &str {
        self.get("PATH").unwrap_or(DEFAULT_PATH)
    }
}
