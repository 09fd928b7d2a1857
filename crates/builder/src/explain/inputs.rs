//! What goes into a step, as text that can be kept and compared.

use dockerfile::is_secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::step::{CopyItem, CopyOperation, MountKind, Operation, RunMount, RunOperation, Step};

/// The inputs of a step in a build, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct StepInputs {
    /// The stage, with its platform where there are several.
    pub(super) stage: String,
    /// The instruction.
    pub(super) title: String,
    /// Names and values: flags, variables, mounts.
    pub(super) values: Vec<(String, String)>,
    /// Its definition key.
    pub(super) key: String,
    /// The list of the context's files that it takes.
    pub(super) files: Option<String>,
    /// The snapshot below it.
    pub(super) below: Option<String>,
    /// What it takes from other stages: what they are called, and their snapshots on top.
    pub(super) inputs: Vec<(String, Option<String>)>,
    /// The snapshot that it left; none if it failed.
    pub(super) result: Option<String>,
}

/// A longer value is kept as its beginning and its digest.
const LONG: usize = 2000;

impl StepInputs {
    /// The instruction's first word.
    pub(super) fn keyword(&self) -> &str {
        self.title.split_whitespace().next().unwrap_or_default()
    }

    /// The digest of an image.
    pub(super) fn digest(&self) -> Option<&str> {
        let digest = self.values.iter().find(|(name, _)| name == "digest");
        digest.map(|(_, value)| value.as_str())
    }
}

/// The values of a step. Those that the instruction's own text has come first, and are as many as the second value
/// says.
pub(super) fn values(step: &Step) -> (Vec<(String, String)>, usize) {
    let mut values = Values::default();
    match &step.operation {
        Operation::Image(image) => {
            values.add("image", &image.name);
            values.written = 1;
            values.add("digest", &image.descriptor.digest.to_string());
        }
        Operation::Fetch(remote) => {
            values.add("source", &remote.shown());
            values.written = 1;
        }
        Operation::Workdir { path, user } => {
            values.add("directory", path);
            values.written = 1;
            values.add("USER", user);
        }
        Operation::Copy(copy) => values.copy(copy),
        Operation::Run(run) => values.run(run),
    }
    (values.list, values.written)
}

#[derive(Default)]
struct Values {
    list: Vec<(String, String)>,
    written: usize,
}

impl Values {
    fn add(&mut self, name: &str, value: &str) {
        self.list.push((name.to_owned(), shortened(value)));
    }

    fn copy(&mut self, copy: &CopyOperation) {
        for item in &copy.items {
            match item {
                CopyItem::Path(path) | CopyItem::Fetched { path, .. } => self.add("source", path),
                CopyItem::Inline { name, .. } => self.add("source", &format!("<<{name}")),
            }
        }
        self.add("destination", &copy.destination);
        let chmod = copy.chmod.as_ref().map(|chmod| format!("{chmod:?}"));
        let flags = [("--chown", &copy.chown), ("--chmod", &chmod)];
        for (name, value) in flags {
            self.add(name, value.as_deref().unwrap_or_default());
        }
        for (name, set) in [("--link", copy.link), ("--parents", copy.parents)] {
            self.add(name, if set { "true" } else { "" });
        }
        self.add("--exclude", &copy.excludes.join(" "));
        self.written = self.list.len();
        // Heredocs are no part of what progress shows.
        for item in &copy.items {
            if let CopyItem::Inline { name, content } = item {
                self.add(&format!("heredoc {name}"), content);
            }
        }
    }

    fn run(&mut self, run: &RunOperation) {
        self.add("command", &run.arguments.join(" "));
        self.written = 1;
        if let Some(script) = &run.script {
            self.add("heredoc", &script.content);
        }
        for (name, value) in &run.env {
            let value = match is_secret(name) {
                true => hidden(value),
                false => value.clone(),
            };
            self.add(&format!("variable {name}"), &value);
        }
        self.add("WORKDIR", &run.workdir);
        self.add("USER", &run.user);
        self.add("network", &format!("{:?}", run.network).to_lowercase());
        self.add("--security", if run.insecure { "insecure" } else { "" });
        self.add("hostname", &run.hostname);
        self.add("--add-host", &run.hosts.join(" "));
        let devices: Vec<&str> = run.devices.iter().map(|d| d.name.as_str()).collect();
        self.add("--device", &devices.join(" "));
        for mount in &run.mounts {
            self.mount(mount);
        }
        let platform = run.foreign.as_ref().map(ToString::to_string);
        self.add("platform", &platform.unwrap_or_default());
    }

    /// As far as it makes the step another one.
    fn mount(&mut self, mount: &RunMount) {
        let (name, value) = match &mount.kind {
            MountKind::Bind {
                source, writable, ..
            } => (
                "bind mount",
                format!("source={source}{}", if *writable { ",rw" } else { "" }),
            ),
            MountKind::Cache { .. } => ("cache mount", "yes".to_owned()),
            MountKind::Tmpfs { size } => ("tmpfs mount", format!("size={}", size.unwrap_or(0))),
            MountKind::Secret {
                id,
                env,
                mode,
                owner: (uid, gid),
                ..
            } => {
                let env = env.as_deref().unwrap_or_default();
                let value = format!("id={id},env={env},mode={mode:o},uid={uid},gid={gid}");
                ("secret", value)
            }
            MountKind::Ssh {
                id,
                mode,
                owner: (uid, gid),
                ..
            } => ("ssh", format!("id={id},mode={mode:o},uid={uid},gid={gid}")),
        };
        self.add(&format!("{name} {}", mount.target), &value);
    }
}

/// What the kept form of a hidden value begins with.
const HIDDEN: &str = "(hidden)";

/// Stands for a value: equal for equal ones.
fn hidden(value: &str) -> String {
    format!("{HIDDEN} {}", fingerprint(value))
}

/// A kept value as it may be shown: what a hidden one could be guessed from stays in the store.
pub(super) fn to_show(value: String) -> String {
    match value.starts_with(HIDDEN) {
        true => HIDDEN.to_owned(),
        false => value,
    }
}

fn shortened(value: &str) -> String {
    if value.len() <= LONG {
        return value.to_owned();
    }
    let start = &value[..value.floor_char_boundary(LONG / 2)];
    format!("{start}… ({} bytes, {})", value.len(), fingerprint(value))
}

fn fingerprint(value: &str) -> String {
    let digest = Sha256::digest(value.as_bytes());
    let digits: String = digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_apart_and_not_shown() {
        for name in ["TOKEN", "npm_token", "DB_PASSWORD", "API_KEY", "AWS_SECRET"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["VERSION", "KEYBOARD", "MONKEY", "PUBLIC_KEY", "TOKEN_FILE"] {
            assert!(!is_secret(name), "{name}");
        }
        assert_eq!(to_show(hidden("hunter2")), "(hidden)");
        assert_ne!(hidden("hunter2"), hidden("hunter3"));
    }

    #[test]
    fn long_values_stay_apart() {
        let (a, b) = ("x".repeat(5000), "x".repeat(5001));
        assert!(shortened(&a).len() < 1100);
        assert_ne!(shortened(&a), shortened(&b));
    }
}
