//! What hadolint takes a `RUN` for, where its exact behaviour is wanted: a script in bash's grammar whatever the shell is,
//! the words of the exec form joined by blanks, nothing behind a `<<`, and no program in it if it cannot be read.

use dockerfile::ast::{Dockerfile, Form};
use dockerfile::{Escape, Source, Span};

use crate::invocation::{Argument, Invocation};
use crate::runs::{RunScript, RunStep};
use crate::shell::ast::{Part, PartKind, Word};
use crate::shell::commands::simple_commands;
use crate::shell::{Dialect, Script, parse};

/// What hadolint makes of `…` in a word.
const BACKQUOTED: &str = "`backquoted`";

/// Reads all `RUN`s that way.
pub(crate) fn read_alike(source: &Source, file: &Dockerfile, runs: &mut [RunStep<'_>]) {
    for step in runs {
        step.alike = Some(read(source, step, file.directives.escape));
    }
}

fn read(source: &Source, step: &RunStep<'_>, escape: Escape) -> Option<RunScript> {
    let whole = step.instruction.span;
    let is_exec = step.is_exec();
    let script = match &step.run.command {
        Form::Exec(words) => Script::unplaced(&words.join(" "), whole),
        Form::Shell(_) => Script::of_run(source, step.run, escape)?,
    };
    let parsed = parse(&script, Dialect::Bash);
    if !parsed.errors.is_empty() {
        return None;
    }
    let end = end_of(step).unwrap_or(u32::MAX);
    let commands = simple_commands(&parsed).into_iter();
    let invocations = commands
        .filter(|command| command.command.span.start < end)
        .filter_map(|command| invocation(&command.simple.words, source, is_exec))
        .map(|mut one| {
            if is_exec {
                one.set_place(whole);
            }
            one
        })
        .collect();
    Some(RunScript {
        dialect: Dialect::Bash,
        parsed,
        invocations,
    })
}

/// Where a script ends for hadolint: at the first `<<`, unless it begins with it.
pub(crate) fn end_of(step: &RunStep<'_>) -> Option<u32> {
    let Form::Shell(command) = &step.run.command else {
        return None;
    };
    let first = step.run.heredocs.first()?;
    (!command.text.trim_start().starts_with("<<")).then_some(first.span.start)
}

/// The program of a command. What `exec` and others like it run is the program, but all words behind the first are its own.
fn invocation(words: &[Word], source: &Source, is_exec: bool) -> Option<Invocation> {
    let mut arguments = words.iter().map(|word| argument(word, source, is_exec));
    let mut name = arguments.next()?;
    let arguments: Vec<Argument> = arguments.collect();
    let behind = match name.text.as_str() {
        "command" | "builtin" | "busybox" => Some(0),
        "exec" => behind_flags(&arguments),
        _ => None,
    };
    if let Some(program) = behind.and_then(|at| arguments.get(at)) {
        name = program.clone();
    }
    Some(Invocation::new(name, arguments, Vec::new(), None))
}

/// Where the program of `exec` stands.
fn behind_flags(arguments: &[Argument]) -> Option<usize> {
    let mut at = 0;
    while let Some(argument) = arguments.get(at).filter(|one| one.text.starts_with('-')) {
        at += if argument.text == "-a" { 2 } else { 1 };
    }
    Some(at)
}

fn argument(word: &Word, source: &Source, is_exec: bool) -> Argument {
    let mut text = String::new();
    push_text(&word.parts, source, is_exec, &mut text);
    Argument {
        text,
        is_literal: word.literal().is_some(),
        span: word.span,
    }
}

/// The text of parts without quotes; what is expanded as it is written.
fn push_text(parts: &[Part], source: &Source, is_exec: bool, text: &mut String) {
    for part in parts {
        match &part.kind {
            PartKind::Literal(part) => push_without_braces(part, text),
            PartKind::SingleQuoted(part) | PartKind::DollarSingleQuoted(part) => {
                text.push_str(part);
            }
            PartKind::Escaped(sign) => text.push(*sign),
            PartKind::DoubleQuoted(parts) | PartKind::DollarDoubleQuoted(parts) => {
                push_text(parts, source, is_exec, text);
            }
            PartKind::Backquoted(_) => text.push_str(BACKQUOTED),
            PartKind::Parameter(parameter) if is_exec || !parameter.is_braced => {
                text.push_str("${");
                text.push_str(&parameter.name);
                text.push('}');
            }
            _ if is_exec => text.push_str("$(…)"),
            _ => text.push_str(written(source, part.span)),
        }
    }
}

/// Literal text without `{a,b}`, which hadolint does not see.
fn push_without_braces(part: &str, text: &mut String) {
    let mut rest = part;
    while let Some((before, inside)) = rest.split_once('{') {
        let Some((inside, behind)) = inside.split_once('}') else {
            break;
        };
        text.push_str(before);
        if !inside.contains(',') && !inside.contains("..") {
            text.push('{');
            text.push_str(inside);
            text.push('}');
        }
        rest = behind;
    }
    text.push_str(rest);
}

fn written(source: &Source, span: Span) -> &str {
    source.slice(span)
}
