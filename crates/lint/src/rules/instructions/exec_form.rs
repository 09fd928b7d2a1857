//! From the shell form to the exec form.

use dockerfile::ast::Word;

use crate::file::File;
use crate::fix::{Edit, Fix};
use crate::rules::edits::has_comment;
use crate::shell::ast::CommandKind;
use crate::shell::commands::simple_commands;
use crate::shell::{self, Dialect, Script};

/// What only a shell can do.
const BUILTINS: [&str; 18] = [
    ".", ":", "alias", "break", "cd", "command", "continue", "eval", "exit", "export", "readonly",
    "return", "set", "shift", "source", "trap", "ulimit", "umask",
];

/// Writes a command in the exec form, where its words are plain: nothing in them is for a shell. `exec` goes, since there
/// is no shell to replace.
pub(crate) fn to_exec(file: &File<'_>, command: &Word) -> Option<Fix> {
    let words = plain_words(command)?;
    if has_comment(file, command.span) {
        return None;
    }
    let words: Vec<String> = words.iter().map(|word| json(word)).collect();
    let array = format!("[{}]", words.join(", "));
    let edit = Edit::replace(command.span, array);
    Some(Fix::guess("write it as a JSON array", [edit]))
}

/// The words of a command without anything that a shell would do to them.
pub(super) fn plain_words(command: &Word) -> Option<Vec<String>> {
    if command
        .text
        .contains(['$', '`', '*', '?', '[', '~', '{', '!', '#', '\\', '\n'])
    {
        return None;
    }
    let script = Script::unplaced(&command.text, command.span);
    let parsed = shell::parse(&script, Dialect::Sh);
    let [only] = simple_commands(&parsed).try_into().ok()?;
    let is_alone = parsed.errors.is_empty()
        && parsed.list.items.len() == 1
        && !command.text.contains([';', '&', '|', '<', '>', '(', ')'])
        && matches!(only.command.kind, CommandKind::Simple(_))
        && only.simple.assignments.is_empty();
    let words: Option<Vec<String>> = only
        .simple
        .words
        .iter()
        .map(shell::ast::Word::literal)
        .collect();
    let mut words = words.filter(|_| is_alone)?;
    if words.first().is_some_and(|first| first == "exec") {
        words.remove(0);
    }
    let first = words.first()?;
    let is_program =
        !BUILTINS.contains(&first.as_str()) && !first.starts_with('-') && !first.contains('=');
    is_program.then_some(words)
}

/// A JSON string.
fn json(text: &str) -> String {
    let mut out = String::from("\"");
    for sign in text.chars() {
        match sign {
            '"' | '\\' => out.extend(['\\', sign]),
            '\t' => out.push_str("\\t"),
            _ => out.push(sign),
        }
    }
    out.push('"');
    out
}
