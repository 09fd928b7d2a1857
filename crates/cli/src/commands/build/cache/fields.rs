//! The fields of one `--cache-from` or `--cache-to`: those of BuildKit's backends.

use super::bucket;
use crate::command_error::CommandError;
use crate::config::Config;
use crate::key_values;
use builder::{CacheFailure, CacheMode, CachePlace, CacheSource, CacheTarget, FolderPlace, Trust};
use oci::{Compression, Digest, Reference};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use store::{MediaTypes, Recompress, Scope};

/// What `type=` may be.
const TYPES: [&str; 4] = ["registry", "local", "inline", "s3"];

/// Types of BuildKit's that are services which carafe does not talk to.
const SERVICES: [(&str, &str, &str); 2] = [
    (
        "gha",
        "carafe does not speak to GitHub's cache service",
        "in GitHub Actions use type=registry,ref=ghcr.io/OWNER/NAME/cache after `carafe login ghcr.io` with the job's \
         GITHUB_TOKEN, or type=local with a folder that actions/cache keeps",
    ),
    (
        "azblob",
        "carafe does not speak to Azure's blob storage",
        "use type=registry with a repository of Azure's container registry, or type=local with a folder that the pipeline keeps",
    ),
];

/// How long an export may take, unless `timeout=` says otherwise: what BuildKit has for `gha`.
const TIMEOUT: Duration = Duration::from_secs(10 * 60);

const FROM: Direction = Direction {
    flag: "--cache-from",
    fields: &[
        ("registry", &["ref", "registry.insecure"]),
        ("local", &["src", "tag", "digest"]),
        ("s3", bucket::FIELDS),
    ],
    common: &[],
};

const TO: Direction = Direction {
    flag: "--cache-to",
    fields: &[
        ("registry", &["ref", "registry.insecure"]),
        ("local", &["dest", "tag"]),
        ("s3", bucket::FIELDS),
        ("inline", &[]),
    ],
    common: &[
        "mode",
        "ignore-error",
        "timeout",
        "oci-mediatypes",
        "image-manifest",
        "compression",
        "compression-level",
        "force-compression",
    ],
};

const MOUNTS_FROM: Direction = Direction {
    flag: "--cache-mounts-from",
    ..FROM
};

const MOUNTS_TO: Direction = Direction {
    flag: "--cache-mounts-to",
    fields: &[
        ("registry", &["ref", "registry.insecure"]),
        ("local", &["dest", "tag"]),
        ("s3", bucket::FIELDS),
    ],
    common: &["ignore-error", "timeout", "oci-mediatypes"],
};

/// The name in a folder, so that cache and cache mounts may have the same one.
const MOUNTS_TAG: &str = "mounts";

/// Which fields a flag takes.
struct Direction {
    flag: &'static str,
    fields: &'static [(&'static str, &'static [&'static str])],
    common: &'static [&'static str],
}

/// Reads a `--cache-from`.
pub(super) fn source(text: &str, config: &Config) -> Result<CacheSource, CommandError> {
    Fields::read(text, &FROM)?.source(config)
}

/// Reads a `--cache-to`; `None` for `type=inline`.
pub(super) fn target(text: &str, config: &Config) -> Result<Option<CacheTarget>, CommandError> {
    let fields = Fields::read(text, &TO)?;
    fields.target(config).map_err(|why| fields.wrong(&why))
}

/// Reads a `--cache-mounts-from`.
pub(super) fn mounts_source(text: &str, config: &Config) -> Result<CacheSource, CommandError> {
    let fields = Fields::read(text, &MOUNTS_FROM)?;
    fields.with_tag(MOUNTS_TAG).source(config)
}

/// Reads a `--cache-mounts-to`.
pub(super) fn mounts_target(
    text: &str,
    config: &Config,
) -> Result<Option<CacheTarget>, CommandError> {
    let fields = Fields::read(text, &MOUNTS_TO)?.with_tag(MOUNTS_TAG);
    fields.target(config).map_err(|why| fields.wrong(&why))
}

/// The fields as they were written, of which each is known.
pub(super) struct Fields {
    text: String,
    flag: &'static str,
    kind: String,
    values: BTreeMap<String, String>,
}

impl Fields {
    fn read(text: &str, direction: &Direction) -> Result<Self, CommandError> {
        let mut fields = Self {
            text: text.to_owned(),
            flag: direction.flag,
            kind: "registry".to_owned(),
            values: BTreeMap::new(),
        };
        if !text.contains('=') {
            fields.values.insert("ref".to_owned(), text.to_owned());
            return Ok(fields);
        }
        let shown = |why: String| why.replace(text, &bucket::without_secrets(text));
        for (key, value) in key_values::fields(text).map_err(|why| fields.wrong(&shown(why)))? {
            let value = value.unwrap_or_else(|| "true".to_owned());
            match key.as_str() {
                "type" => fields.kind = value,
                _ => drop(fields.values.insert(key, value)),
            }
        }
        fields.check(direction)?;
        Ok(fields)
    }

    fn check(&self, direction: &Direction) -> Result<(), CommandError> {
        let kind = self.kind.as_str();
        if let Some((_, why, instead)) = SERVICES.iter().find(|(known, ..)| *known == kind) {
            let why = format!("type={kind} is not supported: {why}");
            return Err(self.wrong(&why).hint(*instead));
        }
        let Some((_, own)) = direction.fields.iter().find(|(known, _)| *known == kind) else {
            let why = match TYPES.contains(&kind) {
                true => format!("type={kind} cannot be read from"),
                false => format!("there is no type `{kind}`"),
            };
            let hint = match kind {
                "inline" => "name the image: type=registry,ref=IMAGE".to_owned(),
                _ => near(kind, &TYPES),
            };
            return Err(self.wrong(&why).hint(hint));
        };
        for key in self.values.keys() {
            if !own.contains(&key.as_str()) && !direction.common.contains(&key.as_str()) {
                let known: Vec<&str> = own.iter().chain(direction.common).copied().collect();
                let why = format!("type={kind} has no field `{key}`");
                return Err(self.wrong(&why).hint(near(key, &known)));
            }
        }
        Ok(())
    }

    /// With another name in a folder, where none is given.
    fn with_tag(mut self, tag: &str) -> Self {
        let key = if self.kind == "s3" { "name" } else { "tag" };
        let given = self.values.entry(key.to_owned());
        given.or_insert_with(|| tag.to_owned());
        self
    }

    fn wrong(&self, why: &str) -> CommandError {
        let text = bucket::without_secrets(&self.text);
        CommandError::usage(format!("{} {text}: {why}", self.flag))
    }

    pub(super) fn value(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    pub(super) fn boolean(&self, key: &str, default: bool) -> Result<bool, String> {
        match self.value(key) {
            Some(value) => key_values::boolean(value).map_err(|why| format!("{key}: {why}")),
            None => Ok(default),
        }
    }

    fn source(&self, config: &Config) -> Result<CacheSource, CommandError> {
        let place = self.place("src", config).map_err(|why| self.wrong(&why))?;
        let name = self.name(&place);
        Ok(CacheSource { name, place })
    }

    /// What messages call the cache.
    fn name(&self, place: &CachePlace) -> String {
        if let CachePlace::Bucket(place) = place {
            let name = self.value("name").unwrap_or_default();
            return format!("s3://{}/{}{name}", place.address.bucket, place.prefix);
        }
        let of = |keys: [&str; 3]| keys.into_iter().find_map(|key| self.value(key));
        of(["ref", "src", "dest"]).unwrap_or_default().to_owned()
    }

    fn place(&self, path: &str, config: &Config) -> Result<CachePlace, String> {
        match self.kind.as_str() {
            "registry" => {
                let trust = match self.boolean("registry.insecure", false)? {
                    true => Trust::Anyone,
                    false => Trust::Configured,
                };
                let text = self.value("ref").ok_or("ref=NAME is missing")?;
                let reference: Reference = text.parse().map_err(|e: oci::Error| e.to_string())?;
                Ok(CachePlace::Registry(reference, trust))
            }
            "s3" => bucket::place(self, config),
            _ => {
                let folder = self.value(path).filter(|folder| !folder.is_empty());
                let folder = folder.ok_or_else(|| format!("{path}=FOLDER is missing"))?;
                let digest = match self.value("digest") {
                    Some(digest) => Some(
                        digest
                            .parse::<Digest>()
                            .map_err(|error| error.to_string())?,
                    ),
                    None => None,
                };
                Ok(CachePlace::Folder(FolderPlace {
                    path: PathBuf::from(folder),
                    tag: self.value("tag").unwrap_or("latest").to_owned(),
                    digest,
                }))
            }
        }
    }

    fn target(&self, config: &Config) -> Result<Option<CacheTarget>, String> {
        let mode = match self.value("mode") {
            None | Some("min") => CacheMode::Min,
            Some("max") => CacheMode::Max,
            Some(other) => return Err(format!("there is no mode `{other}`: it is min or max")),
        };
        let recompress = self.recompress()?;
        let media_types = match self.boolean("oci-mediatypes", true)? {
            true => MediaTypes::Oci,
            false => MediaTypes::Docker,
        };
        self.boolean("image-manifest", true)?;
        let failure = match self.boolean("ignore-error", true)? {
            true => CacheFailure::Told,
            false => CacheFailure::Fatal,
        };
        let timeout = match self.value("timeout") {
            None => TIMEOUT,
            Some(text) => {
                seconds(text).ok_or_else(|| format!("`{text}` is no time such as 90s or 10m"))?
            }
        };
        if self.kind == "inline" {
            return match mode {
                CacheMode::Min => Ok(None),
                CacheMode::Max => {
                    Err("an image holds its own layers only: there is no mode=max".to_owned())
                }
            };
        }
        let place = self.place("dest", config)?;
        Ok(Some(CacheTarget {
            name: self.name(&place),
            place,
            mode,
            recompress,
            media_types,
            failure,
            timeout,
        }))
    }

    fn recompress(&self) -> Result<Recompress, String> {
        let compression = match self.value("compression") {
            None | Some("gzip") => Compression::Gzip,
            Some("zstd") => Compression::Zstd,
            Some("uncompressed") => Compression::None,
            Some(other) => {
                return Err(format!(
                    "there is no compression `{other}`: it is gzip, zstd or uncompressed"
                ));
            }
        };
        let allowed = if compression == Compression::Zstd {
            0..=22
        } else {
            0..=9
        };
        let level = match self.value("compression-level").map(str::parse) {
            None => None,
            Some(Ok(level)) if allowed.contains(&level) => Some(level),
            Some(_) => {
                return Err(format!(
                    "compression-level is {} to {}",
                    allowed.start(),
                    allowed.end()
                ));
            }
        };
        let scope = match self.boolean("force-compression", false)? {
            true => Scope::All,
            false => Scope::Plain,
        };
        Ok(Recompress {
            // zstd's own 0 is its default.
            level: level.filter(|level| (compression, *level) != (Compression::Zstd, 0)),
            scope,
            ..Recompress::plain(compression)
        })
    }
}

/// `90s`, `10m`, `1h`: one number and its unit, as Go's durations are mostly written.
fn seconds(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let seconds = number.parse::<u64>().ok()?.checked_mul(factor)?;
    // A deadline has to be a time that there is.
    (seconds <= 7 * 24 * 3600).then(|| Duration::from_secs(seconds))
}

/// Advice for a word that is none.
fn near(word: &str, known: &[&str]) -> String {
    match dockerfile::suggest(word, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("it is one of {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(seconds("90s"), Some(Duration::from_secs(90)));
        assert_eq!(seconds("2h"), Some(Duration::from_secs(7200)));
        for bad in ["", "10", "s", "1d", "99999999999999999999s", "9999999h"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
