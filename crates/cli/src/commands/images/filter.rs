//! `--filter` of `images` and `image prune`.

use crate::command_error::CommandError;
use crate::key_values::boolean;
use crate::report::times;
use dockerfile::glob;
use oci::{Reference, timestamp};
use std::time::SystemTime;
use store::{Listed, Store};

/// Conditions on images; all of them must hold, except that one of several `reference` is enough.
#[derive(Debug, Default)]
pub(crate) struct ImageFilter {
    dangling: Option<bool>,
    /// Made before the last of these.
    before: Vec<Option<SystemTime>>,
    /// Made after the first of these.
    since: Vec<Option<SystemTime>>,
    references: Vec<String>,
    labels: LabelFilter,
    until: Option<SystemTime>,
}

/// Conditions on labels.
#[derive(Debug, Default)]
pub(crate) struct LabelFilter {
    with: Vec<(String, Option<String>)>,
    without: Vec<(String, Option<String>)>,
}

/// `K=V`, for clap.
pub(crate) fn condition(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("invalid filter `{text}`: it is KEY=VALUE"))?;
    // `label!=key` is docker's way to say not.
    Ok((key.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

impl ImageFilter {
    /// Reads conditions; images that they name must be in the store.
    pub(crate) fn new(
        conditions: &[(String, String)],
        known: &[&str],
        store: &Store,
    ) -> Result<Self, CommandError> {
        let mut filter = Self::default();
        for (key, value) in conditions {
            let plain = key.trim_end_matches('!');
            if !known.contains(&plain) || (plain != key && plain != "label") {
                return Err(CommandError::usage(format!("invalid filter '{key}'"))
                    .hint(format!("there are {}", known.join(", "))));
            }
            match key.as_str() {
                "dangling" => filter.dangling = Some(dangling(value)?),
                "before" => filter.before.push(created(store, value)?),
                "since" => filter.since.push(created(store, value)?),
                "reference" => {
                    glob::matches(value, "").map_err(|e| CommandError::usage(e.to_string()))?;
                    filter.references.push(value.clone());
                }
                "until" => filter.until = Some(moment(value)?),
                _ => filter.labels.add(key, value),
            }
        }
        Ok(filter)
    }

    /// Adds what `images NAME` asks for.
    pub(crate) fn only(&mut self, reference: &str) {
        self.references.push(reference.to_owned());
    }

    /// Whether names are asked for, so that images without one are not meant.
    fn wants_names(&self) -> bool {
        !self.references.is_empty()
    }

    /// The image, with the names that are asked for; `None` if it is not meant.
    ///
    /// # Errors
    /// If its configuration cannot be read.
    pub(crate) fn select(
        &self,
        store: &Store,
        mut image: Listed,
    ) -> Result<Option<Listed>, CommandError> {
        let made = image.image.created.as_deref().and_then(timestamp::parse);
        let dangles = image.references.is_empty();
        let holds = self.dangling.is_none_or(|wanted| wanted == dangles)
            && self.before.iter().all(|other| made < *other)
            && self.since.iter().all(|other| made > *other)
            && self
                .until
                .is_none_or(|until| made.is_none_or(|made| made <= until));
        if !holds || (dangles && self.wants_names()) {
            return Ok(None);
        }
        if self.wants_names() {
            image.references.retain(|reference| self.names(reference));
            if image.references.is_empty() {
                return Ok(None);
            }
        }
        if !self.labels.is_empty() {
            let config = store.config(&image.image.config)?;
            let labels = config.config.labels;
            if !self
                .labels
                .hold(|name| labels.get(name).map(String::as_str))
            {
                return Ok(None);
            }
        }
        Ok(Some(image))
    }

    fn names(&self, reference: &Reference) -> bool {
        let names = [
            reference.familiar(),
            reference.familiar_name(),
            reference.to_string(),
            reference.name(),
        ];
        self.references.iter().any(|pattern| {
            names
                .iter()
                .any(|name| glob::matches(pattern, name) == Ok(true))
        })
    }
}

impl LabelFilter {
    /// Adds `label=key`, `label=key=value`, or either with `label!`.
    pub(crate) fn add(&mut self, key: &str, value: &str) {
        let label = match value.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (value.to_owned(), None),
        };
        match key.ends_with('!') {
            true => self.without.push(label),
            false => self.with.push(label),
        }
    }

    fn is_empty(&self) -> bool {
        self.with.is_empty() && self.without.is_empty()
    }

    /// Whether labels, asked for by name, are as they should be.
    pub(crate) fn hold<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        let has = |(name, value): &(String, Option<String>)| {
            let found = label(name);
            found.is_some_and(|found| value.as_deref().is_none_or(|value| value == found))
        };
        self.with.iter().all(has) && !self.without.iter().any(has)
    }
}

fn dangling(value: &str) -> Result<bool, CommandError> {
    let invalid = |_| CommandError::usage(format!("invalid filter 'dangling={value}'"));
    boolean(value)
        .map_err(invalid)
        .map_err(|error| error.hint("it is true or false"))
}

fn created(store: &Store, name: &str) -> Result<Option<SystemTime>, CommandError> {
    let image = store.resolve(name)?;
    Ok(image.created.as_deref().and_then(timestamp::parse))
}

/// The moment that `until=` means: one, or so long ago.
pub(crate) fn moment(text: &str) -> Result<SystemTime, CommandError> {
    times::moment(text, SystemTime::now()).ok_or_else(|| {
        CommandError::usage(format!(
            "failed to parse value as time or duration: {text:?}"
        ))
        .hint("it is like 24h, 10m30s, 2026-11-21 or 2026-11-21T10:29:32Z")
    })
}

#[cfg(test)]
mod tests {
    use super::LabelFilter;

    #[test]
    fn labels() {
        let of = |conditions: &[(&str, &str)]| {
            let mut filter = LabelFilter::default();
            conditions
                .iter()
                .for_each(|(key, value)| filter.add(key, value));
            filter.hold(|name| (name == "a").then_some("1"))
        };
        assert!(of(&[("label", "a")]) && of(&[("label", "a=1")]) && of(&[("label!", "b")]));
        assert!(!of(&[("label", "a=2")]) && !of(&[("label!", "a")]) && !of(&[("label", "b")]));
        assert!(!of(&[("label", "a"), ("label!", "a=1")]) && of(&[("label!", "a=2")]));
    }
}
