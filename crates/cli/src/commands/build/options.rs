//! Flags to the builder's options.

use super::flags::Args;
use super::{context, platforms, secrets};
use crate::command_error::CommandError;
use crate::config::Config;
use builder::{NoCache, Options};
use dockerfile::Source;
use dockerfile::ast::Network;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Reads everything that the flags name: Dockerfile, ignore files, variables.
pub(super) fn read(args: &Args, config: &Config) -> Result<Options, CommandError> {
    let directory = context::directory(&args.context)?;
    let (dockerfile, path) = match &args.dockerfile_inline {
        Some(text) => (Source::new("dockerfile-inline", text.as_str()), None),
        None => context::dockerfile(args.file.as_deref(), &directory)?,
    };
    let mut secret_sources = BTreeMap::new();
    for text in &args.secrets {
        let (id, source) = secrets::read(text, config)?;
        secret_sources.insert(id, source);
    }
    Ok(Options {
        dockerfile,
        context: Some(context::local(directory, path.as_deref())?),
        named_contexts: named_contexts(&args.build_contexts)?,
        target: args.target.clone().filter(|target| !target.is_empty()),
        build_args: build_args(args, config)?,
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
        run: args.run.read(config)?,
        times: builder::Times::default(),
        add_hosts: args.run.hosts()?,
        reporting: args.reporting.reporting(),
    })
}

fn named_contexts(
    given: &[(String, String)],
) -> Result<BTreeMap<String, builder::LocalContext>, CommandError> {
    let mut contexts = BTreeMap::new();
    for (name, value) in given {
        let scheme = value.split_once("://").map(|(scheme, _)| scheme);
        if scheme.is_some() || value.starts_with("target:") || context::is_remote(value) {
            let what = format_args!("--build-context {name}={value}: contexts other than folders")
                .to_string();
            return Err(CommandError::not_yet(what));
        }
        let path = PathBuf::from(value);
        if !path.is_dir() {
            return Err(CommandError::new(format!(
                "--build-context {name}: {value} is not a folder"
            )));
        }
        contexts.insert(name.clone(), context::local(path, None)?);
    }
    Ok(contexts)
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
