//! The `# check=` directive: `skip=RULE,…;error=true;experimental=RULE,…`.
//!
//! Source: the section "check" of the Dockerfile reference.

use std::borrow::Cow;

use dockerfile::{Diagnostic, Parsed};

use crate::rule::{Activation, Rule};

/// Which rules run, and what becomes of their findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Rules that do not run.
    pub skip: RuleNames,
    /// Experimental rules that run.
    pub experimental: RuleNames,
    /// Whether findings are errors.
    pub error: bool,
}

/// Names of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleNames {
    /// `all`.
    All,
    /// These.
    Some(Vec<String>),
}

/// An option that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidOption(pub String);

impl InvalidOption {
    /// What to write instead.
    pub const HELP: &str = "write skip=RULE,… or skip=all, error=true, experimental=RULE,…";
}

impl std::fmt::Display for InvalidOption {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "invalid check option '{}'", self.0)
    }
}

impl std::error::Error for InvalidOption {}

impl Default for RuleNames {
    fn default() -> Self {
        Self::Some(Vec::new())
    }
}

impl Settings {
    /// The settings that the file itself has.
    ///
    /// # Errors
    /// When its `# check=` directive cannot be read.
    pub fn of(parsed: &Parsed) -> Result<Self, Diagnostic> {
        let Some(word) = &parsed.dockerfile.directives.check else {
            return Ok(Self::default());
        };
        Self::parse(&word.text).map_err(|invalid| {
            Diagnostic::error("invalid-check", word.span, invalid.to_string())
                .with_help(InvalidOption::HELP)
        })
    }

    /// Reads the value of a `# check=` directive, or of the build argument `BUILDKIT_DOCKERFILE_CHECK`, which stands in
    /// for it.
    ///
    /// # Errors
    /// When an option is none that there is.
    pub fn parse(text: &str) -> Result<Self, InvalidOption> {
        let mut settings = Self::default();
        for option in text
            .split(';')
            .map(str::trim)
            .filter(|option| !option.is_empty())
        {
            let invalid = || InvalidOption(option.to_owned());
            let (name, value) = option.split_once('=').ok_or_else(invalid)?;
            let value = value.trim();
            match name.trim() {
                "skip" => settings.skip = RuleNames::read(value),
                "experimental" => settings.experimental = RuleNames::read(value),
                "error" => settings.error = truth(value).ok_or_else(invalid)?,
                _ => return Err(invalid()),
            }
        }
        Ok(settings)
    }

    /// The settings for an instruction with these comments above it: a `# check=` among them adds to what holds for the
    /// file. One that cannot be read is a comment like others.
    pub(crate) fn at(&self, comments: &[&str]) -> Cow<'_, Self> {
        let mut settings = Cow::Borrowed(self);
        for comment in comments {
            let Some(("check", value)) = comment.split_once('=').map(|(n, v)| (n.trim(), v)) else {
                continue;
            };
            if let Ok(own) = Self::parse(value) {
                let settings = settings.to_mut();
                settings.skip.add(own.skip);
                settings.experimental.add(own.experimental);
                settings.error |= own.error;
            }
        }
        settings
    }

    /// Whether a name is among those that are skipped.
    pub(crate) fn skips(&self, name: &str) -> bool {
        self.skip.contain(name)
    }

    /// Whether a rule runs. An experimental one must be asked for, and then is not skipped.
    pub fn runs(&self, rule: &Rule) -> bool {
        let names = || std::iter::once(rule.name).chain(rule.twins.iter().copied());
        match rule.activation {
            Activation::Experimental => self.experimental.contain(rule.name),
            Activation::On | Activation::Off => !names().any(|name| self.skip.contain(name)),
        }
    }
}

impl RuleNames {
    fn read(text: &str) -> Self {
        if text == "all" {
            return Self::All;
        }
        let names = text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        Self::Some(names.map(str::to_owned).collect())
    }

    fn add(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Some(names), Self::Some(more)) => names.extend(more),
            _ => *self = Self::All,
        }
    }

    fn contain(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(names) => names.iter().any(|other| other == name),
        }
    }
}

/// The words of Go's `strconv.ParseBool`.
fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;

    fn read(text: &str) -> Result<Settings, String> {
        Settings::parse(text).map_err(|invalid| invalid.to_string())
    }

    fn rule(name: &str) -> &'static Rule {
        rules().find(|rule| rule.name == name).unwrap()
    }

    #[test]
    fn options_are_read() {
        let settings = read(" skip = A , B ;error=true; experimental=all").unwrap();
        let names = vec!["A".to_owned(), "B".to_owned()];
        assert_eq!(settings.skip, RuleNames::Some(names));
        assert_eq!(settings.experimental, RuleNames::All);
        assert!(settings.error);
        assert_eq!(read("").unwrap(), Settings::default());
    }

    #[test]
    fn rules_can_be_skipped() {
        let rule = rule("FromAsCasing");
        assert!(read("error=true").unwrap().runs(rule));
        assert!(!read("skip=all").unwrap().runs(rule));
        assert!(!read("skip=X,FromAsCasing").unwrap().runs(rule));
    }

    #[test]
    fn experimental_rules_are_asked_for() {
        let rule = rule("CopyIgnoredFile");
        assert!(!read("").unwrap().runs(rule));
        assert!(read("experimental=all").unwrap().runs(rule));
        assert!(
            read("experimental=CopyIgnoredFile;skip=all")
                .unwrap()
                .runs(rule)
        );
    }

    #[test]
    fn a_comment_adds_to_the_settings() {
        let settings = read("skip=A").unwrap();
        let at = |comment: &str| settings.at(&["a note", comment]).into_owned();
        assert_eq!(at("check = skip=B").skip, read("skip=A,B").unwrap().skip);
        assert_eq!(
            at("check=skip=all;error=1"),
            read("skip=all;error=1").unwrap()
        );
        assert_eq!(at("check=nothing"), settings);
        assert_eq!(at("checks=skip=B"), settings);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for option in ["skip", "error=perhaps", "skp=all"] {
            assert!(read(option).unwrap_err().contains(option));
        }
    }
}
