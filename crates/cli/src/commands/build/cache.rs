//! `--cache-from` and `--cache-to`: the build cache that crosses machines.

mod bucket;
mod fields;

use crate::command_error::CommandError;
use crate::config::Config;
use crate::report::sizes;
use crate::terminal::clean;
use crate::terminal::style::Style;
use builder::{
    CacheContent, CacheExported, CacheFailure, CacheOptions, CacheSource, CacheTarget, Environment,
    Event, Outcome, StepId, StepTitle,
};

/// The number of the first export as a step; no build has so many of its own, nor so many outputs before it.
const FIRST_STEP: u32 = 99_500;

/// The flags of caches that cross machines.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct CacheFlags {
    /// Use the results of other machines: NAME:TAG, or type=registry|local|s3,…
    #[arg(long, value_name = "CACHE")]
    pub(crate) cache_from: Vec<String>,

    /// Let other machines use the results: NAME:TAG, or type=registry|local|inline|s3,… and mode=max
    #[arg(long, value_name = "CACHE")]
    pub(crate) cache_to: Vec<String>,

    /// Fill new cache mounts of RUN from here: NAME:TAG, or type=registry|local|s3,…
    #[arg(long, value_name = "CACHE")]
    pub(crate) cache_mounts_from: Vec<String>,

    /// Keep what is in the cache mounts of RUN here: NAME:TAG, or type=registry|local|s3,…
    #[arg(long, value_name = "CACHE")]
    pub(crate) cache_mounts_to: Vec<String>,
}

/// What the flags ask for.
#[derive(Debug, Default)]
pub(super) struct Caches {
    from: Vec<CacheSource>,
    to: Vec<CacheTarget>,
    inline: bool,
    mounts_from: Vec<CacheSource>,
    mounts_to: Vec<CacheTarget>,
}

/// What came of writing a cache.
#[derive(Debug)]
pub(crate) struct Written {
    cache: String,
    what: [&'static str; 2],
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
        let given = |texts: &'_ [String]| -> Vec<String> {
            texts
                .iter()
                .filter(|text| !text.is_empty())
                .cloned()
                .collect()
        };
        for text in given(&self.cache_mounts_from) {
            caches
                .mounts_from
                .push(fields::mounts_source(&text, config)?);
        }
        for text in given(&self.cache_mounts_to) {
            caches
                .mounts_to
                .extend(fields::mounts_target(&text, config)?);
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
            mounts_from: self.mounts_from.clone(),
        }
    }

    /// Writes all caches, each shown as a step. One that cannot be written is told, unless it is to fail the build.
    pub(super) fn export(
        &self,
        outcome: &Outcome,
        environment: &Environment<'_>,
    ) -> Result<Vec<Written>, builder::Error> {
        let content = &outcome.cache;
        let mut written = Vec::new();
        let targets = self.to.iter().map(|target| (target, STEPS));
        let targets = targets.chain(self.mounts_to.iter().map(|target| (target, MOUNTS)));
        for ((target, kind), step) in targets.zip((FIRST_STEP..).map(StepId)) {
            (environment.events)(Event::Planned(vec![StepTitle {
                id: step,
                stage: String::new(),
                position: None,
                text: format!("export {} to {}", kind.title, target.name),
                line: None,
                inputs: Vec::new(),
            }]));
            (environment.events)(Event::Started(step));
            let result = (kind.export)(content, target, step, environment);
            (environment.events)(match result {
                Ok(_) => Event::Finished(step),
                Err(_) => Event::Failed(step),
            });
            written.push(Written::of(target, kind.counted, result)?);
        }
        Ok(written)
    }
}

/// What of a build can be written.
#[derive(Clone, Copy)]
struct Kind {
    title: &'static str,
    /// What there is, and what it is made of.
    counted: [&'static str; 2],
    export: Exporter,
}

type Exporter = fn(
    &CacheContent,
    &CacheTarget,
    StepId,
    &Environment<'_>,
) -> Result<CacheExported, builder::Error>;

const STEPS: Kind = Kind {
    title: "cache",
    counted: ["steps", "layers"],
    export: builder::export_cache,
};

const MOUNTS: Kind = Kind {
    title: "cache mounts",
    counted: ["mounts", "packs"],
    export: builder::export_cache_mounts,
};

impl Written {
    /// What is told of it later, or what ends the build now.
    fn of(
        target: &CacheTarget,
        what: [&'static str; 2],
        result: Result<CacheExported, builder::Error>,
    ) -> Result<Self, builder::Error> {
        match result {
            Err(error @ builder::Error::Cancelled) => Err(error),
            Err(error) if target.failure == CacheFailure::Fatal => Err(error),
            result => Ok(Self {
                cache: target.name.clone(),
                what,
                result,
            }),
        }
    }

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
                let [of, in_all] = self.what;
                return format!(
                    "{} cache {name} ({records} {of}, {layers} {in_all}; sent {sent} blobs, {bytes})\n",
                    style.green("wrote")
                );
            }
            Err(error) => crate::command_error::chain(error),
        };
        format!("warning: {}\n", clean::line(line.as_bytes()))
    }
}
