//! Running `git`, as little trusted as what it fetches.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::Error;

/// How often it is looked whether the program is done, or the user wants no more.
const LOOK: Duration = Duration::from_millis(10);

/// More is not read of what the program answers: of a list of references only those asked for come.
const ANSWER_AT_MOST: u64 = 16 << 20;

/// The last words of a program that failed; what is before is shown, not kept.
const LAST_WORDS: usize = 8 << 10;

/// What of the user's surroundings `git` sees.
#[derive(Clone, Debug, Default)]
pub struct GitSettings {
    /// Where programs are: `PATH`.
    pub search_path: OsString,
    /// The user's home, for the hosts that `ssh` knows.
    pub home: Option<PathBuf>,
    /// Variables that are passed on: proxies.
    pub environment: Vec<(OsString, OsString)>,
    /// The authorities to trust: what `SSL_CERT_FILE` names.
    pub certificates: Option<PathBuf>,
}

/// Which URLs git may use, for what a repository itself may name: its submodules.
const PROTOCOLS: &str = "http:https:ssh:git";

/// `git`, with a configuration of its own and no other.
pub(super) struct Git<'a> {
    settings: &'a GitSettings,
    /// What errors and messages are about.
    url: &'a str,
    configuration: PathBuf,
    /// The socket of the SSH agent that it may ask.
    agent: Option<PathBuf>,
    cancel: &'a AtomicBool,
    /// Takes what the program says to people.
    say: &'a (dyn Fn(&[u8]) + Sync),
}

/// How a program ended.
struct Ended {
    status: ExitStatus,
    answer: Vec<u8>,
    words: Vec<u8>,
}

impl<'a> Git<'a> {
    /// A git for one repository; `directory` takes its configuration. `authorization` is a header for that URL.
    pub(super) fn new(
        settings: &'a GitSettings,
        url: &'a str,
        directory: &Path,
        authorization: Option<&str>,
    ) -> Result<Self, Error> {
        static NEVER: AtomicBool = AtomicBool::new(false);
        let configuration = directory.join("gitconfig");
        let text = configuration_text(url, authorization);
        fs::write(&configuration, text).map_err(|source| Error::Write {
            path: configuration.clone(),
            source,
        })?;
        Ok(Self {
            settings,
            url,
            configuration,
            agent: None,
            cancel: &NEVER,
            say: &|_| {},
        })
    }

    /// Has `ssh` ask the agent that listens there; else it asks none.
    pub(super) fn ask_agent(&mut self, socket: &Path) {
        self.agent = Some(socket.to_owned());
    }

    /// The same, told when to stop, and to whom to speak.
    pub(super) fn heard_by(self, cancel: &'a AtomicBool, say: &'a (dyn Fn(&[u8]) + Sync)) -> Self {
        Self {
            cancel,
            say,
            ..self
        }
    }

    /// Runs it in a directory, and gives what it answers.
    pub(super) fn run(&self, directory: &Path, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        self.with_protocols(directory, arguments, PROTOCOLS)
    }

    /// The same, for a repository of the store's own.
    pub(super) fn run_locally(
        &self,
        directory: &Path,
        arguments: &[&str],
    ) -> Result<Vec<u8>, Error> {
        self.with_protocols(directory, arguments, "file")
    }

    /// Whether it succeeds.
    pub(super) fn succeeds(&self, directory: &Path, arguments: &[&str]) -> Result<bool, Error> {
        let silent = Git {
            say: &|_| {},
            configuration: self.configuration.clone(),
            agent: self.agent.clone(),
            ..*self
        };
        Ok(silent.end(directory, arguments, "none")?.status.success())
    }

    fn with_protocols(
        &self,
        directory: &Path,
        arguments: &[&str],
        protocols: &str,
    ) -> Result<Vec<u8>, Error> {
        let ended = self.end(directory, arguments, protocols)?;
        if ended.status.success() {
            return Ok(ended.answer);
        }
        let verb = arguments.first().map_or("", |verb| *verb).to_owned();
        Err(Error::Git {
            verb,
            url: self.url.to_owned(),
            reason: reason(&ended),
        })
    }

    fn end(&self, directory: &Path, arguments: &[&str], protocols: &str) -> Result<Ended, Error> {
        let mut command = self.command(directory, protocols);
        command.args(arguments);
        let mut child = command
            .spawn()
            .map_err(|source| self.not_started(&source))?;
        let answer = child.stdout.take().expect("it is piped");
        let words = child.stderr.take().expect("it is piped");
        std::thread::scope(|scope| {
            let answer = scope.spawn(|| {
                let mut bytes = Vec::new();
                answer
                    .take(ANSWER_AT_MOST)
                    .read_to_end(&mut bytes)
                    .map(|_| bytes)
            });
            let words = scope.spawn(|| self.listen(words));
            let status = self.wait(&mut child)?;
            let answer = answer.join().expect("reading does not panic");
            let answer = answer.map_err(|source| self.not_started(&source))?;
            let words = words.join().expect("reading does not panic");
            Ok(Ended {
                status,
                answer,
                words,
            })
        })
    }

    fn command(&self, directory: &Path, protocols: &str) -> Command {
        let mut command = Command::new("git");
        command
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C is for carafe, which stops it together with what it started.
            .process_group(0)
            .env_clear()
            .envs(self.settings.environment.iter().map(|(k, v)| (k, v)))
            .env("PATH", &self.settings.search_path)
            .env("LC_ALL", "C")
            // Neither .netrc nor .git-credentials: whoever wrote the Dockerfile may have no use of them.
            .env("HOME", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", &self.configuration)
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "true")
            .env("GIT_ALLOW_PROTOCOL", protocols)
            .env("GIT_LFS_SKIP_SMUDGE", "1")
            .env("GIT_SSH_COMMAND", self.ssh());
        if let Some(agent) = &self.agent {
            command.env("SSH_AUTH_SOCK", agent);
        }
        if let Some(certificates) = &self.settings.certificates {
            command.env("GIT_SSL_CAINFO", certificates);
        }
        command
    }

    /// Hosts are those that the user knows, keys those of the agent; nobody is asked anything.
    fn ssh(&self) -> OsString {
        let mut ssh = OsString::from("ssh -F /dev/null -o BatchMode=yes -o IdentityFile=none");
        if let Some(home) = &self.settings.home {
            let known = home.join(".ssh/known_hosts");
            if !known.as_os_str().as_bytes().contains(&b'\'') {
                ssh.push(" -o 'UserKnownHostsFile=");
                ssh.push(&known);
                ssh.push("'");
            }
        }
        ssh
    }

    /// Waits for the end; stops it, with all that it started, when the user wants no more.
    fn wait(&self, child: &mut Child) -> Result<ExitStatus, Error> {
        loop {
            let ended = child
                .try_wait()
                .map_err(|source| self.not_started(&source))?;
            if let Some(status) = ended {
                return Ok(status);
            }
            if self.cancel.load(Ordering::Relaxed) {
                stop(child);
                return Err(Error::Cancelled);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Passes on what the program says, and keeps its last words.
    fn listen(&self, mut from: impl Read) -> Vec<u8> {
        let (mut words, mut piece) = (Vec::new(), [0; 4096]);
        while let Ok(read @ 1..) = from.read(&mut piece) {
            (self.say)(&piece[..read]);
            words.extend_from_slice(&piece[..read]);
            let surplus = words.len().saturating_sub(LAST_WORDS);
            words.drain(..surplus);
        }
        words
    }

    fn not_started(&self, source: &io::Error) -> Error {
        match source.kind() {
            io::ErrorKind::NotFound => Error::GitMissing {
                url: self.url.to_owned(),
            },
            _ => Error::Git {
                verb: "start".to_owned(),
                url: self.url.to_owned(),
                reason: source.to_string(),
            },
        }
    }
}

/// git-config(1): nothing runs that was not asked for, and nothing of the host decides what is checked out.
fn configuration_text(url: &str, authorization: Option<&str>) -> String {
    let mut text = "\
[core]
	hooksPath = /dev/null
	attributesFile = /dev/null
	excludesFile = /dev/null
	fsmonitor = false
	autocrlf = false
	symlinks = true
	fileMode = true
[init]
	defaultBranch = main
	templateDir =
[gc]
	auto = 0
[maintenance]
	auto = false
[advice]
	detachedHead = false
[fetch]
	recurseSubmodules = false
[transfer]
	bundleURI = false
[submodule]
	recurse = false
[http]
	lowSpeedLimit = 1
	lowSpeedTime = 60
"
    .to_owned();
    if let Some(authorization) = authorization {
        let header = quoted(&format!("Authorization: {authorization}"));
        let scope = quoted(scope(url));
        let _ = writeln!(text, "[http {scope}]\n\textraHeader = {header}");
    }
    text
}

/// Where a token is sent to: the repository. All repositories of GitHub share one, as they do for its own actions.
fn scope(url: &str) -> &str {
    let github = "https://github.com/";
    if url.starts_with(github) { github } else { url }
}

/// A value as git-config(1) reads it back.
fn quoted(value: &str) -> String {
    let mut quoted = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' | '\0' => {}
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// What the program said last that tells why.
fn reason(ended: &Ended) -> String {
    let words = String::from_utf8_lossy(&ended.words);
    let lines = || words.lines().map(str::trim).filter(|line| !line.is_empty());
    let telling = lines().rev().find_map(|line| {
        let told = ["fatal: ", "error: ", "ERROR: "];
        told.iter().find_map(|prefix| line.strip_prefix(prefix))
    });
    let text = telling.or_else(|| lines().next_back());
    match text {
        Some(text) => text.chars().filter(|c| !c.is_control()).take(300).collect(),
        None => format!("it ended with {}", ended.status),
    }
}

fn stop(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// An argument that is a path of the store's.
pub(super) fn text(path: &Path) -> Result<&str, Error> {
    path.to_str().ok_or_else(|| Error::Read {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidInput, "its name is not UTF-8"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let settings = GitSettings {
            search_path: std::env::var_os("PATH").unwrap(),
            ..GitSettings::default()
        };
        let header = "basic a\"b\\c#;\nd";
        let git = Git::new(&settings, "https://h/r.git", dir.path(), Some(header)).unwrap();
        let arguments = ["config", "--get", "http.https://h/r.git.extraHeader"];
        let answer = git.run(dir.path(), &arguments).unwrap();
        assert_eq!(
            String::from_utf8(answer).unwrap(),
            format!("Authorization: {header}\n")
        );
    }

    #[test]
    fn no_git() {
        let dir = tempfile::tempdir().unwrap();
        let settings = GitSettings {
            search_path: dir.path().as_os_str().to_owned(),
            ..GitSettings::default()
        };
        let git = Git::new(&settings, "https://h/r.git", dir.path(), None).unwrap();
        let error = git.run(dir.path(), &["version"]).unwrap_err();
        assert!(matches!(error, Error::GitMissing { .. }), "{error}");
    }
}
