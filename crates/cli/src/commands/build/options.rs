//! Flags to the builder's options.

use super::flags::Args;
use super::outputs::Output;
use super::{context, platforms, secrets};
use crate::command_error::CommandError;
use crate::config::Config;
use builder::{NoCache, Options};
use dockerfile::ast::Network;
use oci::Reference;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Reads everything that the flags name: Dockerfile, ignore files, variables.
pub(super) fn read(
    args: &Args,
    outputs: &[Output],
    config: &Config,
) -> Result<Options, CommandError> {
    let directory = context::directory(&args.context)?;
    let (dockerfile, path) = context::dockerfile(args.file.as_deref(), &directory)?;
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
        add_hosts: args
            .add_hosts
            .iter()
            .map(|text| host(text))
            .collect::<Result<_, _>>()?,
        tags: match outputs
            .iter()
            .any(|output| matches!(output, Output::Image { .. }))
        {
            true => tags(args, outputs)?,
            false => Vec::new(),
        },
        reporting: args.reporting.reporting(),
    })
}

/// The names from `-t`, and those that outputs of type image give.
pub(super) fn tags(args: &Args, outputs: &[Output]) -> Result<Vec<Reference>, CommandError> {
    let mut tags: Vec<Reference> = Vec::new();
    let named = outputs.iter().flat_map(|output| match output {
        Output::Image { names } => names.as_slice(),
        _ => &[],
    });
    for text in args.tags.iter().chain(named) {
        let reference: Reference = text.parse()?;
        if reference.digest().is_some() {
            let message = format!(
                "cannot tag as {text}: a digest follows from the content and cannot be given"
            );
            return Err(CommandError::usage(message));
        }
        if !tags.contains(&reference) {
            tags.push(reference);
        }
    }
    Ok(tags)
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

fn host(text: &str) -> Result<(String, String), CommandError> {
    let wrong = |why: &str| CommandError::usage(format!("--add-host {text}: {why}"));
    let (name, address) = match text.split_once('=').or_else(|| text.split_once(':')) {
        Some((name, address)) if !name.is_empty() => (name, address),
        _ => return Err(wrong("it is not NAME:ADDRESS")),
    };
    let bare = address
        .strip_prefix('[')
        .and_then(|a| a.strip_suffix(']'))
        .unwrap_or(address);
    match bare {
        // RUN has the host's network, where the host is the loopback address.
        "host-gateway" => Ok((name.to_owned(), "127.0.0.1".to_owned())),
        ip if ip.parse::<std::net::IpAddr>().is_ok() => Ok((name.to_owned(), ip.to_owned())),
        other => Err(wrong(&format!("`{other}` is no IP address"))),
    }
}

#[cfg(test)]
mod tests {
    use super::{host, network};

    #[test]
    fn hosts() {
        let of = |text| host(text).map_err(|error| error.message().to_owned());
        assert_eq!(
            of("a:1.2.3.4").unwrap(),
            ("a".to_owned(), "1.2.3.4".to_owned())
        );
        assert_eq!(of("a=::1").unwrap().1, "::1");
        assert_eq!(of("a:[::1]").unwrap().1, "::1");
        assert_eq!(of("a:host-gateway").unwrap().1, "127.0.0.1");
        assert!(of("a").unwrap_err().contains("NAME:ADDRESS"));
        assert!(of("a:b").unwrap_err().contains("`b` is no IP address"));
    }

    #[test]
    fn networks() {
        assert!(network("bridge").is_err());
    }
}
