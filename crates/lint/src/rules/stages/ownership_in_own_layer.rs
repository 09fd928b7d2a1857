//! Owners and modes are given as files are copied.

use dockerfile::ast::Kind;
use dockerfile::{Severity, Span};

use super::bytes::{copied_bytes, in_parentheses};
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::invocation::{Argument, Invocation};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;
use crate::stages::{Copied, CopyOrigin, absolute, is_small, is_within};

pub(crate) const RULE: Rule = Rule {
    name: "OwnershipInOwnLayer",
    summary: "COPY --chown and --chmod give owner and mode; a chown in a later RUN stores all files once more",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "A layer holds whole files: to change the owner or the mode of one in a later RUN is to store it again, so that chown -R over what was copied doubles its bytes. Looked at are chown, chmod and chgrp in RUNs of the stages whose layers are in the image, with a path into which an earlier COPY or ADD of these stages copied. A folder counts with -R alone, and a single file if it is a program from another stage, an image or a URL that chmod makes executable. Let pass are scripts and settings (.sh, .conf, .yml …), paths with variables, and folders that only RUNs filled.",
        bad: "FROM node:20-slim\nWORKDIR /app\nCOPY . /app\nRUN chown -R node:node /app\nUSER node\n",
        good: "FROM node:20-slim\nWORKDIR /app\nCOPY --chown=node:node . /app\nUSER node\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let shipped = file.shipped();
    let placed = file.placed(&shipped);
    let mut copies: Vec<Copied<'_>> = Vec::new();
    let mut runs = file.runs_of(&shipped).peekable();
    let mut found = Vec::new();
    for one in &placed {
        copies.extend(file.copied(one));
        let Some(run) = runs.next_if(|run| std::ptr::eq(run.instruction, one.instruction)) else {
            continue;
        };
        let commands = run
            .invocations()
            .iter()
            .filter(|command| command.is(&["chown", "chmod", "chgrp"]));
        for command in commands {
            found.extend(wrong(file, run, command, &copies, one.workdir.as_deref()));
        }
    }
    found
}

fn wrong(
    file: &File<'_>,
    run: &RunStep<'_>,
    command: &Invocation,
    copies: &[Copied<'_>],
    workdir: Option<&str>,
) -> Option<Found> {
    let is_recursive = command.has_flag(&["R", "recursive"]);
    let words: Vec<&Argument> = command.words().collect();
    let (new, paths) = words.split_first()?;
    let hit = |path: &&Argument| {
        let path = absolute(workdir, &path.text).filter(|_| path.is_literal)?;
        copies
            .iter()
            .rev()
            .find(|copied| touches(copied, &path, is_recursive))
    };
    let (path, copied) = paths.iter().find_map(|path| Some((path, hit(path)?)))?;
    let flag = if command.is(&["chmod"]) {
        "chmod"
    } else {
        "chown"
    };
    let is_of_program = flag == "chmod" && is_executable(&new.text);
    if !is_recursive && !is_of_program {
        return None;
    }
    let line = file.source.line(copied.instruction.span.start);
    let message = format!(
        "{} stores what line {line} copied to {} once more{}",
        command.name.text,
        path.text,
        in_parentheses(copied_bytes(file, copied))
    );
    let keyword = if copied.is_add { "ADD" } else { "COPY" };
    let help = match new.is_literal && !command.is(&["chgrp"]) {
        true => format!("write `{keyword} --{flag}={} …` in line {line}", new.text),
        false => format!("write `{keyword} --{flag}=…` in line {line}"),
    };
    let is_whole = paths.len() == 1 && new.is_literal;
    let fix = if is_whole {
        fix(file, run, copied, flag, &new.text)
    } else {
        None
    };
    Some(
        Found::new(run.instruction.span, command.span, message)
            .help(help)
            .fix(fix),
    )
}

/// Whether a change at the path changes what was copied: all of a folder, or a program that came from elsewhere.
fn touches(copied: &Copied<'_>, path: &str, is_recursive: bool) -> bool {
    let Some(destination) = copied.destination.as_deref() else {
        return false;
    };
    let text = &copied.arguments.destination.text;
    let is_file = |source: &str| {
        let name = source
            .split('?')
            .next()
            .unwrap_or(source)
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let is_script = is_small(path) || is_small(name) || name.is_empty();
        let landed = match text.ends_with('/') || text == "." {
            true => format!("{}/{name}", destination.trim_end_matches('/')),
            false => destination.to_owned(),
        };
        !is_script && landed == path
    };
    match is_recursive {
        true => {
            path != "/"
                && is_within(destination, path)
                && !copied.paths().all(|(_, source)| is_small(source))
        }
        false => copied
            .paths()
            .any(|(_, source)| is_file(source) && is_program(copied, source)),
    }
}

/// Whether a source is a program from another stage, an image or the network: one from the context is a script mostly.
fn is_program(copied: &Copied<'_>, source: &str) -> bool {
    copied.origin != CopyOrigin::Context || copied.is_add && source.contains("://")
}

/// Whether a mode is that of a program; a folder that gets one stores nothing but itself.
fn is_executable(mode: &str) -> bool {
    mode.contains('x') || mode.contains(['5', '7'])
}

/// Gives the flag to the `COPY` and takes the `RUN` away, if that does nothing else.
fn fix(
    file: &File<'_>,
    run: &RunStep<'_>,
    copied: &Copied<'_>,
    flag: &str,
    value: &str,
) -> Option<Fix> {
    let has_flag = match flag {
        "chown" => copied.arguments.chown.is_some(),
        _ => copied.arguments.chmod.is_some(),
    };
    let is_alone = run.invocations().len() == 1 && run.run.heredocs.is_empty();
    let is_octal = flag == "chown" || value.chars().all(|sign| sign.is_digit(8));
    let is_plain = !value.contains(['$', ' ']) && is_octal && !copied.is_add;
    if has_flag || !is_alone || !is_plain {
        return None;
    }
    let before = file.preceding(run.stage, run.instruction)?;
    let is_next = std::ptr::eq(before, copied.instruction) && matches!(before.kind, Kind::Copy(_));
    let gone = Span::new(before.span.end, run.instruction.span.end);
    let has_comment = !file
        .source
        .slice(Span::new(before.span.end, run.instruction.span.start))
        .trim()
        .is_empty();
    (is_next && !has_comment).then(|| {
        let flag = Edit::insert(before.keyword.span.end, format!(" --{flag}={value}"));
        Fix::guess("give it to COPY", [flag, Edit::delete(gone)])
    })
}
