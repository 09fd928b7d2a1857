//! `ps --filter`.

use crate::command_error::CommandError;
use crate::commands::images::filter::LabelFilter;
use crate::container::directory::Container;
use crate::container::mounts::Source;
use crate::container::state::{Phase, State};

/// The conditions that there are; the values of those that only some values can be had of.
const KNOWN: &str =
    "name, id, status, label, ancestor, exited, health, volume, network, before, since";
const STATES: [&str; 4] = ["created", "running", "restarting", "exited"];
const HEALTH: [&str; 4] = ["starting", "healthy", "unhealthy", "none"];

/// Conditions on containers: of those with the same name one is enough, of different ones all must hold.
#[derive(Debug)]
pub(super) struct Filter {
    conditions: Vec<(String, String)>,
    labels: LabelFilter,
    /// Made before the last of these, after the first of those.
    before: Option<String>,
    since: Option<String>,
}

impl Filter {
    /// Reads conditions. The containers that they name must be among these.
    pub(super) fn new(
        given: &[(String, String)],
        containers: &[Container],
    ) -> Result<Self, CommandError> {
        let mut filter = Self {
            conditions: Vec::new(),
            labels: LabelFilter::default(),
            before: None,
            since: None,
        };
        let created = |name: &str| {
            let named = |c: &&Container| c.record.name == name || c.record.id.starts_with(name);
            let found = containers.iter().find(named);
            found
                .map(|container| container.record.created.clone())
                .ok_or_else(|| CommandError::new(format!("there is no container {name}")))
        };
        for (key, value) in given {
            let one_of = |known: &[&str]| match known.contains(&value.as_str()) {
                true => Ok(()),
                false => Err(
                    CommandError::usage(format!("invalid filter '{key}={value}'"))
                        .hint(format!("there are {}", known.join(", "))),
                ),
            };
            match key.as_str() {
                "label" | "label!" => {
                    filter.labels.add(key, value);
                    continue;
                }
                "before" => {
                    filter.before = Some(created(value)?);
                    continue;
                }
                "since" => {
                    filter.since = Some(created(value)?);
                    continue;
                }
                "status" => one_of(&STATES)?,
                "health" => one_of(&HEALTH)?,
                "exited" if value.parse::<i32>().is_err() => {
                    return Err(CommandError::usage(format!("`{value}` is no exit code")));
                }
                "name" | "id" | "ancestor" | "exited" | "volume" | "network" => {}
                other => {
                    return Err(CommandError::usage(format!("invalid filter '{other}'"))
                        .hint(format!("there are {KNOWN}")));
                }
            }
            filter.conditions.push((key.clone(), value.clone()));
        }
        Ok(filter)
    }

    /// Whether it is for the filter to say in which states containers are shown.
    pub(super) fn asks_for_state(&self) -> bool {
        let asks = |(key, _): &(String, String)| matches!(key.as_str(), "status" | "exited");
        self.conditions.iter().any(asks)
    }

    /// Whether the container is meant.
    pub(super) fn holds(&self, container: &Container, state: &State) -> Result<bool, CommandError> {
        let record = &container.record;
        let label = |name: &str| {
            let found = record.labels.iter().find(|(label, _)| label == name);
            found.map(|(_, value)| value.as_str())
        };
        let older = self
            .before
            .as_ref()
            .is_none_or(|then| record.created < *then);
        let newer = self
            .since
            .as_ref()
            .is_none_or(|then| record.created > *then);
        if !self.labels.hold(label) || !older || !newer {
            return Ok(false);
        }
        let health = container.health()?;
        let health = health
            .as_ref()
            .map_or("none", |health| health.status.as_str());
        let is = |key: &str, value: &str| match key {
            "name" => record.name.contains(value),
            "id" => record.id.starts_with(value),
            "status" => state.phase.word() == value,
            "ancestor" => {
                let bare = record.image_id.split_once(':').map_or("", |(_, hex)| hex);
                let tagged = record
                    .image
                    .strip_suffix(":latest")
                    .unwrap_or(&record.image);
                tagged == value.strip_suffix(":latest").unwrap_or(value)
                    || record.image_id == value
                    || (value.len() >= 4 && bare.starts_with(value))
            }
            "exited" => state.phase == Phase::Exited && value.parse() == Ok(state.exit_code),
            "health" => health == value,
            "network" => record.network.word() == value,
            _ => record.mounts.iter().any(|mount| {
                let named = match &mount.source {
                    Source::Bind(host) => host.to_str() == Some(value),
                    Source::Volume { name, .. } => name == value,
                    Source::Tmpfs { .. } => false,
                };
                named || mount.target.to_str() == Some(value)
            }),
        };
        Ok(self.conditions.iter().all(|(key, _)| {
            let same = self.conditions.iter().filter(|(other, _)| other == key);
            same.into_iter().any(|(key, value)| is(key, value))
        }))
    }
}
