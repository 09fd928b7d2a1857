//! Putting a command behind all others of a `RUN`, where what they left is taken away again.

use crate::file::File;
use crate::fix::{Edit, Fix};
use crate::invocation::Invocation;
use crate::runs::RunStep;
use crate::shell::ast::Separator;

/// An edit that makes a script end with the command: `&& command` behind the last one, or a line of its own in a heredoc.
/// Nothing where the end cannot be seen, or where something goes on in the background.
pub(crate) fn append(file: &File<'_>, run: &RunStep<'_>, command: &str) -> Option<Edit> {
    let list = &run.script.as_ref()?.parsed.list;
    let last = list.items.last()?;
    if run.is_exec() || !run.script.as_ref()?.parsed.errors.is_empty() {
        return None;
    }
    let is_script =
        run.run.heredocs.len() == 1 && run.run.heredocs[0].body_span.start <= list.span.start;
    let pipeline = last
        .and_or
        .rest
        .last()
        .map_or(&last.and_or.first, |(_, it)| it);
    let end = pipeline.commands.last()?.span.end;
    match last.separator {
        Some(Separator::Ampersand) => None,
        _ if is_script => {
            let indent = indent_of(file, end);
            Some(Edit::insert(end, format!("\n{indent}{command}")))
        }
        _ => Some(Edit::insert(end, joined(file, run, end, command))),
    }
}

/// The command with `&&` before it, on a line of its own where the script has several.
fn joined(file: &File<'_>, run: &RunStep<'_>, end: u32, command: &str) -> String {
    let Some(script) = &run.script else {
        return String::new();
    };
    let span = script.parsed.list.span;
    if !run.run.heredocs.is_empty() || !file.source.slice(span).contains('\n') {
        return format!(" && {command}");
    }
    let sign = file.dockerfile.directives.escape.sign();
    let indent = indent_of(file, end);
    format!(" {sign}\n{indent}&& {command}")
}

/// The blanks that the line of a place begins with.
fn indent_of<'a>(file: &'a File<'_>, place: u32) -> &'a str {
    let line = file.source.line_text(file.source.line(place));
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// A fix that appends what cleans up after a program; not behind `sudo`, which is to go first.
pub(crate) fn clean_up(
    file: &File<'_>,
    run: &RunStep<'_>,
    after: &Invocation,
    command: &str,
) -> Option<Fix> {
    let edit = append(file, run, command).filter(|_| after.through.as_deref() != Some("sudo"))?;
    run.fix(Fix::safe(format!("append {command}"), [edit]))
}
