//! Commands that only bash has.

use dockerfile::Span;

use super::{Bashism, note, variables};
use crate::fix::{Edit, Fix};
use crate::rules::scripts::interpreter::Language;
use crate::rules::scripts::report::Report;
use crate::rules::scripts::scene::{Scene, is_in_function, plain_command};
use crate::shell::ast::{Node, SimpleCommand, Word};
use crate::shell::declaration::{How, declared};

/// Builtins of bash that `sh` does not have.
const BUILTINS: [&str; 14] = [
    "caller",
    "compgen",
    "complete",
    "declare",
    "dirs",
    "disown",
    "enable",
    "mapfile",
    "popd",
    "pushd",
    "readarray",
    "shopt",
    "suspend",
    "typeset",
];

/// Options of `set -o` that `sh` has.
const OPTIONS: [&str; 14] = [
    "allexport",
    "errexit",
    "ignoreeof",
    "monitor",
    "noclobber",
    "noexec",
    "noglob",
    "nolog",
    "notify",
    "nounset",
    "verbose",
    "vi",
    "xtrace",
    "",
];

/// Flags of `set` that POSIX has.
const POSIX_FLAGS: &str = "abCefhmnouvx";

/// Flags of `set` that dash has.
const DASH_FLAGS: &str = "abCeEfhiImnopqsuvVx";

/// Looks at a command.
pub(super) fn look(
    scene: &Scene<'_>,
    trail: &[Node<'_>],
    simple: &SimpleCommand,
    report: &mut Report,
) {
    let Some((name, arguments)) = plain_command(simple) else {
        return;
    };
    let Some(word) = simple.words.first() else {
        return;
    };
    let place = word.span;
    let mut push = |found: Bashism| note(scene, report, found);
    match name.as_str() {
        "local" if scene.is_compatible || !is_in_function(trail) => {
            push(Bashism::new(3043, place, "'local'").help("write name=…"));
        }
        "let" => {
            push(Bashism::new(3039, place, "'let'").help("write name=$((…))"));
            for found in arguments.iter().flat_map(variables::of_let) {
                push(found);
            }
        }
        "export" | "readonly" => {
            for one in declared(simple)
                .iter()
                .filter(|one| matches!(one.how, How::Set(_, _, true)))
            {
                push(Bashism::new(3024, one.place, "+=").help("write name=${name}…"));
            }
        }
        "source" => push(source(place, arguments)),
        "exec" => exec(arguments, &mut push),
        "echo" => echo(scene, simple, arguments, &mut push),
        "printf" => printf(arguments, &mut push),
        "set" => set(scene, arguments, &mut push),
        "trap" => trap(scene, arguments, &mut push),
        _ if BUILTINS.contains(&name.as_str()) => {
            push(Bashism::new(3044, place, format!("'{name}'")).help("use bash for it"));
        }
        _ => {}
    }
}

/// `.` looks for a file without a slash along `PATH`, so that it is not quite the same then.
fn source(place: Span, arguments: &[Word]) -> Bashism {
    let file = arguments
        .first()
        .and_then(Word::literal)
        .unwrap_or_default();
    let edits = [Edit::replace(place, ".")];
    let fix = match file.contains('/') {
        true => Fix::safe("write .", edits),
        false => Fix::guess("write .", edits),
    };
    Bashism::new(3046, place, "'source' in place of '.'")
        .help("write .")
        .fix(fix)
}

fn exec(arguments: &[Word], push: &mut dyn FnMut(Bashism)) {
    let first = arguments.first();
    if let Some(flag) =
        first.filter(|word| word.literal().is_some_and(|text| text.starts_with('-')))
    {
        push(
            Bashism::new(3038, flag.span, "exec flags")
                .plural()
                .help("use env for it"),
        );
    }
}

fn echo(
    scene: &Scene<'_>,
    simple: &SimpleCommand,
    arguments: &[Word],
    push: &mut dyn FnMut(Bashism),
) {
    let Some(flag) = arguments.first() else {
        return;
    };
    let text = flag.literal().unwrap_or_default();
    let flags = text.strip_prefix('-').unwrap_or_default();
    if flags.is_empty() || !flags.bytes().all(|flag| b"neE".contains(&flag)) {
        return;
    }
    let is_posix = scene.interpreter.language == Language::Posix;
    if !is_posix && flags == "n" {
        return;
    }
    let place = flag.span;
    let found = if scene.interpreter.is_dash {
        Bashism::new(3036, place, "echo flags besides -n")
    } else {
        Bashism::new(3037, place, "echo flags").plural()
    };
    // What dash has is `-n` alone, which was let pass above.
    let is_there = matches!(scene.interpreter.language, Language::Busybox);
    if !is_there {
        push(
            found
                .help("use printf")
                .fix(printf_for(simple, arguments, flags)),
        );
    }
}

/// `printf` for `echo -e`, `echo -n` and `echo -ne` with one argument.
fn printf_for(simple: &SimpleCommand, arguments: &[Word], flags: &str) -> Option<Fix> {
    let ([_, _], Some(name)) = (arguments, simple.words.first()) else {
        return None;
    };
    let format = match (flags.contains('e'), flags.contains('n')) {
        (true, false) => "'%b\\n'",
        (true, true) => "'%b'",
        (false, true) => "'%s'",
        (false, false) => "'%s\\n'",
    };
    let edit = Edit::replace(name.span.to(arguments[0].span), format!("printf {format}"));
    Some(Fix::guess("use printf", [edit]))
}

fn printf(arguments: &[Word], push: &mut dyn FnMut(Bashism)) {
    let format = arguments.first();
    if let Some(word) = format.filter(|word| word.literal().is_some_and(|text| text.contains("%q")))
    {
        push(Bashism::new(3050, word.span, "printf %q").help("quote by hand"));
    }
}

fn set(scene: &Scene<'_>, arguments: &[Word], push: &mut dyn FnMut(Bashism)) {
    let known = if scene.is_compatible {
        POSIX_FLAGS
    } else {
        DASH_FLAGS
    };
    let mut is_option = false;
    for word in arguments {
        let text = word.literal().unwrap_or_default();
        if std::mem::take(&mut is_option) {
            if !OPTIONS.contains(&text.as_str()) {
                let found = Bashism::new(3040, word.span, format!("set option {text}"));
                push(found.help("use bash: SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]"));
            }
            continue;
        }
        let Some(flags) = text
            .strip_prefix(['-', '+'])
            .filter(|flags| !flags.is_empty())
        else {
            return;
        };
        if flags.starts_with('-') {
            return;
        }
        if let Some(flag) = flags.chars().find(|flag| !known.contains(*flag)) {
            push(
                Bashism::new(3041, word.span, format!("set flag -{flag}")).help("use bash for it"),
            );
        }
        is_option = flags.ends_with('o');
    }
}

fn trap(scene: &Scene<'_>, arguments: &[Word], push: &mut dyn FnMut(Bashism)) {
    for word in arguments.iter().skip(1) {
        let Some(signal) = word.literal() else {
            continue;
        };
        let capitals = signal.to_ascii_uppercase();
        if matches!(capitals.as_str(), "ERR" | "DEBUG" | "RETURN") {
            let found = Bashism::new(3047, word.span, format!("trapping {signal}"));
            push(found.help("trap EXIT, or use bash"));
        }
        let short = capitals.strip_prefix("SIG").unwrap_or(&capitals);
        // Quotes and continuations are left as they are.
        let is_as_written = scene.source.slice(word.span) == signal;
        let edit = Edit::replace(word.span, short);
        let fix = is_as_written.then(|| Fix::safe("leave SIG out", [edit]));
        if capitals.starts_with("SIG") {
            let what = "prefixing signal names with 'SIG'";
            push(
                Bashism::new(3048, word.span, what)
                    .help("leave SIG out")
                    .fix(fix),
            );
        }
    }
}
