//! Variables, expansions and arithmetic that only bash has.

use dockerfile::Span;

use super::{Bashism, note};
use crate::rules::scripts::interpreter::Language;
use crate::rules::scripts::report::Report;
use crate::rules::scripts::scene::Scene;
use crate::shell::ast::{Arithmetic, Parameter, Part, PartKind, Word};
use crate::shell::commands::simple_commands;
use crate::shell::declaration::declared;

/// Variables that bash sets.
const VARIABLES: [&str; 32] = [
    "BASHOPTS",
    "BASHPID",
    "BASH_ALIASES",
    "BASH_ARGC",
    "BASH_ARGV",
    "BASH_ARGV0",
    "BASH_CMDS",
    "BASH_COMMAND",
    "BASH_EXECUTION_STRING",
    "BASH_LINENO",
    "BASH_REMATCH",
    "BASH_SOURCE",
    "BASH_SUBSHELL",
    "BASH_VERSINFO",
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HOSTNAME",
    "HOSTTYPE",
    "MACHTYPE",
    "MAPFILE",
    "OSTYPE",
    "PIPESTATUS",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "SHLVL",
    "UID",
    "_",
];

/// Looks at an expansion.
pub(super) fn look(scene: &Scene<'_>, parameter: &Parameter, place: Span, report: &mut Report) {
    let name = parameter.name.as_str();
    if VARIABLES.contains(&name) && !is_here(scene, name) {
        let found = Bashism::new(3028, place, name).help("set it yourself, or use bash");
        note(scene, report, found);
    }
    if parameter.is_indirect {
        note(
            scene,
            report,
            Bashism::new(3053, place, "indirect expansion").help("use eval, or bash"),
        );
    }
    if parameter.subscript.is_some() && !parameter.is_length && parameter.substitution.is_none() {
        let found = Bashism::new(3054, place, "array references").plural();
        note(
            scene,
            report,
            found.help("use the positional parameters, or bash"),
        );
    }
    let operator = parameter.substitution.as_ref().map(|found| found.operator);
    let found = match operator {
        Some(":") => Bashism::new(3057, place, "string indexing").help("use cut"),
        Some("^" | "^^" | "," | ",,") => {
            Bashism::new(3059, place, "case modification").help("use tr")
        }
        Some("/" | "//") => Bashism::new(3060, place, "string replacement").help("use sed"),
        _ => return,
    };
    note(scene, report, found);
}

/// Whether the variable is there all the same: the script or the Dockerfile sets it, or the shell has it.
fn is_here(scene: &Scene<'_>, name: &str) -> bool {
    let language = scene.interpreter.language;
    let has = match language {
        Language::Posix => false,
        Language::Dash | Language::NewDash => name == "_",
        Language::Busybox => {
            let is_busybox = matches!(
                name,
                "EPOCHREALTIME" | "EPOCHSECONDS" | "HOSTNAME" | "RANDOM"
            );
            name == "_" || is_busybox && !scene.is_compatible
        }
        Language::Bash => true,
    };
    has || scene.known.contains(name) || is_set(scene, name)
}

fn is_set(scene: &Scene<'_>, name: &str) -> bool {
    simple_commands(scene.parsed).iter().any(|command| {
        let assignments = command.simple.assignments.iter();
        let is_alone = command.simple.words.is_empty();
        is_alone && assignments.clone().any(|one| one.name == name)
            || declared(command.simple).iter().any(|one| one.name == name)
    })
}

/// `++`, `--` and `**`.
pub(super) fn arithmetic(scene: &Scene<'_>, arithmetic: &Arithmetic, report: &mut Report) {
    let found = arithmetic.parts.iter().flat_map(of_part);
    found.for_each(|found| note(scene, report, found));
}

/// `++`, `--` and `**` in an argument of `let`.
pub(super) fn of_let(word: &Word) -> Vec<Bashism> {
    let inside = |part: &Part| match &part.kind {
        PartKind::DoubleQuoted(parts) => parts.iter().flat_map(of_part).collect(),
        _ => of_part(part),
    };
    word.parts.iter().flat_map(inside).collect()
}

/// Where `++`, `--` and `**` stand in an expression; with a blank between them they are two signs.
fn of_part(part: &Part) -> Vec<Bashism> {
    let (text, quote) = match &part.kind {
        PartKind::Literal(text) => (text.as_str(), 0),
        PartKind::SingleQuoted(text) => (text.as_str(), 1),
        _ => return Vec::new(),
    };
    let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let is_whole = part.span.end - part.span.start == length(text.len()).saturating_add(2 * quote);
    let operators = ["++", "--", "**"].into_iter();
    let operators = operators.flat_map(|operator| text.match_indices(operator));
    operators
        .map(|(at, operator)| {
            let start = part
                .span
                .start
                .saturating_add(quote)
                .saturating_add(length(at));
            let place = if is_whole {
                Span::new(start, start + 2)
            } else {
                part.span
            };
            match operator {
                "**" => Bashism::new(3019, place, "exponentials")
                    .plural()
                    .help("multiply"),
                _ => Bashism::new(3018, place, operator).help("write name=$((name + 1))"),
            }
        })
        .collect()
}
