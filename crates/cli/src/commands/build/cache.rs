//! `--cache-from` and `--cache-to`: the build cache that crosses machines.

mod fields;

use crate::command_error::CommandError;
use crate::config::Config;
use crate::report::sizes;
use crate::terminal::clean;
use crate::terminal::style::Style;
use builder::{
    CacheExported, CacheFailure, CacheOptions, CacheSource, CacheTarget, Environment, Outcome,
};

/// The flags of caches that cross machines.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct CacheFlags {
    /// Use the results of other machines: NAME[:TAG], or type=registry|local,…
    #[arg(long, value_name = "CACHE")]
    pub(crate) cache_from: Vec<String>,

    /// Let other machines use the results: NAME[:TAG], or type=registry|local|inline,…[,mode=max]
    #[arg(long, value_name = "CACHE")]
    pub(crate) cache_to: Vec<String>,
}

/// What the flags ask for.
#[derive(Debug, Default)]
pub(super) struct Caches {
    from: Vec<CacheSource>,
    to: Vec<CacheTarget>,
    inline: bool,
}

/// What came of writing a cache.
#[derive(Debug)]
pub(crate) struct Written {
    cache: String,
    result: Result<CacheExported, builder::Error>,
}

impl CacheFlags {
    /// Reads what the flags say. Nobody is asked.
    pub(super) fn read(&self, config: &Config) -> Result<Caches, CommandError> {
        let mut caches = Caches::default();
        for text in self.cache_from.iter().filter(|text| !text.is_empty()) {
            caches.from.push(fields::source(text, config)?);
        }
        for text in self.cache_to.iter().filter(|text| !text.is_empty()) {
            match fields::target(text, config)? {
                Some(target) => caches.to.push(target),
                None => caches.inline = true,
            }
        }
        Ok(caches)
    }
}

impl Caches {
    /// What the builder has to know. The build argument is how BuildKit's users ask for `type=inline` where there is no flag.
    pub(super) fn options(&self, inline_argument: Option<&String>) -> CacheOptions {
        let asked = inline_argument.is_some_and(|value| value == "1" || value == "true");
        CacheOptions {
            from: self.from.clone(),
            keep: self.to.iter().map(|target| target.mode).max(),
            inline: self.inline || asked,
        }
    }

    /// Writes all caches. One that cannot be written is told, unless it is to fail the build.
    pub(super) fn export(
        &self,
        outcome: &Outcome,
        environment: &Environment<'_>,
    ) -> Result<Vec<Written>, builder::Error> {
        let mut written = Vec::new();
        for target in &self.to {
            let result = builder::export_cache(&outcome.cache, target, environment);
            let fatal = target.failure == CacheFailure::Fatal;
            match result {
                Err(error @ builder::Error::Cancelled) => return Err(error),
                Err(error) if fatal => return Err(error),
                result => written.push(Written {
                    cache: target.name.clone(),
                    result,
                }),
            }
        }
        Ok(written)
    }
}

impl Written {
    /// The line about it at the end of a build.
    pub(super) fn line(&self, style: Style) -> String {
        let line = match &self.result {
            Ok(exported) => {
                let CacheExported {
                    records,
                    layers,
                    sent,
                    sent_bytes,
                } = exported;
                let bytes = sizes::spaced(*sent_bytes);
                let name = clean::line(self.cache.as_bytes());
                return format!(
                    "{} cache {name} ({records} steps, {layers} layers; sent {sent} blobs, {bytes})\n",
                    style.green("wrote")
                );
            }
            Err(error) => crate::command_error::chain(error),
        };
        format!("warning: {}\n", clean::line(line.as_bytes()))
    }
}
