//! `--reproducible`, and what else there is to say of time before a build.

mod commit_time;
mod verdict;

pub(super) use verdict::verdict;

use super::flags::Args;
use super::outputs::{self, Output};
use crate::command_error::CommandError;
use crate::config::Config;
use builder::{FileTimes, Options, Origin, Reproducible, Times};
use dockerfile::ast::Kind;

/// The variable and build argument that says when "now" is.
const SOURCE_DATE_EPOCH: &str = "SOURCE_DATE_EPOCH";

/// Its value for the time of the context.
const OF_CONTEXT: &str = "context";

/// How much the image may depend on who builds it when.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ReproducibleFlags {
    /// Make the same image of the same files, whoever builds it when and where; its times are those of the context's last
    /// commit, or SOURCE_DATE_EPOCH
    #[arg(long)]
    pub(crate) reproducible: bool,

    /// Build twice without the cache, and fail if any file comes out otherwise
    #[arg(long)]
    pub(crate) verify_reproducible: bool,
}

/// What the flags, the outputs and the Dockerfile say of time.
pub(super) fn times(
    args: &Args,
    outputs: &[Output],
    options: &Options,
    config: &Config,
) -> Result<Times, CommandError> {
    let images = outputs::image_times(outputs);
    let reproducible = match args.reproducible.reproducible {
        true => Reproducible::Wholly,
        false => Reproducible::AsAsked,
    };
    let keeps_times = images.iter().any(|image| image.files == FileTimes::Kept);
    if reproducible == Reproducible::Wholly && keeps_times {
        let message = "--reproducible and rewrite-timestamp=false contradict each other";
        return Err(CommandError::usage(message).hint("leave one of them out"));
    }
    let given = value(options);
    let asks_context = match &given {
        Some(value) => value == OF_CONTEXT,
        None => reproducible == Reproducible::Wholly,
    };
    let context = match &options.context {
        Some(context) if asks_context => match &context.origin {
            Origin::Host => commit_time::of(&context.directory, config)?,
            // What may be in there is no repository of the user's, where git could be run.
            Origin::Fetched(fetched) => fetched.commit_time,
        },
        _ => None,
    };
    Ok(Times {
        reproducible,
        context,
        images,
    })
}

/// What `SOURCE_DATE_EPOCH` is given as, or defaults to before the first `FROM`.
fn value(options: &Options) -> Option<String> {
    let given = options.build_args.get(SOURCE_DATE_EPOCH).cloned();
    given
        .or_else(|| {
            let parsed = dockerfile::parse(&options.dockerfile).dockerfile;
            let arguments = parsed.global_args.into_iter();
            let arguments = arguments.filter_map(|instruction| match instruction.kind {
                Kind::Arg(arguments) => Some(arguments),
                _ => None,
            });
            let mut arguments = arguments.flatten();
            let declared = arguments.find(|argument| argument.name.text == SOURCE_DATE_EPOCH)?;
            Some(declared.default?.text)
        })
        .filter(|value| !value.is_empty())
}
