//! Flags about outputs, besides `--output` itself.

/// What is written beside the image's content.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct OutputFlags {
    /// Annotate the image: KEY=VALUE, or TYPE:KEY=VALUE with a TYPE of manifest (the default), index,
    /// manifest-descriptor, index-descriptor
    #[arg(long = "annotation", value_name = "ANNOTATION")]
    pub(in crate::commands::build) annotations: Vec<String>,
}
