//! Syntax that only bash has.

use dockerfile::Span;

use super::{Bashism, note};
use crate::fix::{Edit, Fix};
use crate::rules::scripts::report::Report;
use crate::rules::scripts::scene::Scene;
use crate::shell::ast::{
    Assignment, Command, CommandKind, List, Node, Part, PartKind, RedirectionOperator, Word,
};
use crate::shell::{Extension, ExtensionKind};

/// Looks at what the parser marked.
pub(in crate::rules::scripts) fn look_at_extensions(scene: &Scene<'_>, report: &mut Report) {
    for extension in &scene.parsed.extensions {
        if let Some(bashism) = of_extension(scene, extension) {
            note(scene, report, bashism);
        }
    }
}

fn of_extension(scene: &Scene<'_>, extension: &Extension) -> Option<Bashism> {
    use ExtensionKind as Kind;
    let span = extension.span;
    let new = |code, what: &str| Bashism::new(code, span, what);
    Some(match extension.kind {
        Kind::ProcessSubstitution => {
            new(3001, "process substitution").help("write to a file first, or use a pipe")
        }
        Kind::DollarSingleQuotes => new(3003, "$'..'").help("use printf"),
        Kind::ArithmeticCommand => new(3006, "standalone ((..))").help("use [ … ], or : $((…))"),
        Kind::BracketArithmetic => new(3007, "$[..] in place of $((..))")
            .help("write $((…))")
            .fix(double_parentheses(scene, span)),
        Kind::Conditional => new(3010, "[[ ]]").help("use [ ], or SHELL [\"/bin/bash\", \"-c\"]"),
        Kind::RedirectBoth => return redirect_both(scene, span),
        Kind::DuplicateToFile => new(3021, ">& filename (as opposed to >& fd)")
            .help("write > file 2>&1")
            .fix(both(scene, span)),
        Kind::NamedDescriptor => new(3022, "named file descriptors")
            .plural()
            .help("use a number"),
        Kind::PipeBoth => {
            let fix = Fix::safe(
                "write 2>&1 |",
                [Edit::replace(span, format!("{}2>&1 |", gap(scene, span)))],
            );
            new(3029, "|& in place of 2>&1 |")
                .help("write 2>&1 |")
                .fix(fix)
        }
        Kind::Array => new(3030, "arrays")
            .plural()
            .help("use the positional parameters, or bash"),
        Kind::ArithmeticFor => new(3005, "arithmetic for loops")
            .plural()
            .help("use seq, or while"),
        _ => return None,
    })
}

/// `&>`; `&>>` is nothing that ShellCheck finds.
fn redirect_both(scene: &Scene<'_>, span: Span) -> Option<Bashism> {
    let is_appending = scene.source.slice(span).starts_with("&>>");
    (!is_appending).then(|| {
        Bashism::new(3020, span, "&>")
            .help("write > file 2>&1")
            .fix(both(scene, span))
    })
}

/// `> file 2>&1` for `&> file` and `>& file`.
fn both(scene: &Scene<'_>, span: Span) -> Option<Fix> {
    let text = scene.source.slice(span);
    if !(text.starts_with("&>") || text.starts_with(">&")) {
        return None;
    }
    let edits = [
        Edit::replace(
            Span::new(span.start, span.start + 2),
            format!("{}>", gap(scene, span)),
        ),
        Edit::insert(span.end, " 2>&1"),
    ];
    Some(Fix::safe("write > file 2>&1", edits))
}

/// A blank where there is none before a place: digits would become a part of what comes there.
fn gap(scene: &Scene<'_>, span: Span) -> &'static str {
    let before = scene.source.slice(Span::new(0, span.start));
    let is_free = before.ends_with([' ', '\t', '\n', ';', '(', ')']);
    if is_free { "" } else { " " }
}

/// `$((…))` for `$[…]`.
fn double_parentheses(scene: &Scene<'_>, span: Span) -> Option<Fix> {
    let text = scene.source.slice(span);
    if !(text.starts_with("$[") && text.ends_with(']')) {
        return None;
    }
    let edits = [
        Edit::replace(Span::new(span.start, span.start + 2), "$(("),
        Edit::replace(Span::new(span.end - 1, span.end), "))"),
    ];
    Some(Fix::safe("write $((…))", edits))
}

/// Functions with names that are none, and here-strings, whose place is the operator.
pub(super) fn command(scene: &Scene<'_>, command: &Command, report: &mut Report) {
    if let CommandKind::Function { name, .. } = &command.kind
        && let Some(text) = name.literal()
        && !crate::shell::declaration::is_name(&text)
    {
        let what = "naming functions outside [a-zA-Z_][a-zA-Z0-9_]*";
        let help = "use letters, digits and _ in its name";
        note(
            scene,
            report,
            Bashism::new(3033, name.span, what).help(help),
        );
    }
    for redirection in &command.redirections {
        if redirection.operator == RedirectionOperator::HereString {
            let before = redirection.descriptor.as_ref().map_or(0, String::len);
            let start = redirection.span.start + u32::try_from(before).unwrap_or(0);
            let place = Span::new(start, start + 3);
            let found = Bashism::new(3011, place, "here-strings").plural();
            note(
                scene,
                report,
                found.help("use printf and a pipe, or a here-document"),
            );
        }
    }
}

/// `name+=`, before a command too.
pub(super) fn assignment(scene: &Scene<'_>, assignment: &Assignment, report: &mut Report) {
    if !assignment.appends {
        return;
    }
    let start = assignment.span.start;
    let length = u32::try_from(assignment.name.len()).unwrap_or(0);
    let sign = Span::new(start + length, start + length + 2);
    let is_array = assignment.value.as_ref().is_some_and(is_array);
    let is_plain = assignment.subscript.is_none() && !is_array && scene.source.slice(sign) == "+=";
    let fix = is_plain.then(|| {
        let text = format!("=${{{}}}", assignment.name);
        Fix::guess("write the value before it", [Edit::replace(sign, text)])
    });
    let place = Span::new(start, start + length);
    let found = Bashism::new(3024, place, "+=")
        .help("write name=${name}…")
        .fix(fix);
    note(scene, report, found);
}

fn is_array(word: &Word) -> bool {
    word.parts
        .iter()
        .any(|part| matches!(part.kind, PartKind::Array(_)))
}

/// `{a,b}`.
pub(super) fn word(scene: &Scene<'_>, trail: &[Node<'_>], word: &Word, report: &mut Report) {
    let can_have = match trail.last() {
        Some(Node::Command(_) | Node::CaseItem(_) | Node::Assignment(_)) => true,
        Some(Node::Redirection(redirection)) => redirection.heredoc.is_none(),
        _ => false,
    };
    if !can_have || !word.has_braces() {
        return;
    }
    let place = brace_place(scene, word);
    let is_argument = matches!(trail.last(), Some(Node::Command(_)));
    let fix = if is_argument {
        expanded(scene, word)
    } else {
        None
    };
    let found = Bashism::new(3009, place, "brace expansion")
        .help("write all words")
        .fix(fix);
    note(scene, report, found);
}

/// From the brace to the end of the word; all of it where the text in the file is not the same.
fn brace_place(scene: &Scene<'_>, word: &Word) -> Span {
    let literal =
        |part: &&Part| matches!(&part.kind, PartKind::Literal(text) if text.contains('{'));
    let part = word.parts.iter().find(literal);
    let at = part.and_then(|part| {
        let at = scene.source.slice(part.span).find('{')?;
        Some(part.span.start.saturating_add(u32::try_from(at).ok()?))
    });
    let start = at.unwrap_or(word.span.start);
    let text = scene.source.slice(Span::new(start, word.span.end));
    let end = text.rfind('}').and_then(|at| u32::try_from(at + 1).ok());
    Span::new(start, end.map_or(word.span.end, |length| start + length))
}

/// All words, where it is a list of literals.
fn expanded(scene: &Scene<'_>, word: &Word) -> Option<Fix> {
    let [
        Part {
            kind: PartKind::Literal(text),
            ..
        },
    ] = word.parts.as_slice()
    else {
        return None;
    };
    let (before, rest) = text.split_once('{')?;
    let (inside, behind) = rest.split_once('}')?;
    let is_list = inside.contains(',') && !inside.contains("..");
    if !is_list
        || rest.contains('{')
        || behind.contains('}')
        || scene.source.slice(word.span) != text
    {
        return None;
    }
    let words = inside
        .split(',')
        .map(|one| format!("{before}{one}{behind}"));
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    let edit = Edit::replace(word.span, words.join(" "));
    Some(Fix::guess("write all words", [edit]))
}

/// `$(< file)`.
pub(super) fn substitution(scene: &Scene<'_>, list: &List, place: Span, report: &mut Report) {
    let [item] = list.items.as_slice() else {
        return;
    };
    let [command] = item.and_or.first.commands.as_slice() else {
        return;
    };
    let CommandKind::Simple(simple) = &command.kind else {
        return;
    };
    let [redirection] = command.redirections.as_slice() else {
        return;
    };
    let is_bare =
        simple.words.is_empty() && simple.assignments.is_empty() && item.and_or.rest.is_empty();
    if is_bare && redirection.operator == RedirectionOperator::Input {
        let fix = Fix::safe("use cat", [Edit::insert(redirection.span.start, "cat ")]);
        let found = Bashism::new(3034, place, "$(<file) to read files");
        note(scene, report, found.help("write $(cat file)").fix(fix));
    }
}
