//! Flags of `docker buildx build` whose time has not come. They are read so that the message can say just that.

use crate::command_error::CommandError;

/// Flags that are not implemented.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Rejected {
    #[arg(long, hide = true)]
    pub(super) attest: Vec<String>,
    #[arg(long, hide = true)]
    builder: Option<String>,
    #[arg(long, hide = true)]
    policy: Vec<String>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    provenance: Option<String>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    sbom: Option<String>,
}

impl Rejected {
    /// An error that names the first flag that cannot be followed. Those that ask for what is done anyway pass:
    /// `--provenance=false`.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        let asks = |value: &Option<String>| {
            value
                .as_deref()
                .is_some_and(|v| !matches!(v, "false" | "0" | "f" | "F" | "False" | "FALSE"))
        };
        let given = [
            ("--attest", !self.attest.is_empty()),
            ("--policy", !self.policy.is_empty()),
            ("--provenance", asks(&self.provenance)),
            ("--sbom", asks(&self.sbom)),
        ];
        if let Some((flag, _)) = given.iter().find(|(_, given)| *given) {
            return Err(CommandError::not_yet(flag));
        }
        match self.builder.as_deref() {
            None | Some("" | "default" | "carafe") => Ok(()),
            Some(name) => Err(CommandError::usage(format!("there is no builder `{name}`"))
                .hint("carafe builds by itself: leave --builder out")),
        }
    }
}
