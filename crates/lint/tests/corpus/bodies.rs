//! What the fuzz targets do with their bytes: nothing may panic, every place must lie in its text, and what two ways
//! give must agree. The crate in `fuzz` has this file too.

use dockerfile::ast::{Escape, Kind};
use dockerfile::ignore::Patterns;
use dockerfile::{
    Diagnostic, Mount, Parsed, Severity, Source, Span, Variables, parse as parse_file,
};
use lint::shell::ast::Node;
use lint::shell::commands::simple_commands;
use lint::shell::{Dialect, Script};
use lint::{Activation, Facts, LabelType, Options, Safety, Settings};

/// The text of an input; bytes that are none are replaced, as when a file is read.
fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

fn check_place(span: Span, source: &Source) {
    assert!(
        source.text().get(span.range()).is_some(),
        "{span:?} is not in the text"
    );
    let (first, last) = source.lines_of(span);
    assert!(1 <= first && first <= last && last <= source.line_count());
    assert!(source.column(span.start) >= 1);
}

fn check(diagnostics: &[Diagnostic], source: &Source) {
    for diagnostic in diagnostics {
        check_place(diagnostic.span, source);
        assert!(!diagnostic.message.is_empty());
    }
}

/// A whole Dockerfile, and the same as a trigger.
pub(crate) fn parse(data: &[u8]) {
    let source = Source::new("Dockerfile", text(data));
    let parsed = parse_file(&source);
    check(&parsed.diagnostics, &source);
    for stage in &parsed.dockerfile.stages {
        check_place(stage.span, &source);
        for instruction in &stage.instructions {
            check_place(instruction.span, &source);
            check_place(instruction.keyword.span, &source);
        }
    }
    let has_stages = !parsed.dockerfile.stages.is_empty();
    assert!(has_stages || !parsed.diagnostics.is_empty());
    let (instruction, diagnostics) = dockerfile::parse_trigger(source.text());
    assert!(instruction.is_some() || !diagnostics.is_empty());
}

/// A word, expanded in every way. The first line sets variables.
pub(crate) fn words(data: &[u8]) {
    let text = text(data);
    let (env, word) = text.split_once('\n').unwrap_or(("A=a b/c.d", &text));
    let env: Vec<String> = env.split(' ').map(str::to_owned).collect();
    let variables = Variables::from_env(&env);
    let lookup = |name: &str| variables.get(name).map(str::to_owned);
    for escape in [Escape::Backslash, Escape::Backtick] {
        let whole = dockerfile::expand(word, escape, &lookup);
        let words = dockerfile::expand_words(word, escape, &lookup);
        assert_eq!(whole.is_ok(), words.is_ok());
    }
    let _ = dockerfile::expand_heredoc(word, &lookup);
}

/// An ignore file, up to an empty line; then paths. What the file has as wildcards must agree on one level.
pub(crate) fn ignore(data: &[u8]) {
    let text = text(data);
    let (patterns, paths) = text.split_once("\n\n").unwrap_or((&text, "a\na/b\na/b/c"));
    let _ = patterns.lines().map(dockerfile::chmod::parse).count();
    for path in paths.lines() {
        let _ = dockerfile::glob::matches(patterns, path);
        let clean = dockerfile::glob::clean(path);
        assert_eq!(dockerfile::glob::clean(&clean), clean);
    }
    let Ok(patterns) = Patterns::parse(patterns) else {
        return;
    };
    for path in paths.lines().map(dockerfile::glob::clean) {
        let path = path.trim_start_matches('/');
        let mut parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        let skipped = parents.any(|directory| {
            patterns.ignores_path(directory) && !patterns.may_contain_exceptions(directory)
        });
        assert!(
            !skipped || patterns.ignores_path(path),
            "{path:?} is skipped, and comes back"
        );
    }
}

/// Flags of instructions, and what is in them.
pub(crate) fn mounts(data: &[u8]) {
    let text = text(data).replace(['\n', '\r'], " ");
    let (ports, text) = text.split_once('|').unwrap_or(("80", &text));
    let _ = (
        dockerfile::ports::parse(ports),
        dockerfile::duration::parse_interval(ports),
    );
    let _ = dockerfile::signal::is_known(ports);
    for keyword in ["RUN --mount=", "RUN ", "COPY ", "HEALTHCHECK ", "FROM "] {
        let source = Source::new("Dockerfile", format!("FROM x\n{keyword}{text} true\n"));
        let parsed = parse_file(&source);
        check(&parsed.diagnostics, &source);
        let instructions = parsed
            .dockerfile
            .stages
            .iter()
            .flat_map(|s| &s.instructions);
        for instruction in instructions {
            let Kind::Run(run) = &instruction.kind else {
                continue;
            };
            for flag in &run.mounts {
                check_place(flag.span, &source);
                let expand = |text: &str| Variables::default().expand(text, Escape::Backslash);
                let _ = Mount::read(flag, &expand);
            }
        }
    }
}

/// The rules, the targets and the outline of a Dockerfile.
pub(crate) fn rules(data: &[u8]) {
    let source = Source::new("Dockerfile", text(data));
    let parsed = parse_file(&source);
    let settings = Settings::parse("experimental=all").expect("it is an option");
    let ignore = Patterns::parse("a*\n").expect("it is a pattern");
    let facts = Facts {
        ignore: Some(&ignore),
        ..Facts::default()
    };
    for finding in lint::check(&source, &parsed, &settings, &facts) {
        check_place(finding.instruction, &source);
        check_place(finding.diagnostic.span, &source);
    }
    for compatible in [true, false] {
        lint_and_mend(&source, &parsed, &settings, compatible, &facts);
    }
    let _ = Settings::of(&parsed);
    let targets = lint::targets(&source, &parsed);
    for index in 0..targets.len().min(20) {
        let outline = lint::outline(&source, &parsed, &facts, index);
        outline
            .arguments
            .iter()
            .for_each(|argument| check_place(argument.place, &source));
    }
}

/// All rules: places lie in the text, and a Dockerfile is one still when all of it is mended.
fn lint_and_mend(
    source: &Source,
    parsed: &Parsed,
    settings: &Settings,
    compatible: bool,
    facts: &Facts<'_>,
) {
    let off = lint::rules().filter(|rule| rule.activation == Activation::Off);
    let options = Options {
        compatible,
        severities: off
            .map(|rule| (rule.name.to_owned(), Some(rule.severity)))
            .collect(),
        trusted_registries: vec!["docker.io".to_owned(), "*.com".to_owned()],
        label_schema: [("version".to_owned(), LabelType::Semver)].into(),
        strict_labels: true,
        ..Options::default()
    };
    let findings = lint::lint(source, parsed, settings, &options, facts);
    for finding in &findings {
        check_place(finding.instruction, source);
        check_place(finding.diagnostic.span, source);
        let edits = finding.fix.iter().flat_map(|fix| &fix.edits);
        edits.for_each(|edit| check_place(edit.span, source));
    }
    let fixed = lint::apply(source, &findings, Safety::Unsafe);
    let again = parse_file(&Source::new("Dockerfile", fixed.text.as_str()));
    if is_right(parsed) {
        assert!(
            is_right(&again),
            "{:?}: {:?}",
            fixed.text,
            again.diagnostics
        );
    }
}

fn is_right(parsed: &Parsed) -> bool {
    parsed
        .diagnostics
        .iter()
        .all(|one| one.severity != Severity::Error)
}

/// A script, and the same as the body of a `RUN`: places nest, in the order of the text.
pub(crate) fn shell(data: &[u8]) {
    let text = text(data);
    let source = Source::new("Dockerfile", text.as_str());
    for dialect in [Dialect::Sh, Dialect::Bash] {
        check_script(&source, &Script::whole(source.text()), dialect);
    }
    let source = Source::new("Dockerfile", format!("FROM x\nRUN {text}"));
    let parsed = parse_file(&source);
    let stages = parsed.dockerfile.stages.iter();
    for instruction in stages.flat_map(|stage| &stage.instructions) {
        if let Kind::Run(run) = &instruction.kind
            && let Some(script) = Script::of_run(&source, run, parsed.dockerfile.directives.escape)
        {
            check_script(&source, &script, Dialect::Bash);
        }
    }
}

fn check_script(source: &Source, script: &Script, dialect: Dialect) {
    let parsed = lint::shell::parse(script, dialect);
    let _ = simple_commands(&parsed).len();
    let bodies = parsed.heredocs.iter().flat_map(|heredoc| &heredoc.parts);
    let mut nodes: Vec<Node<'_>> = bodies.map(Node::Part).collect();
    nodes.push(Node::List(&parsed.list));
    while let Some(node) = nodes.pop() {
        check_place(node.span(), source);
        let mut at = node.span().start;
        for child in node.children() {
            assert!(at <= child.span().start, "{child:?} is out of order");
            at = child.span().end;
            nodes.push(child);
        }
        assert!(at <= node.span().end, "{node:?} does not hold its nodes");
    }
    for error in &parsed.errors {
        check_place(error.span, source);
    }
}
