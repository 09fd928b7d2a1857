//! When a folder was last committed to git.

use crate::command_error::CommandError;
use crate::config::Config;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// Settings that a repository may have and that run programs, or ask the network for what a partial clone lacks. Looking
/// at one commit needs none of them, so whose repository it is does not matter either.
const SETTINGS: [&str; 4] = [
    "safe.directory=*",
    "protocol.allow=never",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
];

/// The time of the last commit, in seconds since 1970; `None` if the folder is in no repository, or in one without commits.
pub(super) fn of(directory: &Path, config: &Config) -> Result<Option<i64>, CommandError> {
    let directory = directory
        .canonicalize()
        .map_err(|error| CommandError::file("read the build context", directory, error))?;
    if !directory
        .ancestors()
        .any(|above| above.join(".git").exists())
    {
        return Ok(None);
    }
    let failed = |why: &str| {
        let what = directory.display();
        CommandError::new(format!("cannot tell when {what} was last committed: {why}"))
            .hint("say it with SOURCE_DATE_EPOCH=SECONDS in the environment")
    };
    let run = |arguments: &[&str]| match git(&directory, config).args(arguments).output() {
        Ok(output) => Ok(output),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(failed(
            "it is in a git repository, and there is no git here",
        )),
        Err(error) => Err(failed(&error.to_string())),
    };
    if !run(&["rev-parse", "--quiet", "--verify", "HEAD"])?
        .status
        .success()
    {
        let inside = run(&["rev-parse", "--git-dir"])?;
        return match inside.status.success() {
            true => Ok(None),
            false => Err(failed(first_line(&inside.stderr).as_str())),
        };
    }
    // A plumbing command: no setting changes what it prints.
    let told = run(&["rev-list", "--max-count=1", "--timestamp", "HEAD"])?;
    if !told.status.success() {
        return Err(failed(first_line(&told.stderr).as_str()));
    }
    let text = String::from_utf8_lossy(&told.stdout);
    let time = text
        .split_whitespace()
        .next()
        .and_then(builder::parse_epoch);
    time.map(Some)
        .ok_or_else(|| failed("git's answer cannot be read"))
}

/// git, with nothing of the user's settings and without leave to do anything but read.
fn git(directory: &Path, config: &Config) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(directory)
        .env_clear()
        .envs(config.variable("PATH").map(|path| ("PATH", path)))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command
}

fn first_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().next().unwrap_or("git failed");
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}
