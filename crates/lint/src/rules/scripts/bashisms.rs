//! What `sh` does not have to understand (ShellCheck's SC3001 to SC3061): one rule for each code, which share what looks
//! for them.

mod builtins;
mod flags;
mod rules;
mod syntax;
mod test;
mod variables;

use dockerfile::{Severity, Span};

use super::interpreter::Language;
use super::report::Report;
use super::scene::Scene;
use crate::fix::Fix;
use crate::rule::Found;
use crate::shell::ast::{CommandKind, Node, PartKind};

pub(crate) use rules::RULES;

pub(super) use syntax::look_at_extensions;

/// Codes of what the shell of busybox understands.
const BUSYBOX: [u16; 15] = [
    3003, 3010, 3014, 3018, 3019, 3020, 3036, 3039, 3040, 3045, 3046, 3048, 3057, 3060, 3061,
];

/// Something that `sh` does not have to understand.
struct Bashism {
    code: u16,
    place: Span,
    /// What it is.
    what: String,
    is_plural: bool,
    help: &'static str,
    fix: Option<Fix>,
}

impl Bashism {
    fn new(code: u16, place: Span, what: impl Into<String>) -> Self {
        Self {
            code,
            place,
            what: what.into(),
            is_plural: false,
            help: "",
            fix: None,
        }
    }

    fn plural(mut self) -> Self {
        self.is_plural = true;
        self
    }

    fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    fn fix(mut self, fix: impl Into<Option<Fix>>) -> Self {
        self.fix = fix.into();
        self
    }
}

/// Whether the shell of a script understands what has a code.
fn is_understood(language: Language, code: u16) -> bool {
    match language {
        Language::Posix | Language::Dash => false,
        Language::NewDash => matches!(code, 3040 | 3041 | 3043),
        Language::Busybox => BUSYBOX.contains(&code),
        Language::Bash => true,
    }
}

/// Notes something, unless the shell understands it.
fn note(scene: &Scene<'_>, report: &mut Report, bashism: Bashism) {
    if is_understood(scene.interpreter.language, bashism.code) {
        return;
    }
    let Some(rule) = rules::rule(bashism.code) else {
        return;
    };
    let (what, is_dash) = (&bashism.what, scene.interpreter.is_dash);
    let message = match (is_dash, bashism.code, bashism.is_plural) {
        (true, 3036, _) => format!("In dash, {what} not supported."),
        (true, _, false) => format!("In dash, {what} is not supported."),
        (true, _, true) => format!("In dash, {what} are not supported."),
        (false, _, false) => format!("In POSIX sh, {what} is undefined."),
        (false, _, true) => format!("In POSIX sh, {what} are undefined."),
    };
    let mut found: Found = scene.found(bashism.place, message);
    if is_dash {
        found = found.severity(Severity::Error);
    }
    if !bashism.help.is_empty() {
        found = found.help(bashism.help);
    }
    report.push(rule, found.fix(bashism.fix.and_then(|fix| scene.fix(fix))));
}

/// Looks at a node.
pub(super) fn look(scene: &Scene<'_>, trail: &[Node<'_>], node: Node<'_>, report: &mut Report) {
    if scene.interpreter.language == Language::Bash {
        return;
    }
    match node {
        Node::Command(command) => {
            syntax::command(scene, command, report);
            match &command.kind {
                CommandKind::Simple(simple) => {
                    builtins::look(scene, trail, simple, report);
                    flags::look(scene, simple, report);
                    test::look(scene, command, simple, report);
                }
                CommandKind::Arithmetic(arithmetic)
                | CommandKind::ArithmeticFor {
                    header: arithmetic, ..
                } => {
                    variables::arithmetic(scene, arithmetic, report);
                }
                _ => {}
            }
        }
        Node::Condition(condition) if scene.is_compatible => {
            test::condition(scene, condition, report);
        }
        Node::Word(word) => syntax::word(scene, trail, word, report),
        Node::Assignment(assignment) => syntax::assignment(scene, assignment, report),
        Node::Part(part) => match &part.kind {
            PartKind::Parameter(parameter) => {
                variables::look(scene, parameter, part.span, report);
            }
            PartKind::Command(list) => syntax::substitution(scene, list, part.span, report),
            PartKind::Arithmetic(arithmetic) => variables::arithmetic(scene, arithmetic, report),
            _ => {}
        },
        _ => {}
    }
}
