//! Every rule has a page in `docs/lint`, and a Dockerfile below `fixtures` that breaks it.

use std::path::{Path, PathBuf};

use dockerfile::{Severity, Source, parse};
use lint::Settings;

fn folder(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

fn fixture(rule: &str) -> Source {
    let path = folder("tests/fixtures").join(rule).join("Dockerfile");
    let text = std::fs::read_to_string(path).expect("the rule has a fixture");
    Source::new("Dockerfile", text)
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
        let findings = lint::check(&source, &parsed, &Settings::default());
        let findings = findings.iter().filter(|finding| finding.code == rule.name);
        let lines: Vec<String> = findings
            .map(|finding| {
                let place = source.line(finding.span.start);
                let help = finding.help.as_deref().unwrap_or_default();
                format!(
                    "{place}: {}: {} ({help})",
                    finding.severity, finding.message
                )
            })
            .collect();
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
fn the_check_directive_decides() {
    let found = |directive: &str| {
        let text = format!("# check={directive}\nFROM busybox as lower\n");
        let source = Source::new("Dockerfile", text);
        let parsed = parse(&source);
        let settings = Settings::of(&parsed).expect("it can be read");
        let findings = lint::check(&source, &parsed, &settings);
        findings
            .iter()
            .map(|finding| finding.severity)
            .collect::<Vec<_>>()
    };
    assert_eq!(found("error=false"), [Severity::Style]);
    assert_eq!(found("error=true"), [Severity::Error]);
    assert_eq!(found("skip=FromAsCasing;error=true"), []);
}
