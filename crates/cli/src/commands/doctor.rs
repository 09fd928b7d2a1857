//! `carafe doctor`.

mod facts;
mod judge;
mod mode;
mod remedies;

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use crate::output;
use crate::template::Template;
use crate::terminal::clean;
use crate::terminal::style::Style;
use facts::Facts;
use mode::Mode;
use serde_json::{Value, json};

/// Show what this machine allows, how carafe builds here, and what would make it better
///
/// What can be tried is tried, and nothing of it stays. The exit code is 0 where builds work, and 1 where they
/// cannot.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON (`json`), or fill in a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
}

/// What was found, and what it means.
#[derive(Debug)]
struct Report {
    mode: Mode,
    /// What does not work in it.
    limits: Vec<String>,
    checks: Vec<Check>,
    remedies: Vec<Remedy>,
}

/// One thing that was looked at.
#[derive(Debug)]
struct Check {
    name: &'static str,
    state: State,
    found: String,
}

/// What a finding is for builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// As good as it gets.
    Good,
    /// Something does not work, or not as well.
    Limited,
    /// Nobody misses it who does not use it.
    Absent,
    /// Nothing can be built.
    Fatal,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Limited => "limited",
            Self::Absent => "none",
            Self::Fatal => "missing",
        }
    }

    fn paint(self, style: Style, text: &str) -> String {
        match self {
            Self::Good => style.green(text),
            Self::Limited => style.cyan(text),
            Self::Absent => style.dim(text),
            Self::Fatal => style.red(text),
        }
    }
}

/// What would make it better.
#[derive(Debug, PartialEq, Eq)]
struct Remedy {
    /// What it gives.
    gain: String,
    /// What to type, if that is all.
    command: Option<String>,
    /// Who can do it.
    by: &'static str,
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let template = match args.format.as_deref() {
        None | Some("json") => None,
        Some(text) => Some(Template::parse(text)?),
    };
    let report = judge::judge(&Facts::gather(config)?);
    let text = match (&args.format, template) {
        (None, _) => report.table(config.output_style()),
        (_, None) => format!("{}\n", report.json()),
        (_, Some(template)) => template.render(&report.json())? + "\n",
    };
    output::result(&text)?;
    Ok(match report.mode {
        Mode::None { .. } => Exit::Failure,
        _ => Exit::Success,
    })
}

impl Report {
    fn json(&self) -> Value {
        let checks = self.checks.iter().map(
            |check| json!({"Name": check.name, "State": check.state.word(), "Found": check.found}),
        );
        let remedies = self
            .remedies
            .iter()
            .map(|remedy| json!({"Gain": remedy.gain, "Command": remedy.command, "By": remedy.by}));
        json!({
            "Works": !matches!(self.mode, Mode::None { .. }),
            "Mode": self.mode.word(),
            "Description": self.mode.description(),
            "Cost": self.mode.cost(),
            "Limits": self.limits,
            "Checks": checks.collect::<Vec<_>>(),
            "Remedies": remedies.collect::<Vec<_>>(),
        })
    }

    /// For people. Paths and words of others in it move no cursor.
    fn table(&self, style: Style) -> String {
        let mode = match &self.mode {
            Mode::None { .. } => style.red("nothing can be built here"),
            mode => style.green(&mode.description()),
        };
        let mut text = format!("mode: {mode}\n");
        let cost = Some(self.mode.cost()).filter(|cost| !cost.is_empty());
        for line in cost.iter().chain(&self.limits) {
            text.push_str(&format!("      {line}\n"));
        }
        text.push('\n');
        let width = self.checks.iter().map(|check| check.name.len()).max();
        let width = width.unwrap_or_default();
        for Check { name, state, found } in &self.checks {
            let word = state.paint(style, &format!("{:<7}", state.word()));
            let found = clean::line(found.as_bytes());
            text.push_str(&format!("{name:<width$}  {word}  {found}\n"));
        }
        if !self.remedies.is_empty() {
            text.push_str("\nwhat would make it better:\n");
        }
        for Remedy { gain, command, by } in &self.remedies {
            let gain = clean::line(gain.as_bytes());
            text.push_str(&format!("- {gain} ({by})\n"));
            if let Some(command) = command {
                text.push_str(&format!("      {}\n", style.bold(command)));
            }
        }
        text
    }
}

impl Check {
    fn new(name: &'static str, state: State, found: impl Into<String>) -> Self {
        Self {
            name,
            state,
            found: found.into(),
        }
    }
}
