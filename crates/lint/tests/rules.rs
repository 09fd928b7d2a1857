//! Every rule has a page in `docs/lint`, and a Dockerfile below `fixtures` that breaks it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dockerfile::ignore::Patterns;
use dockerfile::{Parsed, Severity, Source, Variables, parse};
use lint::{Base, Facts, Mismatch, Settings};

fn folder(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

fn fixture(rule: &str) -> Source {
    let path = folder("tests/fixtures").join(rule).join("Dockerfile");
    let text = std::fs::read_to_string(path).expect("the rule has a fixture");
    Source::new("Dockerfile", text)
}

/// What is known of the images `debian`, `with-shell` and `foreign`; of others nothing is.
fn facts(parsed: &Parsed) -> Facts<'static> {
    let mut predefined = Variables::default();
    for (name, value) in [
        ("BUILDPLATFORM", "linux/amd64"),
        ("TARGETPLATFORM", "linux/amd64"),
        ("TARGETARCH", "amd64"),
    ] {
        predefined.set(name, value);
    }
    let mut bases = BTreeMap::new();
    for (index, stage) in parsed.dockerfile.stages.iter().enumerate() {
        let name = stage.base.text.split(':').next().unwrap_or_default();
        let mismatch = Mismatch {
            found: "linux/amd64".to_owned(),
            wanted: "linux/arm64".to_owned(),
        };
        if matches!(name, "debian" | "with-shell" | "foreign") {
            let base = Base {
                env: vec!["PATH=/bin".to_owned()],
                has_shell: name == "with-shell",
                triggers: Vec::new(),
                mismatch: (name == "foreign").then_some(mismatch),
            };
            bases.insert(index, base);
        }
    }
    Facts {
        build_args: BTreeMap::from([("GIVEN".to_owned(), "debian".to_owned())]),
        predefined,
        bases,
        ..Facts::default()
    }
}

#[test]
fn every_rule_has_a_page() {
    for rule in lint::rules() {
        let path = folder("../../docs/lint").join(format!("{}.md", rule.name));
        let page = std::fs::read_to_string(path).expect("the rule has a page");
        assert_eq!(
            page.lines().next(),
            Some(format!("# {}", rule.name).as_str())
        );
        assert!(
            page.contains(rule.summary),
            "the page of {} has its summary",
            rule.name
        );
    }
}

#[test]
fn every_page_has_a_rule() {
    for entry in std::fs::read_dir(folder("../../docs/lint")).expect("the pages are there") {
        let path = entry.expect("the folder can be read").path();
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("names are plain");
        assert!(lint::rules().iter().any(|rule| rule.name == name), "{name}");
    }
}

#[test]
fn every_rule_finds_what_its_fixture_breaks() {
    for rule in lint::rules() {
        let source = fixture(rule.name);
        let parsed = parse(&source);
        assert_eq!(parsed.diagnostics, [], "{}", rule.name);
        let settings = Settings::parse("experimental=all").expect("it is an option");
        let ignore = folder("tests/fixtures").join(rule.name).join("ignore");
        let ignore = std::fs::read_to_string(ignore).unwrap_or_default();
        let ignore = Patterns::parse(&ignore).expect("the patterns are right");
        let facts = Facts {
            ignore: Some(&ignore),
            ..facts(&parsed)
        };
        let findings = lint::check(&source, &parsed, &settings, &facts);
        let findings = findings.iter().filter(|f| f.rule.name == rule.name);
        let lines: Vec<String> = findings
            .map(|finding| {
                let (first, last) = source.lines_of(finding.instruction);
                let found = &finding.diagnostic;
                let place = source.slice(found.span);
                let help = found.help.as_deref().unwrap_or_default();
                format!(
                    "{first}-{last} {place:?}: {}: {} ({help})",
                    found.severity, found.message
                )
            })
            .collect();
        assert!(!lines.is_empty(), "{}", rule.name);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(folder("tests/fixtures").join(rule.name));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!("expected", lines.join("\n")));
    }
}

#[test]
fn names_are_in_order() {
    assert!(
        lint::rules()
            .windows(2)
            .all(|pair| pair[0].name < pair[1].name)
    );
}

#[test]
fn pages_of_docker_are_named() {
    let url = |name| {
        let rule = lint::rules().iter().find(|rule| rule.name == name);
        rule.expect("there is one").url()
    };
    let at = |page| format!("https://docs.docker.com/go/dockerfile/rule/{page}/");
    assert_eq!(url("JSONArgsRecommended"), at("json-args-recommended"));
    assert_eq!(url("FromAsCasing"), at("from-as-casing"));
    assert_eq!(url("UndefinedVar"), at("undefined-var"));
}

#[test]
fn the_check_directive_decides() {
    let found = |directive: &str| {
        let text = format!("# check={directive}\nFROM busybox as lower\n");
        let source = Source::new("Dockerfile", text);
        let parsed = parse(&source);
        let settings = Settings::of(&parsed).expect("it can be read");
        let findings = lint::check(&source, &parsed, &settings, &Facts::default());
        findings
            .iter()
            .map(|finding| finding.diagnostic.severity)
            .collect::<Vec<_>>()
    };
    assert_eq!(found("error=false"), [Severity::Style]);
    assert_eq!(found("error=true"), [Severity::Error]);
    assert_eq!(found("skip=FromAsCasing;error=true"), []);
}

#[test]
fn a_comment_above_an_instruction_decides_for_it() {
    let text = "FROM scratch\n# check=skip=LegacyKeyValueFormat\nENV a b\nENV c d\n\
                # check=error=true\nENV e f\n# check=skip=all\n\nENV g h\n";
    let source = Source::new("Dockerfile", text);
    let parsed = parse(&source);
    let findings = lint::check(&source, &parsed, &Settings::default(), &Facts::default());
    let found: Vec<_> = findings
        .iter()
        .map(|f| (source.line(f.instruction.start), f.diagnostic.severity))
        .collect();
    let expected = [
        (4, Severity::Warning),
        (6, Severity::Error),
        (9, Severity::Warning),
    ];
    assert_eq!(found, expected);
}

#[test]
fn stages_that_the_build_does_not_need_are_left_alone() {
    let text = "FROM scratch AS a\nENV x y\nMAINTAINER m\nFROM scratch\nENV x y\n";
    let source = Source::new("Dockerfile", text);
    let parsed = parse(&source);
    let facts = Facts {
        stages: Some([1].into()),
        ..Facts::default()
    };
    let findings = lint::check(&source, &parsed, &Settings::default(), &facts);
    let found = findings
        .iter()
        .map(|f| (source.line(f.instruction.start), f.rule.name));
    let expected = [(3, "MaintainerDeprecated"), (5, "LegacyKeyValueFormat")];
    assert_eq!(found.collect::<Vec<_>>(), expected);
}
