//! What one can set: hadolint's settings, and whether its exact behaviour is wanted.

use std::collections::BTreeMap;

use dockerfile::Severity;

/// The settings of the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Only the rules of hadolint and ShellCheck, with exactly their behaviour: the places where carafe knows better
    /// are in `docs/lint/hadolint.md`.
    pub compatible: bool,
    /// Rules whose findings are left out.
    pub ignored: Vec<String>,
    /// Rules that are more or less severe than by themselves; `None` leaves them out, as long as nobody overrides that.
    pub severities: BTreeMap<String, Option<Severity>>,
    /// Registries that images may come from; all, if there are none. `*` at an end stands for anything.
    pub trusted_registries: Vec<String>,
    /// Labels that an image must have, and what they hold.
    pub label_schema: BTreeMap<String, LabelType>,
    /// Whether an image may have no labels but these.
    pub strict_labels: bool,
    /// Whether `# hadolint ignore=` and its like are comments as others.
    pub ignores_pragmas: bool,
}

/// What a label of the schema holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelType {
    /// Anything.
    Text,
    /// A URI (RFC 3986).
    Url,
    /// A time (RFC 3339).
    Rfc3339,
    /// An SPDX licence expression's identifier.
    Spdx,
    /// A git commit: 7 or 40 hexadecimal digits.
    Hash,
    /// A version (semver.org 2.0).
    Semver,
    /// An address (RFC 5322).
    Email,
}

impl LabelType {
    /// The type that a word of hadolint's configuration names.
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "text" | "rawtext" | "" => Self::Text,
            "url" => Self::Url,
            "rfc3339" => Self::Rfc3339,
            "spdx" => Self::Spdx,
            "hash" => Self::Hash,
            "semver" => Self::Semver,
            "email" => Self::Email,
            _ => return None,
        })
    }
}

impl Options {
    /// Settings under which every rule does what it does by itself.
    pub const fn new() -> Self {
        Self {
            compatible: false,
            ignored: Vec::new(),
            severities: BTreeMap::new(),
            trusted_registries: Vec::new(),
            label_schema: BTreeMap::new(),
            strict_labels: false,
            ignores_pragmas: false,
        }
    }
}

/// For those who look at a file without any.
pub(crate) static DEFAULT: Options = Options::new();
