//! A target of a bake file as the request that `carafe build` makes for the same.

use super::flags::Args;
use crate::bake::entry::{Entry, Secret, Ssh};
use crate::bake::target::Target;
use crate::command_error::CommandError;

/// A path that starts where carafe was called, though the context is elsewhere.
const HERE: &str = "cwd://";

impl Args {
    /// What the target says. Contexts that are other targets' results are left out: those are not there yet.
    pub(crate) fn of_target(target: &Target) -> Self {
        let context = target.context.as_deref().unwrap_or(".");
        let context = context.strip_prefix(HERE).unwrap_or(context);
        let context = if context.is_empty() { "." } else { context };
        let pairs = |map: &std::collections::BTreeMap<String, String>| {
            let pairs = map.iter();
            let pairs = pairs.map(|(key, value)| (key.clone(), Some(value.clone())));
            pairs.collect::<Vec<_>>()
        };
        let contexts = target.contexts.iter();
        let contexts = contexts.filter(|(_, value)| !value.starts_with("target:"));
        let mut args = Self {
            file: file(target, context),
            tags: target.tags.clone().unwrap_or_default(),
            target: target.target.clone(),
            build_args: pairs(&target.args),
            labels: pairs(&target.labels),
            platform: target.platforms.clone().unwrap_or_default(),
            secrets: target.secrets.iter().map(Secret::flag).collect(),
            build_contexts: contexts
                .map(|(name, value)| {
                    let value = value.strip_prefix(HERE).unwrap_or(value);
                    (name.clone(), value.to_owned())
                })
                .collect(),
            no_cache: target.no_cache.unwrap_or(false),
            no_cache_filter: target.no_cache_filter.clone(),
            pull: target.pull.unwrap_or(false),
            network: target.network.clone().unwrap_or_default(),
            context: context.to_owned(),
            dockerfile_inline: target.dockerfile_inline.clone(),
            ..Self::default()
        };
        let outputs = target.outputs.iter().flatten();
        args.outputs = outputs.map(Entry::flag).collect();
        args.call.call = target.call.clone();
        args.output_flags.annotations = target.annotations.clone();
        args.run.allow = target.entitlements.clone();
        args.run.ssh = target.ssh.iter().map(Ssh::flag).collect();
        args.run.shm_size = target.shm_size.clone();
        args.run.ulimits = target.ulimits.clone();
        let hosts = target.extra_hosts.iter();
        args.run.add_hosts = hosts
            .map(|(name, address)| format!("{name}={address}"))
            .collect();
        let disabled = |entry: &&Entry| {
            entry
                .fields
                .get("disabled")
                .is_some_and(|value| value == "true")
        };
        let attest = target.attest.iter().filter(|entry| !disabled(entry));
        args.rejected.attest = attest.map(Entry::flag).collect();
        args.cache.cache_from = target.cache_from.iter().map(Entry::flag).collect();
        let caches = target.cache_to.iter().flatten();
        args.cache.cache_to = caches.map(Entry::flag).collect();
        args
    }

    /// Whether something is asked about the target, instead of building it.
    pub(crate) fn asks(&self) -> Result<bool, CommandError> {
        Ok(self.call.read()?.is_some())
    }

    /// A bake file may come from anybody: what it wants to be allowed, the command line has to allow.
    pub(crate) fn check_allowed(&self, allowed: &[String]) -> Result<(), CommandError> {
        let needs_right = |wanted: &&String| *wanted != "network.host" && !allowed.contains(wanted);
        match self.run.allow.iter().find(needs_right) {
            None => Ok(()),
            Some(wanted) => Err(
                CommandError::new(format!("it asks for the entitlement {wanted}"))
                    .hint(format!("if it may have that: --allow {wanted}")),
            ),
        }
    }
}

/// The Dockerfile, which is named from the context on. That of a remote context is its own business.
fn file(target: &Target, context: &str) -> Option<String> {
    let name = target.dockerfile.as_deref()?;
    if let Some(here) = name.strip_prefix(HERE) {
        return Some(here.to_owned());
    }
    let is_elsewhere = super::context::is_remote(context) || context == "-";
    if name == "Dockerfile" && !is_elsewhere {
        // Also `dockerfile`.
        return None;
    }
    match is_elsewhere || name.starts_with('/') || super::context::is_remote(name) {
        true => Some(name.to_owned()),
        false => Some(format!("{context}/{name}")),
    }
}
