//! What holds for any text.

use lint::shell::ast::{Node, PartKind};
use lint::shell::{Dialect, Parsed, Script, parse};
use proptest::prelude::*;

use crate::bodies;

/// The reserved words of POSIX and bash, and what is no node of the tree for other reasons.
const RESERVED: [&str; 20] = [
    "if", "then", "elif", "else", "fi", "for", "in", "do", "done", "while", "until", "case",
    "esac", "select", "function", "time", "coproc", "p", "EOF", "E",
];

/// Texts that look like scripts, more or less.
fn script_text() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        4 => prop::sample::select(vec![
            "if ", "then ", "elif ", "else ", "fi", "for x in ", "do ", "done", "while ", "until ", "case ", " in ",
            "esac", "select ", "function ", "{ ", "}", "! ", "[[ ", " ]]", "((", "))", "time ", "coproc ",
        ]),
        4 => prop::sample::select(vec![
            ";", ";;", ";&", "&", "&&", "|", "||", "|&", "\n", "(", ")", "<", ">", ">>", "<<", "<<EOF\n", "<<-'E' ",
            "\nEOF\n", "\n\tE\n", "<<<", "2>&1", "&>", "<(", "{fd}>", " # note",
        ]),
        4 => prop::sample::select(vec![
            "'", "\"", "`", "\\", "\\\n", "$", "${", "}", "${x:-", "${#x}", "${!x}", "${x/", "$(", "$((", "$[", "$'",
            "$\"", "[", "]", "x=", "x+=(", "x[1]=", "a() ", "\\`",
        ]),
        6 => prop::sample::select(vec![" ", " ", "a", "b ", "-f ", "*", "?", "{a,b}", "~", "==", "=~", "1", "ü", "🙂", "\0", "\r"]),
    ];
    prop::collection::vec(fragment, 0..50).prop_map(|fragments| fragments.concat())
}

/// All nodes, those of here-documents at last.
fn nodes(parsed: &Parsed) -> Vec<Node<'_>> {
    let bodies = parsed
        .heredocs
        .iter()
        .flat_map(|heredoc| heredoc.parts.iter().map(Node::Part));
    let mut all: Vec<Node<'_>> = std::iter::once(Node::List(&parsed.list))
        .chain(bodies)
        .collect();
    let mut at = 0;
    while let Some(node) = all.get(at).copied() {
        all.extend(node.children());
        at += 1;
    }
    all
}

/// Places nest, are in order, and fit characters.
fn check(text: &str, parsed: &Parsed) -> Result<(), TestCaseError> {
    for node in nodes(parsed) {
        let span = node.span();
        prop_assert!(text.get(span.range()).is_some(), "{span:?} in {text:?}");
        let mut at = span.start;
        for child in node.children() {
            let inner = child.span();
            prop_assert!(
                at <= inner.start && inner.end <= span.end,
                "{child:?} in {node:?} of {text:?}"
            );
            at = inner.end;
        }
    }
    let spans = parsed.errors.iter().map(|error| error.span);
    let spans = spans.chain(parsed.extensions.iter().map(|extension| extension.span));
    for span in spans.chain(parsed.comments.iter().copied()) {
        prop_assert!(text.get(span.range()).is_some(), "{span:?} in {text:?}");
    }
    Ok(())
}

/// The parts of a word stand side by side, and cover it. Between backquotes, backslashes go.
fn check_words(text: &str, parsed: &Parsed) -> Result<(), TestCaseError> {
    for node in nodes(parsed) {
        let Node::Word(word) = node else { continue };
        let mut written = String::new();
        for part in &word.parts {
            written += &text[part.span.range()];
        }
        let whole = &text[word.span.range()];
        if text.contains('`') {
            prop_assert_eq!(written.replace('\\', ""), whole.replace('\\', ""));
        } else {
            prop_assert_eq!(&written, whole);
        }
    }
    Ok(())
}

/// What is in no leaf, comment or here-document: signs and reserved words, if everything was read.
fn uncovered(text: &str, parsed: &Parsed) -> String {
    let mut left: Vec<u8> = text.bytes().collect();
    let mut cover = |from: u32, to: u32| left[from as usize..to as usize].fill(b' ');
    parsed
        .comments
        .iter()
        .for_each(|span| cover(span.start, span.end));
    parsed
        .heredocs
        .iter()
        .for_each(|heredoc| cover(heredoc.span.start, heredoc.span.end));
    let mut nodes = vec![Node::List(&parsed.list)];
    while let Some(node) = nodes.pop() {
        let children = node.children();
        let has_header = match node {
            Node::Assignment(_) | Node::Redirection(_) => true,
            Node::Part(part) => matches!(part.kind, PartKind::Parameter(_)),
            _ => false,
        };
        if children.is_empty() && !matches!(node, Node::List(_) | Node::Command(_)) {
            cover(node.span().start, node.span().end);
        } else if has_header {
            let first = children.iter().map(|child| child.span().start).min();
            cover(node.span().start, first.unwrap_or(node.span().end));
        }
        // An operator of `${x[1]:-a}` stands between two children.
        if let [first, second] = children.as_slice()
            && has_header
        {
            cover(first.span().end, second.span().start);
        }
        nodes.extend(children);
    }
    String::from_utf8(left).expect("nodes begin and end at characters")
}

fn check_uncovered(text: &str, parsed: &Parsed) -> Result<(), TestCaseError> {
    let left = uncovered(text, parsed);
    let words = left.split(|sign: char| !(sign.is_alphanumeric() || sign == '_'));
    for word in words.filter(|word| !word.is_empty()) {
        prop_assert!(
            RESERVED.contains(&word),
            "{word:?} is in no node of {text:?}"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn any_text_is_read_and_places_nest(text in script_text()) {
        for dialect in [Dialect::Sh, Dialect::Bash] {
            let parsed = parse(&Script::whole(&text), dialect);
            check(&text, &parsed)?;
            check_words(&text, &parsed)?;
            if parsed.errors.is_empty() && !text.contains('`') {
                check_uncovered(&text, &parsed)?;
            }
        }
    }

    #[test]
    fn arbitrary_signs_are_read(text in "\\PC*") {
        check(&text, &parse(&Script::whole(&text), Dialect::Bash))?;
    }

    #[test]
    fn signs_of_the_grammar_are_read(text in r#"[a$ {}()\[\]<>;&|!#'"`\\\n=+-]{0,60}"#) {
        check(&text, &parse(&Script::whole(&text), Dialect::Sh))?;
    }
}

#[test]
fn places_nest_in_dockerfiles() {
    for source in bodies::dockerfiles() {
        for script in bodies::scripts(&source) {
            check(source.text(), &parse(&script, Dialect::Sh)).expect("the places are right");
        }
    }
}

#[test]
fn scripts_of_dockerfiles_are_covered() {
    for text in bodies::of_dockerfiles() {
        let parsed = parse(&Script::whole(&text), Dialect::Sh);
        check_words(&text, &parsed).expect("the parts are right");
        if parsed.errors.is_empty() && !text.contains('`') {
            let named = |word: &str| {
                parsed
                    .heredocs
                    .iter()
                    .any(|heredoc| heredoc.delimiter.split(' ').any(|part| part == word))
            };
            let left = uncovered(&text, &parsed);
            let words = left.split(|sign: char| !(sign.is_alphanumeric() || sign == '_'));
            let stray: Vec<_> = words
                .filter(|word| !word.is_empty() && !RESERVED.contains(word) && !named(word))
                .collect();
            assert!(stray.is_empty(), "{stray:?} are in no node of {text:?}");
        }
    }
}

#[test]
fn nesting_has_an_end() {
    let openings = [
        "(",
        "{ ",
        "$(",
        "`",
        "\"$(",
        "${a:-",
        "$((",
        "((",
        "if ",
        "while ",
        "case x in a) ",
        "f() ",
        "[[ ( ",
        "! ",
        "x=(",
        "$[",
        "<(",
        "[[ ! ",
        "\"${a:-",
        "for x in a; do ",
        "a[",
        "${a[",
        "(#\n",
        "function f ",
        "coproc ",
        "time ",
        "cat <<E\n$(",
        "a <<E && \\\n",
        "\\\n",
        "[[ a || ",
        "a=$(",
        "$((a) ",
        "((a) ",
        "'",
        "select x in a; do ",
        "a | ",
        "a && ",
        "a[b=",
        "a[$(]=x;",
        "a[\"$(]+=x;",
    ];
    for opening in openings {
        let text = opening.repeat(5_000);
        let start = std::time::Instant::now();
        let _ = parse(&Script::whole(&text), Dialect::Bash);
        let _ = parse(&Script::whole(&text), Dialect::Sh);
        let time = start.elapsed();
        assert!(time.as_secs() < 5, "{opening:?} takes {time:?}");
    }
}
