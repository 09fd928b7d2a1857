//! `HEALTHCHECK [OPTIONS] CMD COMMAND` and `HEALTHCHECK NONE`.

use super::request::Request;
use crate::ast::{Form, Healthcheck, Word};
use crate::flags::{Flags, Known, Takes};
use crate::{Diagnostic, duration, forms};

const FLAGS: &Known = &[
    ("interval", Takes::Value),
    ("timeout", Takes::Value),
    ("start-period", Takes::Value),
    ("start-interval", Takes::Value),
    ("retries", Takes::Value),
];

/// Reads a `HEALTHCHECK`. With `NONE`, flags are not looked at.
pub(super) fn read(request: &Request<'_>) -> Result<Healthcheck, Diagnostic> {
    let (kind, rest) = request.arguments.split_first();
    match kind.text().to_ascii_uppercase().as_str() {
        "" => Err(request.requires("at least one argument")),
        "NONE" if rest.text().is_empty() => Ok(Healthcheck::None),
        "NONE" => {
            let message = format!("HEALTHCHECK NONE takes no arguments: {}", rest.text());
            Err(Diagnostic::error(
                "too-many-arguments",
                rest.span(),
                message,
            ))
        }
        "CMD" => command(request, forms::form(rest, request.keyword)?),
        _ => {
            let message = format!("unknown type \"{}\" in HEALTHCHECK", kind.text());
            let error = Diagnostic::error("healthcheck-type", kind.span(), message);
            Err(error.with_help("try CMD, or NONE"))
        }
    }
}

fn command(request: &Request<'_>, command: Form) -> Result<Healthcheck, Diagnostic> {
    let flags = request.flags(FLAGS)?;
    let is_empty = match &command {
        Form::Shell(word) => word.text.is_empty(),
        Form::Exec(words) => words.is_empty(),
    };
    if is_empty {
        let message = "missing command after HEALTHCHECK CMD";
        return Err(Diagnostic::error(
            "missing-argument",
            request.text.trim().span(),
            message,
        ));
    }
    Ok(Healthcheck::Command {
        interval: interval(&flags, "interval")?,
        timeout: interval(&flags, "timeout")?,
        start_period: interval(&flags, "start-period")?,
        start_interval: interval(&flags, "start-interval")?,
        retries: flags.word("retries").as_ref().map(retries).transpose()?,
        command,
    })
}

fn interval(flags: &Flags, name: &str) -> Result<Option<u64>, Diagnostic> {
    let Some(word) = flags.word(name) else {
        return Ok(None);
    };
    let nanoseconds = duration::parse_interval(&word.text).map_err(|error| {
        let message = format!("{error} for --{name}");
        let help = "write it like 1m30s: a number and one of ms, s, m, h";
        Diagnostic::error("invalid-duration", word.span, message).with_help(help)
    })?;
    Ok(Some(nanoseconds))
}

fn retries(word: &Word) -> Result<u32, Diagnostic> {
    // BuildKit reads a signed number of 32 bits and turns down what is below zero.
    let number = word
        .text
        .parse::<i32>()
        .ok()
        .and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| {
        let message = format!("--retries must be a number from 0 up, not: {}", word.text);
        Diagnostic::error("invalid-retries", word.span, message)
    })
}
