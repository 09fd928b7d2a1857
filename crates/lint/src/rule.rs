//! What a rule is.

use dockerfile::{Diagnostic, Severity, Span};

use crate::file::File;

/// A rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The name, as `# check=skip=` has it, and as the finding's code.
    pub name: &'static str,
    /// What the rule wants, in one sentence.
    pub summary: &'static str,
    /// How bad it is to break it.
    pub severity: Severity,
    /// Whether it only runs where it is asked for with `experimental=`.
    pub experimental: bool,
    /// Looks at the file.
    pub(crate) find: fn(&File<'_>) -> Vec<Found>,
}

/// A place where a rule is broken.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// The instruction that breaks it: what Docker gives as the place.
    pub instruction: Span,
    /// What is wrong, and exactly where.
    pub diagnostic: Diagnostic,
}

/// What a rule finds.
#[derive(Debug)]
pub(crate) struct Found {
    /// The instruction.
    pub(crate) instruction: Span,
    /// The part of it that is wrong.
    pub(crate) place: Span,
    /// What is wrong, in Docker's words.
    pub(crate) message: String,
    /// What to write instead.
    pub(crate) help: Option<String>,
}

impl Rule {
    /// The page of Docker's documentation about it.
    pub fn url(&self) -> String {
        let mut page = String::new();
        let signs: Vec<char> = self.name.chars().collect();
        for (at, sign) in signs.iter().enumerate() {
            let is_capital = |at: usize| signs.get(at).is_some_and(char::is_ascii_uppercase);
            let is_small = |at: usize| signs.get(at).is_some_and(char::is_ascii_lowercase);
            // `JSONArgs` are two words, and so are `FromAs`.
            if at > 0 && is_capital(at) && (!is_capital(at - 1) || is_small(at + 1)) {
                page.push('-');
            }
            page.push(sign.to_ascii_lowercase());
        }
        format!("https://docs.docker.com/go/dockerfile/rule/{page}/")
    }

    /// Where the file breaks the rule.
    pub(crate) fn check(&'static self, file: &File<'_>) -> impl Iterator<Item = Finding> {
        (self.find)(file).into_iter().map(move |found| Finding {
            rule: self,
            instruction: found.instruction,
            diagnostic: Diagnostic {
                code: self.name,
                severity: self.severity,
                span: found.place,
                message: found.message,
                help: found.help,
            },
        })
    }
}

impl Found {
    /// Something wrong with a part of an instruction.
    pub(crate) fn new(instruction: Span, place: Span, message: impl Into<String>) -> Self {
        Self {
            instruction,
            place,
            message: message.into(),
            help: None,
        }
    }

    /// Says what to write instead.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
