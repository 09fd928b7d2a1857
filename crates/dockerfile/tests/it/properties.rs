//! What holds for any text.

use dockerfile::ignore::Patterns;
use dockerfile::{
    Escape, Source, expand, expand_heredoc, expand_words, glob, parse, parse_trigger,
};
use proptest::prelude::*;

use crate::places;

/// Texts that look like Dockerfiles, more or less.
fn dockerfile_text() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        4 => prop::sample::select(vec![
            "FROM ", "RUN ", "COPY ", "ADD ", "ENV ", "ARG ", "LABEL ", "CMD ", "ENTRYPOINT ", "ONBUILD ",
            "HEALTHCHECK ", "SHELL ", "EXPOSE ", "VOLUME ", "USER ", "WORKDIR ", "STOPSIGNAL ", "MAINTAINER ",
            "NONE", " AS ", "--from=", "--mount=", "--chmod=", "--interval=1s", "--", "type=cache,", "\"id=a,b\",",
        ]),
        4 => prop::sample::select(vec![
            "\n", "\n", "\n", "\r\n", "\\\n", "\\ \n", "`\n", "\n# note\n", "# escape=`\n", "# syntax=x\n", "#!", "#",
        ]),
        4 => prop::sample::select(vec![
            "<<EOF", "<<-EOF", "<< 'EOF'", "<<\"E F\"", "\nEOF\n", "\n\tEOF\n", "EOF", "3<<x", "\nx\n", "<<",
        ]),
        4 => prop::sample::select(vec![
            " ", "  ", "\t", "a", "=", "a=b", "\"", "'", "\\", "`", "$", "${a", "}", ":-", "[", "]", "\"x\"", ",", "ü",
            "\u{a0}", "\u{feff}", "🙂", "\0", "{", "1",
        ]),
        1 => any::<char>().prop_map(|c| if c == 'ß' { "ß" } else { "x" }),
    ];
    prop::collection::vec(fragment, 0..60).prop_map(|fragments| fragments.concat())
}

fn check_places(debug: &str, source: &Source) -> Result<(), TestCaseError> {
    for span in places::in_debug(debug) {
        prop_assert!(span.start <= span.end, "{span:?}");
        prop_assert!(
            source.text().get(span.range()).is_some(),
            "{span:?} in {:?}",
            source.text()
        );
        let (first, last) = source.lines_of(span);
        prop_assert!(1 <= first && first <= last && last <= source.line_count());
        prop_assert!(source.column(span.start) >= 1);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_text_parses_and_places_fit(text in dockerfile_text()) {
        let source = Source::new("Dockerfile", text);
        check_places(&format!("{:?}", parse(&source)), &source)?;
        check_places(&format!("{:?}", parse_trigger(source.text())), &source)?;
    }

    #[test]
    fn arbitrary_signs_parse(text in "\\PC*") {
        let source = Source::new("Dockerfile", format!("FROM x\nRUN {text}\nCOPY {text}"));
        check_places(&format!("{:?}", parse(&source)), &source)?;
    }

    #[test]
    fn a_file_without_errors_has_stages(text in dockerfile_text()) {
        let parsed = parse(&Source::new("Dockerfile", text));
        prop_assert!(!parsed.dockerfile.stages.is_empty() || !parsed.diagnostics.is_empty());
    }

    #[test]
    fn words_never_panic(text in r#"[a$ {}:\-+?#%/*\\`'"x<ü]{0,30}"#) {
        let lookup = |name: &str| (name == "a").then(|| "x a/x ü".to_owned());
        for escape in [Escape::Backslash, Escape::Backtick] {
            let whole = expand(&text, escape, &lookup);
            let words = expand_words(&text, escape, &lookup);
            prop_assert_eq!(whole.is_ok(), words.is_ok());
        }
        let _ = expand_heredoc(&text, &lookup);
    }

    #[test]
    fn mount_options_are_read_or_refused(options in r#"((type|from|src|target|id|mode|uid|size|env|ro|sharing)(=(bind|cache|tmpfs|secret|ssh|/x|\$a|0?7{0,5}|"q,r"|))?,?){0,5}"#) {
        let source = Source::new("Dockerfile", format!("FROM x\nRUN --mount={options} true\n"));
        let parsed = parse(&source);
        check_places(&format!("{parsed:?}"), &source)?;
        let instructions = parsed.dockerfile.stages.iter().flat_map(|stage| &stage.instructions);
        for instruction in instructions {
            let dockerfile::ast::Kind::Run(run) = &instruction.kind else { continue };
            for flag in &run.mounts {
                let _ = dockerfile::Mount::read(flag, &|word| Ok(word.to_owned()));
            }
        }
    }

    #[test]
    fn flags_are_known_or_named(flags in r#"(--(link|chown|chmod|exclude|from|parents)?=?("[a-z ]{0,3}"|\\ |[a-z:]{0,4}| ){0,2} ?){0,4}"#) {
        let source = Source::new("Dockerfile", format!("FROM x\nCOPY {flags} a b\n"));
        let parsed = parse(&source);
        check_places(&format!("{parsed:?}"), &source)?;
        let instructions = parsed.dockerfile.stages.iter().map(|stage| stage.instructions.len());
        prop_assert_eq!(instructions.sum::<usize>() == 1, parsed.diagnostics.is_empty());
    }

    #[test]
    fn plain_words_stay(text in "[a-z0-9/:=.,@ ü-]{0,30}") {
        let expansion = expand(&text, Escape::Backslash, &|_| None).unwrap();
        prop_assert_eq!(expansion.text, text);
    }

    #[test]
    fn stripping_agrees_with_a_plain_search(value in "[ab]{0,8}", pattern in "[ab*?]{0,5}") {
        let all = |name: &str| Some(if name == "v" { value.clone() } else { String::new() });
        let result = |form: &str| expand(form, Escape::Backslash, &all).unwrap().text;
        let matching = |range: std::ops::Range<usize>| glob::matches(&pattern, &value[range]).unwrap();
        let starts: Vec<usize> = (0..=value.len()).filter(|end| matching(0..*end)).collect();
        let ends: Vec<usize> = (0..=value.len()).filter(|start| matching(*start..value.len())).collect();
        let from = |at: Option<&usize>| value[at.copied().unwrap_or(0)..].to_owned();
        let up_to = |at: Option<&usize>| value[..at.copied().unwrap_or(value.len())].to_owned();
        prop_assert_eq!(result(&format!("${{v##{pattern}}}")), from(starts.last()));
        prop_assert_eq!(result(&format!("${{v%%{pattern}}}")), up_to(ends.first()));
        prop_assert_eq!(result(&format!("${{v#{pattern}}}")), from(starts.first()));
        prop_assert_eq!(result(&format!("${{v%{pattern}}}")), up_to(ends.last()));
    }

    #[test]
    fn ignore_patterns_and_wildcards_agree_on_one_level(pattern in r"[ab*?\[\]^\\-]{1,6}", name in "[ab-]{1,5}") {
        prop_assume!(!pattern.contains("**"));
        match (glob::matches(&pattern, &name), Patterns::new([pattern.as_str()])) {
            (Ok(matches), Ok(patterns)) => prop_assert_eq!(patterns.ignores_path(&name), matches),
            (Err(_), Err(_)) => {}
            (glob, ignore) => prop_assert!(false, "{:?} {:?}", glob, ignore.is_ok()),
        }
    }

    #[test]
    fn skipped_directories_hold_nothing_that_comes_back(
        lines in prop::collection::vec("!?[ab*?/]{1,6}", 1..6),
        paths in prop::collection::vec("[ab]{1,2}(/[ab]{1,2}){0,3}", 1..20),
    ) {
        let Ok(patterns) = Patterns::parse(&lines.join("\n")) else { return Ok(()) };
        for path in &paths {
            let skipped = path.match_indices('/').map(|(at, _)| &path[..at]).any(|directory| {
                patterns.ignores_path(directory) && !patterns.may_contain_exceptions(directory)
            });
            prop_assert!(!skipped || patterns.ignores_path(path), "{:?} {}", lines, path);
        }
    }

    #[test]
    fn double_stars_agree_with_a_plain_search(pattern in r"(\*\*|\*|\?|/|a|b){1,7}", path in "[ab]{1,2}(/[ab]{1,2}){0,3}") {
        let Ok(patterns) = Patterns::new([pattern.as_str()]) else { return Ok(()) };
        let clean = glob::clean(&pattern);
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        let expected = parents.chain([path.as_str()]).any(|path| moby(&clean, path));
        prop_assert_eq!(patterns.ignores_path(&path), expected, "{} {}", clean, path);
    }
}

/// moby's rules for a pattern of `**`, `*`, `?` and plain signs, said as simply as possible.
fn moby(pattern: &str, path: &str) -> bool {
    let plain = |text: &str| !text.contains(['*', '?']);
    match pattern.strip_prefix("**") {
        Some(end) if plain(end) => path.ends_with(end) || end.strip_prefix('/') == Some(path),
        _ => as_expression(pattern, path),
    }
}

fn as_expression(pattern: &str, path: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("**") {
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let behind_slashes = path.match_indices('/').map(|(at, _)| &path[at + 1..]);
        return rest.is_empty() || as_expression(rest, path) || { behind_slashes }
            .any(|behind| as_expression(rest, behind));
    }
    let mut signs = pattern.chars();
    let Some(sign) = signs.next() else {
        return path.is_empty();
    };
    let mut names = path.chars();
    let first = names.next();
    match sign {
        '*' => {
            as_expression(signs.as_str(), path)
                || first.is_some_and(|first| first != '/' && as_expression(pattern, names.as_str()))
        }
        '?' => first.is_some_and(|f| f != '/') && as_expression(signs.as_str(), names.as_str()),
        _ => first == Some(sign) && as_expression(signs.as_str(), names.as_str()),
    }
}
