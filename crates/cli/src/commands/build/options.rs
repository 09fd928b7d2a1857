//! Flags to the builder's options.

use super::context::{self, Means};
use super::flags::Args;
use super::{platforms, secrets};
use crate::command_error::CommandError;
use crate::config::Config;
use crate::key_values;
use builder::remote::Credentials;
use builder::{Environment, NoCache, Options};
use dockerfile::ast::Network;
use std::collections::BTreeMap;

/// Reads everything that the flags name: Dockerfile, ignore files, variables.
pub(super) fn read(
    args: &Args,
    config: &Config,
    environment: &Environment<'_>,
) -> Result<Options, CommandError> {
    let mut secret_sources = BTreeMap::new();
    for text in &args.secrets {
        let (id, source) = secrets::read(text, config)?;
        secret_sources.insert(id, source);
    }
    let build_args = build_args(args, config)?;
    let kept = build_args.get("BUILDKIT_CONTEXT_KEEP_GIT_DIR");
    let run = args.run.read(config)?;
    let means = Means {
        environment,
        credentials: Credentials {
            secrets: &secret_sources,
            ssh: &run.ssh,
        },
        keep_git_dir: kept.is_some_and(|kept| key_values::boolean(kept) == Ok(true)),
        inline: args.dockerfile_inline.as_deref(),
    };
    let named_contexts = context::named(&args.build_contexts)?;
    let (dockerfile, context) = context::read(args, &means)?;
    Ok(Options {
        dockerfile,
        context: Some(context),
        named_contexts,
        target: args.target.clone().filter(|target| !target.is_empty()),
        build_args,
        labels: args
            .labels
            .iter()
            .map(|(k, v)| (k.clone(), v.clone().unwrap_or_default()))
            .collect(),
        platforms: platforms::read(&args.platform, config)?,
        secrets: secret_sources,
        no_cache: no_cache(args),
        pull: args.pull,
        network: network(&args.network)?,
        run,
        times: builder::Times::default(),
        add_hosts: args.run.hosts()?,
        cache: builder::CacheOptions::default(),
        reporting: args.reporting.reporting(),
        wanted: builder::Wanted::default(),
    })
}

fn build_args(args: &Args, config: &Config) -> Result<BTreeMap<String, String>, CommandError> {
    let mut values = BTreeMap::new();
    // As buildx: reproducible times are asked for by the environment.
    values.extend(
        config
            .source_date_epoch()
            .map(|time| ("SOURCE_DATE_EPOCH".to_owned(), time)),
    );
    for (name, value) in &args.build_args {
        let value = match value {
            Some(value) => Some(value.clone()),
            None => config
                .variable(name)
                .map(|value| value.to_string_lossy().into_owned()),
        };
        // A variable that is not set leaves the Dockerfile's default.
        match value {
            Some(value) => values.insert(name.clone(), value),
            None => values.remove(name),
        };
    }
    Ok(values)
}

fn no_cache(args: &Args) -> NoCache {
    match (args.no_cache, args.no_cache_filter.as_slice()) {
        (true, _) => NoCache::All,
        (false, []) => NoCache::No,
        (false, stages) => NoCache::Stages(stages.to_vec()),
    }
}

fn network(text: &str) -> Result<Network, CommandError> {
    match text {
        "default" | "" => Ok(Network::Default),
        "host" => Ok(Network::Host),
        "none" => Ok(Network::None),
        other => Err(
            CommandError::usage(format!("there is no network `{other}` for RUN"))
                .hint("it is default, host or none"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn networks() {
        assert!(network("bridge").is_err());
    }
}
