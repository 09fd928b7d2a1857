//! Cache keys: what makes two steps the same.
//!
//! A step has two. The *definition key* says what the step is and on what it stands, all the way
//! down: it is known without executing anything. The *content key* says what the step is and what
//! its inputs really are; it catches an input that was built again and came out the same. Times of
//! files are part of neither; nor are the values of secrets and proxies, names of caches, or
//! places in the text.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::step::{
    CopyItem, CopyOperation, Filesystem, MountKind, Operation, RunMount, RunOperation, Source,
    Step, StepId,
};
use crate::times::Normalise;

/// A key: the SHA-256 of a canonical text. In JSON it is its hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Key(pub [u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0[..6]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl TryFrom<String> for Key {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_hex(&text).ok_or("a key has 64 hexadecimal digits")
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.to_hex()
    }
}

impl Key {
    /// As hexadecimal digits.
    pub(crate) fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The key that [`Key::to_hex`] wrote.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let mut key = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (at, byte) in key.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Self(key))
    }
}

/// Raised when the meaning of a step changes, so that old records no longer fit.
const VERSION: &str = "carafe 1";

/// What an input is, as far as a key cares.
pub(crate) type Identity<'a> = dyn Fn(StepId) -> Key + 'a;

/// Collects fields: each is written with its length, so that no two lists of fields are one text.
pub(crate) struct KeyWriter(Sha256);

impl KeyWriter {
    /// A writer for one kind of key.
    pub(crate) fn new(kind: &str) -> Self {
        let mut writer = Self(Sha256::new());
        writer.text(VERSION);
        writer.text(kind);
        writer
    }

    /// Adds bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// Adds text.
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Adds a number.
    pub(crate) fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    /// Adds another key.
    pub(crate) fn key(&mut self, key: Key) {
        self.0.update(key.0);
    }

    /// The key of all that was added.
    pub(crate) fn finish(self) -> Key {
        Key(self.0.finalize().into())
    }

    fn filesystem(&mut self, filesystem: Filesystem, identity: &Identity<'_>) {
        match filesystem {
            Some(step) => self.key(identity(step)),
            None => self.text("scratch"),
        }
    }
}

/// What a file system is: the snapshots that it is made of.
pub(crate) fn stack_key(stack: &[store::SnapshotId]) -> Key {
    let mut writer = KeyWriter::new("stack");
    stack.iter().for_each(|id| writer.text(id.as_str()));
    writer.finish()
}

/// What a step is, where contexts are only named: equal steps of one plan have it in common.
pub(crate) fn definition(step: &Step, identity: &Identity<'_>) -> Key {
    of(step, identity, None)
}

/// The key of a step whose inputs have these identities. `files` stands for what a `COPY` takes.
pub(crate) fn of(step: &Step, identity: &Identity<'_>, files: Option<Key>) -> Key {
    let mut writer = KeyWriter::new("step");
    // A layer made with `--link` does not depend on what it is laid over.
    if !step.is_linked() {
        writer.filesystem(step.below, identity);
    }
    match step.normalise {
        Normalise::Nothing => {}
        Normalise::Times => writer.text("timeless"),
        Normalise::AsInGit => writer.text("as in git"),
    }
    match &step.operation {
        Operation::Image(image) => {
            writer.text("image");
            writer.text(&image.chain_id());
        }
        Operation::Fetch(remote) => match files {
            Some(found) => writer.key(found),
            None => remote.define(&mut writer),
        },
        Operation::Workdir { path, user } => {
            writer.text("workdir");
            writer.text(path);
            writer.text(user);
        }
        Operation::Copy(copy) => copy_fields(&mut writer, copy, identity, files),
        Operation::Run(run) => run_fields(&mut writer, run, identity),
    }
    writer.finish()
}

fn copy_fields(
    writer: &mut KeyWriter,
    copy: &CopyOperation,
    identity: &Identity<'_>,
    files: Option<Key>,
) {
    writer.text("copy");
    match (files, &copy.source) {
        (Some(files), _) => writer.key(files),
        (None, Source::Context(name)) => writer.text(&name.to_string()),
        (None, Source::Filesystem(filesystem)) => writer.filesystem(*filesystem, identity),
    }
    for item in &copy.items {
        match item {
            CopyItem::Inline { name, content } => {
                writer.text("inline");
                writer.text(name);
                writer.text(content);
            }
            CopyItem::Fetched { step, path, unpack } => {
                writer.text("fetched");
                writer.number(u64::from(*unpack));
                if files.is_none() {
                    writer.key(identity(*step));
                    writer.text(path);
                }
            }
            // What the files are called is part of `files`, as far as it matters.
            CopyItem::Path(_) if files.is_some() => writer.text("path"),
            CopyItem::Path(path) => writer.text(path),
        }
    }
    writer.text(&copy.destination);
    writer.text(copy.chown.as_deref().unwrap_or("-"));
    writer.text(&format!("{:?}", copy.chmod));
    for flag in [copy.link, copy.parents, copy.unpack] {
        writer.number(u64::from(flag));
    }
    if files.is_none() {
        copy.excludes
            .iter()
            .for_each(|exclude| writer.text(exclude));
    }
}

fn run_fields(writer: &mut KeyWriter, run: &RunOperation, identity: &Identity<'_>) {
    writer.text("run");
    writer.number(run.arguments.len() as u64);
    run.arguments
        .iter()
        .for_each(|argument| writer.text(argument));
    for (name, value) in &run.env {
        writer.text(name);
        writer.text(value);
    }
    writer.text(&run.workdir);
    writer.text(&run.user);
    writer.text(&format!("{:?}", run.network));
    writer.number(u64::from(run.insecure));
    writer.text(&run.hostname);
    for host in &run.hosts {
        writer.text("host");
        writer.text(host);
    }
    for device in &run.devices {
        writer.text("device");
        writer.text(&device.name);
    }
    for mount in &run.mounts {
        mount_fields(writer, mount, identity);
    }
    if let Some(platform) = &run.foreign {
        writer.text("foreign");
        writer.text(&platform.to_string());
    }
    if let Some(script) = &run.script {
        writer.text(&script.path);
        writer.text(&script.content);
    }
}

fn mount_fields(writer: &mut KeyWriter, mount: &RunMount, identity: &Identity<'_>) {
    writer.text(&mount.target);
    match &mount.kind {
        MountKind::Bind {
            from,
            source,
            writable,
        } => {
            writer.text("bind");
            writer.filesystem(*from, identity);
            writer.text(source);
            writer.number(u64::from(*writable));
        }
        MountKind::Cache { .. } => writer.text("cache"),
        MountKind::Tmpfs { size } => {
            writer.text("tmpfs");
            writer.number(size.unwrap_or_default());
        }
        MountKind::Secret {
            id,
            env,
            mode,
            owner,
            ..
        } => {
            writer.text("secret");
            writer.text(id);
            writer.text(env.as_deref().unwrap_or_default());
            writer.text(&format!("{mode:o} {owner:?}"));
        }
        MountKind::Ssh {
            id, mode, owner, ..
        } => {
            writer.text("ssh");
            writer.text(id);
            writer.text(&format!("{mode:o} {owner:?}"));
        }
    }
}
