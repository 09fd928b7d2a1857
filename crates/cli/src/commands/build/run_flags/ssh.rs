//! `--ssh default|ID[=SOCKET|KEY[,KEY…]]`.

use crate::command_error::CommandError;
use crate::config::Config;
use builder::{SshKey, SshKeyError, SshSource};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// No key is longer.
const LONGEST_KEY: u64 = 256 << 10;

/// Reads all flags.
pub(super) fn read(
    flags: &[String],
    config: &Config,
) -> Result<BTreeMap<String, SshSource>, CommandError> {
    let mut sources = BTreeMap::new();
    for text in flags {
        let (id, paths) = text.split_once('=').unwrap_or((text, ""));
        let wrong = |message: &str| {
            CommandError::usage(format!("--ssh {text}: {message}"))
                .hint("for example --ssh default, or --ssh default=$HOME/.ssh/id_ed25519")
        };
        if id.is_empty() {
            return Err(wrong("the id is missing"));
        }
        let paths: Vec<PathBuf> = match paths {
            "" => match config
                .variable("SSH_AUTH_SOCK")
                .filter(|path| !path.is_empty())
            {
                Some(socket) => vec![socket.into()],
                None => return Err(wrong("no agent is running: SSH_AUTH_SOCK is not set")),
            },
            paths => paths.split(',').map(PathBuf::from).collect(),
        };
        if paths.iter().any(|path| path.as_os_str().is_empty()) {
            return Err(wrong("a path is empty"));
        }
        let source = source(&paths).map_err(|failure| match failure {
            Failure::Usage(message) => wrong(message),
            Failure::Other(error) => *error,
        })?;
        if sources.insert(id.to_owned(), source).is_some() {
            return Err(wrong("this id was given before"));
        }
    }
    Ok(sources)
}

enum Failure {
    Usage(&'static str),
    Other(Box<CommandError>),
}

/// One socket, or keys.
fn source(paths: &[PathBuf]) -> Result<SshSource, Failure> {
    let mut keys = Vec::new();
    for path in paths {
        let other = |error| Failure::Other(Box::new(error));
        let metadata = std::fs::metadata(path)
            .map_err(|error| other(CommandError::file("use SSH agent or key", path, error)))?;
        if !metadata.file_type().is_socket() {
            keys.push(key(path).map_err(other)?);
        } else if paths.len() > 1 {
            return Err(Failure::Usage("it is one socket, or keys"));
        } else {
            return Ok(SshSource::Agent(path.clone()));
        }
    }
    Ok(SshSource::Keys(Arc::new(keys)))
}

fn key(path: &Path) -> Result<SshKey, CommandError> {
    let failed = |error| CommandError::file("read SSH key", path, error);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(LONGEST_KEY)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    SshKey::read(&bytes, &path.to_string_lossy()).map_err(|error| {
        let this = CommandError::new(format!("cannot use SSH key {}: {error}", path.display()));
        match error {
            SshKeyError::Encrypted => this.hint(
                "add it to an agent, which asks for the passphrase, and let the build use that: ssh-add, --ssh default",
            ),
            SshKeyError::Unsupported { .. } | SshKeyError::Rejected { .. } => {
                this.hint("an agent may know it: ssh-add, and --ssh default")
            }
            SshKeyError::NoKey | SshKeyError::Damaged => this,
        }
    })
}
