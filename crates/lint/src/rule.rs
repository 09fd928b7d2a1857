//! What a rule is, and what it finds.

use dockerfile::{Diagnostic, Severity, Span};

use crate::file::File;
use crate::fix::{Fix, Safety};

/// A rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The name: as `# check=skip=` and `# hadolint ignore=` have it, and as the finding's code.
    pub name: &'static str,
    /// What the rule wants, in one sentence.
    pub summary: &'static str,
    /// How bad it is to break it.
    pub severity: Severity,
    /// Whose rule it is.
    pub set: Set,
    /// Whether it runs when nobody asks for it.
    pub activation: Activation,
    /// Whether it can say how to mend what it finds, and whether its best fixes are safe ones.
    pub fix: Option<Safety>,
    /// Rules of other programs that find the same. Where one of them does, this one is silent, and who ignores it ignores both.
    pub twins: &'static [&'static str],
    /// What its page says.
    pub page: Page,
    /// Looks at the file.
    pub(crate) find: fn(&File<'_>) -> Vec<Found>,
}

/// Whose rule it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// The build checks of Docker (`docker build --check`).
    Docker,
    /// hadolint's rules, by its codes: `DL3000`.
    Hadolint,
    /// ShellCheck's rules, by its codes: `SC2086`.
    ShellCheck,
    /// carafe's own, by name.
    Carafe,
}

/// When a rule runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Always.
    On,
    /// Where `# check=experimental=` names it.
    Experimental,
    /// Where the configuration gives it a severity.
    Off,
}

/// What a rule's page says beside its summary, as Markdown.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Why one should hold it, what is looked at, and what is let pass.
    pub why: &'static str,
    /// A Dockerfile that breaks it.
    pub bad: &'static str,
    /// The same Dockerfile as it should be.
    pub good: &'static str,
    /// Which settings it has, if it has any.
    pub configure: Option<&'static str>,
}

/// A place where a rule is broken.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// The instruction that breaks it: what Docker and hadolint give as the place.
    pub instruction: Span,
    /// What is wrong, and exactly where.
    pub diagnostic: Diagnostic,
    /// How to mend it, where that can be said.
    pub fix: Option<Fix>,
    /// Another instruction that a twin finds instead of this one.
    pub(crate) about: Option<Span>,
}

/// What a rule finds.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The instruction.
    pub(crate) instruction: Span,
    /// The part of it that is wrong.
    pub(crate) place: Span,
    /// How bad it is here, where that is not what the rule says.
    pub(crate) severity: Option<Severity>,
    /// What is wrong; for other programs' rules in their words.
    pub(crate) message: String,
    /// What to write instead.
    pub(crate) help: Option<String>,
    /// The same as edits.
    pub(crate) fix: Option<Fix>,
    /// Another instruction that a twin finds instead of this one.
    pub(crate) about: Option<Span>,
}

impl Rule {
    /// Where the file breaks the rule.
    pub(crate) fn check(&'static self, file: &File<'_>) -> impl Iterator<Item = Finding> {
        (self.find)(file).into_iter().map(move |found| Finding {
            rule: self,
            instruction: found.instruction,
            diagnostic: Diagnostic {
                code: self.name,
                severity: found.severity.unwrap_or(self.severity),
                span: found.place,
                message: found.message,
                help: found.help,
            },
            fix: found.fix,
            about: found.about,
        })
    }

    /// Whether it goes by a name: its own, or that of a twin.
    pub(crate) fn goes_by(&self, name: &str) -> bool {
        self.name == name || self.twins.contains(&name)
    }
}

impl Found {
    /// Something wrong with a part of an instruction.
    pub(crate) fn new(instruction: Span, place: Span, message: impl Into<String>) -> Self {
        Self {
            instruction,
            place,
            severity: None,
            message: message.into(),
            help: None,
            fix: None,
            about: None,
        }
    }

    /// Says that it is more or less bad than others.
    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Says what to write instead.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says which other instruction a twin finds instead of this one.
    pub(crate) fn about(mut self, instruction: Span) -> Self {
        self.about = Some(instruction);
        self
    }

    /// Says how to mend it.
    pub(crate) fn fix(mut self, fix: impl Into<Option<Fix>>) -> Self {
        self.fix = fix.into();
        self
    }
}
