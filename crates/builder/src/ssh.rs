//! SSH agents for `RUN --mount=type=ssh`: one that is there, forwarded, or one of our own with keys from files.
//!
//! A step can have its keys listed and can have them sign, and nothing else: it cannot add, remove or lock keys.
//! Sources: draft-ietf-sshm-ssh-agent for what is spoken; BuildKit for what is let through.

mod agent;
mod der;
mod key;
mod openssh;
mod remainder;
mod socket;
mod wire;

use std::path::PathBuf;

pub use key::{SshKey, SshKeyError};
pub(crate) use socket::{Access, AgentSocket};

/// Who answers for an id of `--ssh`.
#[derive(Clone, Debug)]
pub enum SshSource {
    /// The agent that listens on this socket.
    Agent(PathBuf),
    /// These keys.
    Keys(std::sync::Arc<Vec<SshKey>>),
}
