//! Variables: what `ENV` and `ARG` set, and what words are expanded with.

use std::collections::HashMap;

use crate::ast::Escape;
use crate::{ExpandError, expand};

/// Names and values in the order in which they were first set; setting a name again keeps its
/// place.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    entries: Vec<(String, String)>,
    places: HashMap<String, usize>,
}

impl Variables {
    /// Reads a config's `Env`: `NAME=value` strings.
    pub fn from_env(env: &[String]) -> Self {
        let mut variables = Self::default();
        for entry in env {
            let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
            variables.set(name, value);
        }
        variables
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let place = *self.places.get(name)?;
        Some(&self.entries[place].1)
    }

    /// Sets a name.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.places.get(name) {
            Some(&place) => value.clone_into(&mut self.entries[place].1),
            None => {
                self.places.insert(name.to_owned(), self.entries.len());
                self.entries.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// The names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = &(String, String)> {
        self.entries.iter()
    }

    /// As a config's `Env`.
    pub fn to_env(&self) -> Vec<String> {
        let entries = self.entries.iter();
        entries
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Replaces the variables in a word. A name without a value is empty, as in a shell.
    ///
    /// # Errors
    /// When the word cannot be expanded: [`expand`] says why.
    pub fn expand(&self, word: &str, escape: Escape) -> Result<String, ExpandError> {
        let lookup = |name: &str| self.get(name).map(str::to_owned);
        expand(word, escape, &lookup).map(|expansion| expansion.text)
    }
}

/// Equal are those with the same names and values in the same order.
impl PartialEq for Variables {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Eq for Variables {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_again_keeps_the_place() {
        let env = ["A=1", "B=2", "A=3", "C"].map(str::to_owned);
        let variables = Variables::from_env(&env);
        let entries: Vec<_> = variables
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(entries, [("A", "3"), ("B", "2"), ("C", "")]);
        assert_eq!((variables.len(), variables.is_empty()), (3, false));
        assert_eq!(variables.to_env(), ["A=3", "B=2", "C="]);
        let text = variables.expand("$A${C:-x}$D", Escape::Backslash);
        assert_eq!(text.unwrap(), "3x");
    }
}
