//! Flags about what a build tells, and how it counts.

use builder::Reporting;

/// What is told of a build.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ReportingArgs {
    /// Fail where there would be a warning
    #[arg(long)]
    strict: bool,
}

impl ReportingArgs {
    /// As the builder knows it.
    pub(crate) fn reporting(&self) -> Reporting {
        Reporting {
            strict: self.strict,
        }
    }
}
