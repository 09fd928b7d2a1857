//! The `# check=` directive: `skip=RULE,…;error=true;experimental=RULE,…`.
//!
//! Source: the section "check" of the Dockerfile reference.

use dockerfile::{Diagnostic, Parsed, Span};

use crate::Rule;

/// Which rules run, and what becomes of their findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Rules that do not run.
    pub skip: Names,
    /// Experimental rules that run.
    pub experimental: Names,
    /// Whether findings are errors.
    pub error: bool,
}

/// Names of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// `all`.
    All,
    /// These.
    Some(Vec<String>),
}

impl Default for Names {
    fn default() -> Self {
        Self::Some(Vec::new())
    }
}

impl Settings {
    /// The settings that the file itself has.
    pub fn of(parsed: &Parsed) -> Result<Self, Diagnostic> {
        match &parsed.dockerfile.directives.check {
            Some(word) => Self::parse(&word.text, word.span),
            None => Ok(Self::default()),
        }
    }

    /// Reads the value of a `# check=` directive, which stands at `span`.
    pub fn parse(text: &str, span: Span) -> Result<Self, Diagnostic> {
        let mut settings = Self::default();
        for option in text
            .split(';')
            .map(str::trim)
            .filter(|option| !option.is_empty())
        {
            let invalid = || {
                let message = format!("invalid check option '{option}'");
                Diagnostic::error("invalid-check", span, message)
                    .with_help("write skip=RULE,… or skip=all, error=true, experimental=RULE,…")
            };
            let (name, value) = option.split_once('=').ok_or_else(invalid)?;
            let value = value.trim();
            match name.trim() {
                "skip" => settings.skip = Names::read(value),
                "experimental" => settings.experimental = Names::read(value),
                "error" => settings.error = truth(value).ok_or_else(invalid)?,
                _ => return Err(invalid()),
            }
        }
        Ok(settings)
    }

    /// Whether a rule runs.
    pub fn runs(&self, rule: &Rule) -> bool {
        !self.skip.contain(rule.name)
            && (!rule.experimental || self.experimental.contain(rule.name))
    }
}

impl Names {
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
        Settings::parse(text, Span::default()).map_err(|error| error.message)
    }

    #[test]
    fn options_are_read() {
        let settings = read(" skip = A , B ;error=true; experimental=all").unwrap();
        assert_eq!(
            settings.skip,
            Names::Some(vec!["A".to_owned(), "B".to_owned()])
        );
        assert_eq!(settings.experimental, Names::All);
        assert!(settings.error);
        assert_eq!(read("").unwrap(), Settings::default());
    }

    #[test]
    fn rules_can_be_skipped() {
        let rule = &rules()[0];
        assert!(read("error=true").unwrap().runs(rule));
        assert!(!read("skip=all").unwrap().runs(rule));
        assert!(!read(&format!("skip=X,{}", rule.name)).unwrap().runs(rule));
        let experimental = Rule {
            experimental: true,
            ..*rule
        };
        assert!(!read("").unwrap().runs(&experimental));
        assert!(read("experimental=all").unwrap().runs(&experimental));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for option in ["skip", "error=perhaps", "skp=all"] {
            assert!(read(option).unwrap_err().contains(option));
        }
    }
}
