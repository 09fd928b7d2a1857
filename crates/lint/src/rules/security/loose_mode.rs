//! Not everybody may write everywhere, or be root.

use dockerfile::ast::Kind;
use dockerfile::{Severity, Span};

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::invocation::{Argument, Invocation};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::stages::unquoted;

pub(crate) const RULE: Rule = Rule {
    name: "LooseMode",
    summary: "Files are not writable for everybody, and programs do not run as root for whoever starts them",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "What everybody may write, a broken-in program may change, too; a program with the setuid bit makes root of whoever starts it. Found are chmod and COPY or ADD --chmod with a mode that lets others write (777, 666, o+w, a+rwx) or sets the setuid bit (4755, u+s). Let pass are modes with the sticky bit (1777, as /tmp has it), paths with variables or below /tmp and /run, and what takes bits away.",
        bad: "FROM debian:bookworm-slim\nCOPY --chmod=777 app /app\nRUN chmod -R 777 /var/lib/app\n",
        good: "FROM debian:bookworm-slim\nCOPY --chmod=755 app /app\nRUN chmod -R u=rwX,g=rX,o= /var/lib/app\n",
        configure: None,
    },
    find,
};

/// What is wrong with a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loose {
    Writable,
    Setuid,
}

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for instruction in file.instructions() {
        let chmod = match &instruction.kind {
            Kind::Copy(copy) => copy.arguments.chmod.as_ref(),
            Kind::Add(add) => add.arguments.chmod.as_ref(),
            _ => None,
        };
        if let Some(word) = chmod
            && let Some(loose) = loose(unquoted(&word.text))
        {
            let fix = fix(word.span, unquoted(&word.text));
            found.push(wrong(instruction.span, word.span, loose).fix(fix));
        }
    }
    for run in file.runs() {
        let modes = run.invocations().iter().filter_map(in_command);
        found.extend(modes.map(|(mode, loose, is_for_all)| {
            let fix = fix(mode.span, &mode.text).filter(|_| is_for_all);
            let fix = fix.and_then(|fix| run.fix(fix));
            wrong(run.instruction.span, mode.span, loose).fix(fix)
        }));
    }
    found.sort_by_key(|found| found.place.start);
    found
}

/// The mode of a `chmod`, what is wrong with it, and whether that is so for all of its paths.
fn in_command(command: &Invocation) -> Option<(&Argument, Loose, bool)> {
    // `-R` and its like are flags; `-w` is a mode.
    let is_mode = |argument: &&Argument| {
        !argument.text.starts_with("--")
            && !matches!(
                argument.text.as_str(),
                "-R" | "-v" | "-f" | "-c" | "-Rv" | "-vR" | "-Rf" | "-fR"
            )
    };
    let mut words = command.arguments.iter().filter(is_mode);
    let mode = words.next().filter(|_| command.is(&["chmod"]))?;
    let is_passing = |path: &Argument| {
        let folders = ["/tmp", "/var/tmp", "/run", "/var/run", "/dev/"];
        !path.is_literal || folders.iter().any(|folder| path.text.starts_with(folder))
    };
    let (passing, others): (Vec<&Argument>, Vec<&Argument>) =
        words.partition(|path| is_passing(path));
    let is_let_pass = others.is_empty() && !passing.is_empty();
    let loose = loose(&mode.text).filter(|_| mode.is_literal && !is_let_pass)?;
    Some((mode, loose, passing.is_empty()))
}

fn loose(mode: &str) -> Option<Loose> {
    if mode.is_empty() || mode.chars().all(|sign| sign.is_digit(8)) {
        let bits = u32::from_str_radix(mode, 8).ok()?;
        return of_bits(bits);
    }
    mode.split(',').find_map(of_clause)
}

fn of_bits(bits: u32) -> Option<Loose> {
    let is_sticky = bits & 0o1000 != 0;
    match () {
        () if bits & 0o4000 != 0 => Some(Loose::Setuid),
        () if bits & 0o002 != 0 && !is_sticky => Some(Loose::Writable),
        () => None,
    }
}

/// A part of a symbolic mode: `u+s`, `o+w`, `a=rwx`.
fn of_clause(clause: &str) -> Option<Loose> {
    let at = clause.find(['+', '=', '-'])?;
    let (who, what) = clause.split_at(at);
    let (operator, bits) = what.split_at(1);
    let is_for = |sign: char| who.contains(sign) || who.contains('a');
    let gives = operator != "-";
    match () {
        () if gives && bits.contains('s') && (is_for('u') || who.is_empty()) => Some(Loose::Setuid),
        () if gives && bits.contains('w') && is_for('o') && !bits.contains('t') => {
            Some(Loose::Writable)
        }
        () => None,
    }
}

fn wrong(instruction: Span, place: Span, loose: Loose) -> Found {
    let (message, help) = match loose {
        Loose::Writable => (
            "Everybody may write here",
            "give it to who needs it: `--chown=app:app` and 755 or 750 for folders, 644 or 640 for files",
        ),
        Loose::Setuid => (
            "Whoever starts this is root",
            "leave the setuid bit out; a capability (`setcap cap_net_bind_service=+ep`) is enough for most",
        ),
    };
    Found::new(instruction, place, message).help(help)
}

/// Takes the bits away, if the mode is a number: those of the setuid bit, or what others and the group may write.
fn fix(place: Span, mode: &str) -> Option<Fix> {
    let bits = u32::from_str_radix(mode, 8).ok()?;
    let mended = match of_bits(bits)? {
        Loose::Setuid => bits & !0o4000,
        Loose::Writable => bits & !0o022,
    };
    let mended = if of_bits(mended).is_some() {
        mended & !0o022
    } else {
        mended
    };
    let width = mode.len();
    let edit = Edit::replace(place, format!("{mended:0width$o}"));
    Some(Fix::guess(format!("write {mended:0width$o}"), [edit]))
}

#[cfg(test)]
mod tests {
    use super::{Loose, loose};

    #[test]
    fn modes_are_loose() {
        for (mode, found) in [
            ("777", Some(Loose::Writable)),
            ("0666", Some(Loose::Writable)),
            ("1777", None),
            ("755", None),
            ("4755", Some(Loose::Setuid)),
            ("2775", None),
            ("u+s", Some(Loose::Setuid)),
            ("g+s", None),
            ("+x", None),
            ("+w", None),
            ("a+rwx", Some(Loose::Writable)),
            ("u=rwX,g=rX,o=", None),
            ("o-w", None),
            ("ugo+rw", Some(Loose::Writable)),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(loose(mode), found, "{mode}");
        }
    }
}
