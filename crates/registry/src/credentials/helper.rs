//! The protocol of <https://github.com/docker/docker-credential-helpers>: a program, a verb, JSON.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::auth_file::{of_pair, without_content};
use super::{Credential, CredentialError};

/// How often it is looked whether a program is done.
const LOOK: Duration = Duration::from_millis(5);

/// More is not read of what a program answers.
const ANSWER_AT_MOST: u64 = 1 << 20;

/// How much of a program's words is passed on.
const WORDS_AT_MOST: usize = 300;

/// How programs say that they have nothing, whatever else fails: the reference implementation's words, and
/// macOS's.
const NOTHING: [&str; 2] = [
    "credentials not found",
    "the specified item could not be found in the keychain",
];

/// The programs `docker-credential-NAME`, which keep credentials somewhere safer than in a file.
#[derive(Clone, Debug)]
pub struct Helpers {
    /// Where programs are: the folders of `PATH`.
    pub search: Vec<PathBuf>,
    /// How long one may take: it may ask the user for a password of its own.
    pub patience: Duration,
    /// Ends all waiting once it is set.
    pub cancel: Arc<AtomicBool>,
}

impl Default for Helpers {
    fn default() -> Self {
        Self {
            search: Vec::new(),
            patience: Duration::from_secs(120),
            cancel: Arc::default(),
        }
    }
}

/// One such program.
pub(super) struct Helper<'a> {
    all: &'a Helpers,
    program: String,
    /// Where it is configured.
    named_in: &'a str,
}

/// How a program ended.
struct Ended {
    status: ExitStatus,
    answer: Vec<u8>,
    words: Vec<u8>,
}

impl Helpers {
    /// The program of a name, which stands in `named_in`.
    pub(super) fn named<'a>(&'a self, name: &str, named_in: &'a str) -> Helper<'a> {
        Helper {
            all: self,
            program: format!("docker-credential-{name}"),
            named_in,
        }
    }
}

impl Helper<'_> {
    /// What people call it.
    pub(super) fn program(&self) -> &str {
        &self.program
    }

    /// Asks for the credentials of a server; `None` if it has none.
    pub(super) fn get(&self, server: &str) -> Result<Option<Credential>, CredentialError> {
        let ended = self.run("get", server.as_bytes())?;
        if !ended.status.success() {
            return match self.failure("get", server, &ended) {
                None => Ok(None),
                Some(error) => Err(error),
            };
        }
        let wrong = |reason| CredentialError::HelperAnswer {
            program: self.program.clone(),
            reason,
        };
        let answer: Map<String, Value> = serde_json::from_slice(&ended.answer)
            .map_err(|error| wrong(without_content(&error)))?;
        let field = |name: &str| match answer.get(name) {
            Some(Value::String(value)) => Ok(value.clone()),
            Some(_) => Err(wrong(format!("`{name}` is no text"))),
            None => Ok(String::new()),
        };
        Ok(of_pair(field("Username")?, field("Secret")?))
    }

    /// Gives it credentials to keep; `username` is whom an identity token is for.
    pub(super) fn store(
        &self,
        server: &str,
        credential: &Credential,
    ) -> Result<(), CredentialError> {
        let (username, secret) = match credential {
            Credential::Password { username, password } => (username.as_str(), password),
            Credential::IdentityToken(token) | Credential::RegistryToken(token) => {
                ("<token>", token)
            }
        };
        let input = json!({ "ServerURL": server, "Username": username, "Secret": secret });
        let ended = self.run("store", input.to_string().as_bytes())?;
        self.done("store", server, &ended)
    }

    /// Has it forget the credentials of a server. It is no error if it had none.
    pub(super) fn erase(&self, server: &str) -> Result<(), CredentialError> {
        let ended = self.run("erase", server.as_bytes())?;
        self.done("erase", server, &ended)
    }

    fn done(&self, verb: &'static str, server: &str, ended: &Ended) -> Result<(), CredentialError> {
        if ended.status.success() {
            return Ok(());
        }
        self.failure(verb, server, ended).map_or(Ok(()), Err)
    }

    /// Why it failed; `None` if that only means that it has nothing.
    fn failure(&self, verb: &'static str, server: &str, ended: &Ended) -> Option<CredentialError> {
        // By the protocol, the error is what it answers; some tell it as programs do.
        let answer = words(&ended.answer);
        let lower = answer.to_lowercase();
        if NOTHING.iter().any(|nothing| lower.contains(nothing)) {
            return None;
        }
        // A half-written answer may hold the secret.
        let said = if answer.is_empty() || answer.starts_with('{') {
            words(&ended.words)
        } else {
            answer
        };
        let words = if said.is_empty() {
            ended.status.to_string()
        } else {
            said
        };
        Some(CredentialError::HelperFailed {
            program: self.program.clone(),
            verb,
            server: server.to_owned(),
            words,
        })
    }

    fn run(&self, verb: &'static str, input: &[u8]) -> Result<Ended, CredentialError> {
        let failed = |source| CredentialError::HelperStart {
            program: self.program.clone(),
            source,
        };
        let mut child = Command::new(self.path()?)
            .arg(verb)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not want to know ends, and says why. What is written fits into the pipe.
            let _ = stdin.write_all(input);
        }
        // What it started itself may hold its output open: that is not waited for.
        let answer = drain(child.stdout.take());
        let words = drain(child.stderr.take());
        let status = self.wait(verb, &mut child)?;
        let rest = Duration::from_secs(1);
        Ok(Ended {
            status,
            answer: answer.recv_timeout(rest).unwrap_or_default(),
            words: words.recv_timeout(rest).unwrap_or_default(),
        })
    }

    fn wait(&self, verb: &'static str, child: &mut Child) -> Result<ExitStatus, CredentialError> {
        let since = Instant::now();
        let program = self.program.clone();
        let error = loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) => {}
                Err(source) => break CredentialError::HelperStart { program, source },
            }
            if self.all.cancel.load(Ordering::Relaxed) {
                break CredentialError::Cancelled { program };
            }
            if since.elapsed() >= self.all.patience {
                let seconds = self.all.patience.as_secs();
                break CredentialError::HelperSilent {
                    program,
                    verb,
                    seconds,
                };
            }
            thread::sleep(LOOK);
        };
        // It may be gone by itself just now.
        let _ = child.kill();
        let _ = child.wait();
        Err(error)
    }

    fn path(&self) -> Result<PathBuf, CredentialError> {
        let missing = || CredentialError::HelperMissing {
            program: self.program.clone(),
            named_in: self.named_in.to_owned(),
        };
        if self.program.contains('/') {
            return Err(missing());
        }
        let mut places = self
            .all
            .search
            .iter()
            .map(|folder| folder.join(&self.program));
        let executable = |path: &PathBuf| {
            path.metadata()
                .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        };
        places.find(executable).ok_or_else(missing)
    }
}

/// Reads what a program says, on a thread of its own.
fn drain(from: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(from) = from {
            // What could be read will do.
            let _ = from.take(ANSWER_AT_MOST).read_to_end(&mut bytes);
        }
        // Nobody listens to what comes too late.
        let _ = sender.send(bytes);
    });
    receiver
}

/// The first line that says something, without what moves the cursor.
fn words(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    let plain = line.unwrap_or_default().chars();
    plain
        .filter(|char| !char.is_control())
        .take(WORDS_AT_MOST)
        .collect()
}
