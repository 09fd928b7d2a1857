//! Flags about outputs, besides `--output` itself.

use crate::key_values::boolean;

/// What is written beside the image's content, and whether it leaves.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct OutputFlags {
    /// Annotate the image: KEY=VALUE, or TYPE:KEY=VALUE with a TYPE of manifest (the default), index,
    /// manifest-descriptor, index-descriptor
    #[arg(long = "annotation", value_name = "ANNOTATION")]
    pub(in crate::commands::build) annotations: Vec<String>,

    /// Push the image to its names
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", default_value = "false", value_parser = boolean,
          hide_default_value = true, action = clap::ArgAction::Set)]
    pub(in crate::commands::build) push: bool,
}
