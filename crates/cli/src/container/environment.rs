//! `-e` and `--env-file` on top of the image's variables.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::exit::Exit;
use std::path::Path;

/// An env file longer than this is a mistake.
const LIMIT: u64 = 1 << 20;

/// Sets a variable in a list of `NAME=value`: in its place if it is there, else at the end.
pub(crate) fn set(list: &mut Vec<String>, name: &str, value: &str) {
    let line = format!("{name}={value}");
    match list.iter_mut().find(|known| name_of(known) == name) {
        Some(known) => *known = line,
        None => list.push(line),
    }
}

/// Takes a variable out.
pub(crate) fn unset(list: &mut Vec<String>, name: &str) {
    list.retain(|known| name_of(known) != name);
}

/// Whether there is such a variable.
pub(crate) fn has(list: &[String], name: &str) -> bool {
    list.iter().any(|known| name_of(known) == name)
}

fn name_of(line: &str) -> &str {
    line.split_once('=').map_or(line, |(name, _)| name)
}

/// Applies `-e NAME=value` or `-e NAME`: without a value the user's own is taken, and without that the image's is
/// taken away, as Docker does.
pub(crate) fn apply(list: &mut Vec<String>, name: &str, value: Option<&str>, config: &Config) {
    match value
        .map(str::to_owned)
        .or_else(|| config.variable(name)?.into_string().ok())
    {
        Some(value) => set(list, name, &value),
        None => unset(list, name),
    }
}

/// Reads an env file: lines of `NAME=value` or `NAME`, taken as they are; empty lines and those that begin with `#` are
/// skipped.
pub(crate) fn read_file(path: &Path) -> Result<Vec<(String, Option<String>)>, CommandError> {
    let failed =
        |error| CommandError::file("read env file", path, error).exit_with(Exit::ContainerSetup);
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > LIMIT {
        let message = format!("env file {} is larger than {LIMIT} bytes", path.display());
        return Err(CommandError::new(message).exit_with(Exit::ContainerSetup));
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    parse_file(&text).map_err(|message| {
        let message = format!("env file {}: {message}", path.display());
        CommandError::new(message).exit_with(Exit::ContainerSetup)
    })
}

fn parse_file(text: &str) -> Result<Vec<(String, Option<String>)>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut variables = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (line, None),
        };
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(format!("line {number}: `{name}` is no name of a variable"));
        }
        variables.push((name.to_owned(), value));
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::{has, parse_file, set, unset};

    #[test]
    fn set_keeps_the_order() {
        let mut list = vec!["A=1".to_owned(), "B=2".to_owned()];
        set(&mut list, "A", "3");
        set(&mut list, "C", "x=y");
        assert_eq!(list, ["A=3", "B=2", "C=x=y"]);
        unset(&mut list, "B");
        assert!(!has(&list, "B") && has(&list, "C"));
    }

    #[test]
    fn files() {
        let read = parse_file("\u{feff}# note\n\n A=1 \nB\nC=\"q\"\r\n").unwrap();
        let want = [("A", Some("1 ")), ("B", None), ("C", Some("\"q\""))];
        let want = want.map(|(n, v)| (n.to_owned(), v.map(str::to_owned)));
        assert_eq!(read, want);
        assert!(parse_file("A B=1").unwrap_err().contains("line 1"));
        assert!(parse_file("\n=1").unwrap_err().contains("line 2"));
    }
}
