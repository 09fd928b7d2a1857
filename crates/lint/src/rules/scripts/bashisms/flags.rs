//! Flags of builtins that `sh` does not have.

use super::{Bashism, note};
use crate::rules::scripts::interpreter::Language;
use crate::rules::scripts::report::Report;
use crate::rules::scripts::scene::{Scene, plain_command};
use crate::shell::ast::{SimpleCommand, Word};

/// Builtins with the flags that POSIX has, and those that dash has beside them.
const FLAGS: [(&str, &str, &str); 13] = [
    ("cd", "LP", ""),
    ("export", "p", ""),
    ("hash", "r", "v"),
    ("jobs", "lp", ""),
    ("printf", "", ""),
    ("read", "r", "p"),
    ("readonly", "p", ""),
    ("trap", "", ""),
    ("type", "", ""),
    ("ulimit", "f", "HSacdflmnpstvw"),
    ("umask", "S", ""),
    ("unset", "fv", ""),
    ("wait", "", ""),
];

/// Looks at a command.
pub(super) fn look(scene: &Scene<'_>, simple: &SimpleCommand, report: &mut Report) {
    let Some((name, arguments)) = plain_command(simple) else {
        return;
    };
    let Some((_, posix, dash)) = FLAGS.iter().find(|(builtin, ..)| *builtin == name) else {
        return;
    };
    let knows_dash = scene.interpreter.language != Language::Posix;
    let is_known = |flag: char| posix.contains(flag) || knows_dash && dash.contains(flag);
    let mut has_operand = false;
    for word in arguments {
        let text = word.literal().unwrap_or_default();
        let Some(flags) = text.strip_prefix('-').filter(|flags| !flags.is_empty()) else {
            has_operand = true;
            break;
        };
        if flags.starts_with('-') {
            break;
        }
        if let Some(flag) = flags.chars().find(|flag| !is_known(*flag)) {
            let found = Bashism::new(3045, word.span, format!("{name} -{flag}"));
            note(scene, report, found.help("do without it, or use bash"));
            break;
        }
    }
    if name == "read" && !has_operand && !arguments.iter().any(is_value) {
        let found = Bashism::new(3061, simple.words[0].span, "read without a variable");
        note(scene, report, found.help("name a variable"));
    }
}

/// Whether it is no flag.
fn is_value(word: &Word) -> bool {
    !word.literal().is_some_and(|text| text.starts_with('-'))
}
