use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::json::{Extra, is_default, null_as_default, object_set};

/// How to run an image: the specification's `config`, and Docker's additions to it.
///
/// Empty members are left out when it is written, as Docker and BuildKit do. Members that are not
/// named here (`Hostname`, `StopTimeout`, …) are kept in `extra`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Config {
    /// Whom the program runs as: `user`, `uid`, `user:group`, … .
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub user: String,
    /// Ports that it listens on: `80/tcp`.
    #[serde(with = "object_set", skip_serializing_if = "is_default")]
    pub exposed_ports: BTreeSet<String>,
    /// The environment, `NAME=value`, in the order of first appearance.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub env: Vec<String>,
    /// What to run, before the arguments.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub entrypoint: Vec<String>,
    /// The default arguments, or what to run if there is no entry point.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub cmd: Vec<String>,
    /// Folders that hold data beyond the container's life.
    #[serde(with = "object_set", skip_serializing_if = "is_default")]
    pub volumes: BTreeSet<String>,
    /// Where the program starts.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub working_dir: String,
    /// Notes for people and programs.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub labels: BTreeMap<String, String>,
    /// The signal that asks the program to stop.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub stop_signal: String,
    /// Docker: how to see whether the program is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Healthcheck>,
    /// Docker: instructions for whoever builds on this image.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub on_build: Vec<String>,
    /// Docker: the shell of the shell form.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub shell: Vec<String>,
    /// Docker: the command came from the shell form (of use on Windows only).
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub args_escaped: bool,
    /// All other members.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Docker's HEALTHCHECK. Durations are in nanoseconds; 0 is "not given".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Healthcheck {
    /// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", text]`; empty inherits.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub test: Vec<String>,
    /// Time between two checks.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub interval: i64,
    /// Time after which a check has failed.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub timeout: i64,
    /// Time at the start in which failures do not count.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub start_period: i64,
    /// Time between two checks during the start period.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub start_interval: i64,
    /// How many failures in a row make it unhealthy.
    #[serde(
        deserialize_with = "null_as_default",
        skip_serializing_if = "is_default"
    )]
    pub retries: i64,
}

impl Config {
    /// The value of an environment variable.
    pub fn env(&self, name: &str) -> Option<&str> {
        self.env
            .iter()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    }

    /// Sets an environment variable, in its old place if it has one.
    pub fn set_env(&mut self, name: &str, value: &str) {
        let new = format!("{name}={value}");
        let same = |line: &&mut String| line.split('=').next() == Some(name);
        match self.env.iter_mut().find(same) {
            Some(line) => *line = new,
            None => self.env.push(new),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn is_dockers() {
        let value = json!({
            "Hostname": "h",
            "User": "5:6",
            "ExposedPorts": {"443/tcp": {}, "8000/tcp": {}},
            "Env": ["PATH=/bin", "A=1"],
            "Entrypoint": ["/bin/sh", "-c", "run me"],
            "Volumes": {"/v1": {}},
            "WorkingDir": "/rel",
            "Labels": {"k": "v w"},
            "StopSignal": "SIGTERM",
            "Healthcheck": {"Test": ["CMD-SHELL", "echo hi"], "Interval": 5_000_000_000_i64, "Retries": 3},
            "OnBuild": ["RUN true"],
            "Shell": ["/bin/a", "-b"],
            "ArgsEscaped": true,
            "StopTimeout": 3,
        });
        let config: Config = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(config.extra["StopTimeout"], 3);
        assert!(config.exposed_ports.contains("443/tcp"));
        assert_eq!(serde_json::to_value(&config).unwrap(), value);
        assert_eq!(serde_json::to_string(&Config::default()).unwrap(), "{}");
    }

    #[test]
    fn environment() {
        let mut config = Config {
            env: vec!["AB=0".into(), "A=1".into()],
            ..Config::default()
        };
        assert_eq!(config.env("A"), Some("1"));
        assert_eq!(config.env("B"), None);
        config.set_env("A", "x=y");
        config.set_env("C", "");
        assert_eq!(config.env, ["AB=0", "A=x=y", "C="]);
    }
}
