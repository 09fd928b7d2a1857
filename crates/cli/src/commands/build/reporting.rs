//! Flags about what a build tells, and how it counts.

use super::flags::Args;
use super::outputs::Output;
use crate::command_error::CommandError;
use builder::Reporting;

/// What is told of a build.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ReportingArgs {
    /// Say why each step was executed, or was not: as text, or as json on standard output
    #[arg(long, value_name = "FORM", num_args = 0..=1, require_equals = true,
          default_missing_value = "text")]
    pub(crate) explain: Option<Form>,

    /// Fail where there would be a warning
    #[arg(long)]
    strict: bool,
}

/// How the reasons are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// Lines on standard error.
    Text,
    /// A document on standard output.
    Json,
}

impl ReportingArgs {
    /// As the builder knows it.
    pub(crate) fn reporting(&self) -> Reporting {
        Reporting {
            strict: self.strict,
            explain: self.explain.is_some(),
        }
    }

    /// Standard output is for one thing.
    pub(super) fn check(&self, args: &Args, outputs: &[Output]) -> Result<(), CommandError> {
        let taken = if args.quiet {
            "--quiet"
        } else if outputs.iter().any(Output::writes_to_stdout) {
            "--output to `-`"
        } else {
            return Ok(());
        };
        match self.explain {
            Some(Form::Json) => Err(CommandError::usage(format!(
                "--explain=json writes to standard output, and so does {taken}"
            ))),
            _ => Ok(()),
        }
    }
}
