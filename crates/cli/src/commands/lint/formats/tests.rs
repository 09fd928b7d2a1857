//! What each format makes of the same findings.

use super::{Format, View};
use crate::commands::lint::report::{FileReport, Issue, Report};
use crate::terminal::style::Style;
use clap::ValueEnum;
use dockerfile::{Severity, Source, Span};
use lint::{Edit, Fix, Safety};
use std::time::{Duration, SystemTime};

const TEXT: &str = "FROM debian:latest\nRUN apt-get install \\\n  \"a&b\" <x>\nMAINTAINER é\n";

fn span(part: &str) -> Span {
    let start = TEXT.find(part).unwrap();
    let at = |at: usize| u32::try_from(at).unwrap();
    Span::new(at(start), at(start + part.len()))
}

fn issue(code: &'static str, severity: Severity, instruction: &str, place: &str) -> Issue {
    Issue {
        code: code.into(),
        // Of one the format shows what it knows of the rule.
        rule: lint::rules().find(|rule| code == "DL3007" && rule.name == code),
        severity,
        instruction: span(instruction),
        place: span(place),
        message: format!("message of {code}"),
        help: None,
        fix: None,
    }
}

/// One file with something of everything, one with an error of the parser, one with nothing.
fn report() -> Report {
    let run = "RUN apt-get install \\\n  \"a&b\" <x>";
    let at = span("\"a&b\"").start;
    let mut mendable = issue("DL3015", Severity::Info, run, "apt-get install");
    mendable.fix = Some(Fix {
        title: "add --no-install-recommends".to_owned(),
        safety: Safety::Unsafe,
        edits: vec![Edit {
            span: Span::new(at, at),
            text: "--no-install-recommends ".to_owned(),
        }],
    });
    let mut quoted = issue("SC2086", Severity::Style, run, "\"a&b\" <x>");
    quoted.message = "\"a&b\" <x> is 100%: so,\nit is".to_owned();
    let mut helped = issue(
        "DL3007",
        Severity::Warning,
        "FROM debian:latest",
        "debian:latest",
    );
    helped.help = Some("name a release".to_owned());
    let mut refused = issue("DL1000", Severity::Error, "MAINTAINER é", "é");
    refused.message = "unknown instruction: é".to_owned();
    let file = |name: &str, issues| FileReport {
        source: Source::new(name, TEXT),
        issues,
    };
    let old = issue("DL4000", Severity::Error, "MAINTAINER é", "MAINTAINER");
    Report {
        files: vec![
            file("app/Docker file", vec![helped, mendable, quoted, old]),
            file("-", vec![refused]),
            file("empty", Vec::new()),
        ],
    }
}

fn rendered(format: Format, compatible: bool, path: Option<&str>) -> String {
    let report = report();
    format.render(&View {
        report: &report,
        compatible,
        style: Style::plain(),
        path,
        now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
    })
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text.replace('\0', "\\0")));
}

fn name(format: Format) -> String {
    format.to_possible_value().unwrap().get_name().to_owned()
}

/// These were compared with what hadolint 2.15.1 makes of the same findings, byte by byte.
#[test]
fn exactly_as_hadolint() {
    for format in Format::value_variants() {
        if !matches!(format, Format::Human | Format::Github) {
            let name = format!("hadolint-{}", name(*format));
            snapshot(&name, &rendered(*format, true, None));
        }
    }
}

#[test]
fn with_exact_places() {
    for format in Format::value_variants() {
        let text = rendered(*format, false, None);
        match format {
            Format::Sarif => snapshot("sarif", &without_pages(&text)),
            _ => snapshot(&name(*format), &text),
        }
    }
}

/// A log in lines, without what rules' pages say: that may change.
fn without_pages(text: &str) -> String {
    let mut log: serde_json::Value = serde_json::from_str(text).unwrap();
    let rules = &mut log["runs"][0]["tool"]["driver"]["rules"];
    for rule in rules.as_array_mut().unwrap() {
        for (part, kind) in [
            ("fullDescription", "text"),
            ("help", "text"),
            ("help", "markdown"),
        ] {
            if rule.get(part).is_some() {
                assert!(rule[part][kind].as_str().unwrap().len() > 20);
                rule[part][kind] = "…".into();
            }
        }
    }
    serde_json::to_string_pretty(&log).unwrap()
}

#[test]
fn files_can_have_another_name() {
    let has = |format| rendered(format, true, Some("other/name")).contains("other/name");
    for format in Format::value_variants() {
        let takes_it = matches!(
            format,
            Format::Checkstyle
                | Format::Codeclimate
                | Format::GitlabCodeclimate
                | Format::Sonarqube
                | Format::Junit
                | Format::Github
        );
        assert_eq!(has(*format), takes_it, "{format:?}");
    }
}

#[test]
fn the_fingerprint_is_that_of_the_finding() {
    let of = |text: &str| {
        let place = "debian:latest";
        let start = u32::try_from(text.find(place).unwrap()).unwrap();
        let mut found = issue("DL3007", Severity::Warning, "FROM debian:latest", place);
        found.place = Span::new(start, start + u32::try_from(place.len()).unwrap());
        let report = Report {
            files: vec![FileReport {
                source: Source::new("Dockerfile", text),
                issues: vec![found.clone(), found],
            }],
        };
        let view = View {
            report: &report,
            compatible: false,
            style: Style::plain(),
            path: None,
            now: SystemTime::UNIX_EPOCH,
        };
        let json: serde_json::Value =
            serde_json::from_str(&Format::GitlabCodeclimate.render(&view)).unwrap();
        let of = |index: usize| json[index]["fingerprint"].as_str().unwrap().to_owned();
        (of(0), of(1))
    };
    let (first, second) = of("FROM debian:latest\n");
    assert_ne!(first, second);
    assert_eq!(of("# a line more\n\nFROM debian:latest\n"), (first, second));
}
