//! ShellCheck's findings in `RUN`s: the program looks at what hadolint shows it.

use super::report::Issue;
use crate::command_error::CommandError;
use dockerfile::{Parsed, Severity, Source};
use lint::ShellScript;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// About following other files and about the shell's name: there is nothing to be done about them in a Dockerfile.
const EXCLUDED: &str = "SC2187,SC1090,SC1091";

/// `-f json1`.
#[derive(Debug, Deserialize)]
struct Answer {
    comments: Vec<Comment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comment {
    file: PathBuf,
    line: usize,
    end_line: usize,
    column: usize,
    end_column: usize,
    level: String,
    code: u32,
    message: String,
}

/// Scripts as files, which vanish with the value.
struct Folder {
    path: PathBuf,
}

/// What ShellCheck finds in all scripts of a file: one process looks at all of them.
pub(super) fn look(
    program: &Path,
    source: &Source,
    parsed: &Parsed,
) -> Result<Vec<Issue>, CommandError> {
    let scripts = lint::scripts(source, parsed);
    if scripts.is_empty() {
        return Ok(Vec::new());
    }
    let comments = ask(program, &scripts)?;
    let issues = comments.iter().filter_map(|comment| {
        let index: usize = comment.file.file_stem()?.to_str()?.parse().ok()?;
        issue(scripts.get(index)?, comment)
    });
    Ok(issues.collect())
}

/// Those that no rule of ours could have.
pub(super) fn not_built_in(mut found: Vec<Issue>) -> Vec<Issue> {
    found.retain(|issue| lint::rules().all(|rule| rule.name != issue.code));
    found
}

/// The last one of each `RUN`, in ShellCheck's order: the only one that hadolint tells.
pub(super) fn last_ones(mut found: Vec<Issue>) -> Vec<Issue> {
    found.sort_by(|one, other| {
        let key = |issue: &Issue| (issue.instruction.start, issue.place.start, issue.severity);
        key(other)
            .cmp(&key(one))
            .then_with(|| other.code.cmp(&one.code))
    });
    found.dedup_by_key(|issue| issue.instruction.start);
    found
}

fn ask(program: &Path, scripts: &[ShellScript]) -> Result<Vec<Comment>, CommandError> {
    let folder = Folder::new(scripts)
        .map_err(|error| CommandError::io("write scripts for ShellCheck", error))?;
    let files = (0..scripts.len()).map(|index| folder.file(index));
    let output = Command::new(program)
        .args([
            "--norc",
            "--format=json1",
            "--severity=style",
            "--exclude",
            EXCLUDED,
            "--",
        ])
        .args(files)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| missing(program, error))?;
    let answer: Answer = serde_json::from_slice(&output.stdout).map_err(|_| {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or("nothing");
        let program = program.display();
        CommandError::new(format!(
            "{program} does not answer as ShellCheck does: {said}"
        ))
        .hint("version 0.7 or later is needed; --shellcheck=PROGRAM names another one")
    })?;
    Ok(answer.comments)
}

fn missing(program: &Path, error: io::Error) -> CommandError {
    let is_missing = error.kind() == ErrorKind::NotFound;
    let error = CommandError::file("run", program, error);
    match is_missing {
        true => error.hint(
            "install ShellCheck (https://www.shellcheck.net), name the program with --shellcheck=PROGRAM, \
             or leave the flag out: the most common checks are built in",
        ),
        false => error,
    }
}

/// What stands before a script: its shell, and the variables that the Dockerfile sets.
fn head(script: &ShellScript) -> String {
    let mut head = format!("#!{}\n", script.shell);
    let variables = script.variables.iter().map(String::as_str);
    let names: BTreeSet<&str> = variables.chain(lint::PROXIES).collect();
    for name in names.into_iter().filter(|name| is_name(name)) {
        let _ = writeln!(head, "export {name}=1");
    }
    head
}

fn is_name(text: &str) -> bool {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    text.chars().all(is_sign)
        && !text.starts_with(|sign: char| sign.is_ascii_digit())
        && !text.is_empty()
}

fn issue(script: &ShellScript, comment: &Comment) -> Option<Issue> {
    let code = format!("SC{:04}", comment.code);
    let before = head(script).lines().count();
    let text = script.script.text();
    let start = offset(text, comment.line.checked_sub(before)?, comment.column)?;
    let end = offset(
        text,
        comment.end_line.checked_sub(before)?,
        comment.end_column,
    )?;
    Some(Issue {
        rule: None,
        code: code.into(),
        severity: match comment.level.as_str() {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            "info" => Severity::Info,
            _ => Severity::Style,
        },
        instruction: script.instruction,
        place: script.script.place(start..end.max(start)),
        message: comment.message.clone(),
        help: None,
        fix: None,
    })
}

/// The byte at a line and a column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let (index, column) = (line.checked_sub(1)?, column.checked_sub(1)?);
    let mut at = 0;
    for (nth, content) in text.split_inclusive('\n').enumerate() {
        if nth == index {
            let sign = content.char_indices().nth(column);
            return Some(at + sign.map_or(content.trim_end_matches('\n').len(), |(at, _)| at));
        }
        at += content.len();
    }
    Some(text.len())
}

impl Folder {
    fn new(scripts: &[ShellScript]) -> io::Result<Self> {
        let mut nth = 0;
        let folder = loop {
            let name = format!("carafe-lint-{}-{nth}", std::process::id());
            let path = std::env::temp_dir().join(name);
            // Nobody else's: it must not be there yet.
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => break Self { path },
                Err(error) if error.kind() == ErrorKind::AlreadyExists && nth < 100 => nth += 1,
                Err(error) => return Err(error),
            }
        };
        for (index, script) in scripts.iter().enumerate() {
            let text = format!("{}{}\n", head(script), script.script.text());
            fs::write(folder.file(index), text)?;
        }
        Ok(folder)
    }

    fn file(&self, index: usize) -> PathBuf {
        self.path.join(format!("{index}.sh"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::{Comment, head, issue, offset};
    use dockerfile::Source;

    #[test]
    fn places_are_those_of_the_dockerfile() {
        let text = "FROM a\nARG X\nRUN echo é && \\\n  # why\n  cat x | grep $y\n";
        let source = Source::new("Dockerfile", text);
        let scripts = lint::scripts(&source, &dockerfile::parse(&source));
        assert!(
            head(&scripts[0]).starts_with("#!/bin/sh\n")
                && head(&scripts[0]).contains("export X=1\n")
        );
        let line = head(&scripts[0]).lines().count() + 1;
        let column = scripts[0]
            .script
            .text()
            .chars()
            .position(|sign| sign == '$')
            .unwrap()
            + 1;
        let comment = Comment {
            file: "0.sh".into(),
            line,
            end_line: line,
            column,
            end_column: column + 2,
            level: "info".to_owned(),
            code: 9999,
            message: "m".to_owned(),
        };
        let issue = issue(&scripts[0], &comment).unwrap();
        assert_eq!(source.slice(issue.place), "$y");
        assert_eq!(source.line(issue.instruction.start), 3);
    }

    #[test]
    fn lines_and_columns_are_found() {
        let at = |line, column| offset("aé\nb", line, column);
        assert_eq!(
            (at(1, 1), at(1, 3), at(2, 1), at(2, 9)),
            (Some(0), Some(3), Some(4), Some(5))
        );
        assert_eq!((at(0, 1), at(7, 1)), (None, Some(5)));
    }
}
