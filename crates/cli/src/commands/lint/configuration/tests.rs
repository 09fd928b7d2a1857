//! What configuration files say, and what is wrong in them.

use super::layer::Layer;
use super::read::{Keys, ProblemKind, read};
use super::{toml, yaml};
use crate::commands::lint::formats::Format;
use dockerfile::Severity;
use lint::LabelType;
use std::path::Path;

/// The settings of a text, and the lines and messages of its problems.
fn settings(text: &str, keys: Keys) -> (Layer, Vec<(usize, ProblemKind, String)>) {
    let node = match keys {
        Keys::Hadolint => yaml::load(text).unwrap(),
        Keys::Carafe => toml::load(text).unwrap(),
    };
    let reader = read(&node, keys);
    let problems = reader.problems.into_iter();
    let problems = problems.map(|problem| (problem.line, problem.kind, problem.message));
    (reader.layer, problems.collect())
}

/// All that can be said.
fn whole() -> Layer {
    let mut layer = Layer {
        no_fail: Some(false),
        no_color: Some(true),
        formats: vec![Format::Json, Format::GitlabCodeclimate],
        threshold: Some(Severity::Warning),
        ignored: vec!["DL3007".to_owned(), "SC2086".to_owned()],
        trusted_registries: vec!["docker.io".to_owned(), "*.gcr.io".to_owned()],
        label_schema: [("author".to_owned(), LabelType::Text)].into(),
        strict_labels: Some(true),
        disable_ignore_pragma: Some(false),
        ..Layer::default()
    };
    layer.set_severity("DL3015".to_owned(), Severity::Error);
    layer
}

#[test]
fn hadolints_file_is_read() {
    let text = "\
failure-threshold: warning
format: json
formats: [gitlab_codeclimate]
ignored:
  - DL3007
  - SC2086
override:
  error: [DL3015]
  info:
label-schema:
  author: text
strict-labels: true
disable-ignore-pragma: false
no-color: true
no-fail: false
trustedRegistries:
  - docker.io
  - '*.gcr.io'
";
    assert_eq!(settings(text, Keys::Hadolint), (whole(), Vec::new()));
    assert_eq!(settings("", Keys::Hadolint), (Layer::default(), Vec::new()));
}

#[test]
fn the_own_file_is_read() {
    let text = "\
[lint]
failure-threshold = 'warning'
format = 'json'
formats = ['gitlab_codeclimate']
ignored = ['DL3007', 'SC2086']
strict-labels = true
disable-ignore-pragma = false
no-color = true
no-fail = false
trusted-registries = ['docker.io', '*.gcr.io']
[lint.override]
error = ['DL3015']
[lint.label-schema]
author = 'text'
";
    assert_eq!(settings(text, Keys::Carafe), (whole(), Vec::new()));
    assert_eq!(settings("", Keys::Carafe), (Layer::default(), Vec::new()));
}

#[test]
fn everything_that_is_wrong_is_told() {
    let text = "\
ignored: DL3007
failure-threshold: bad
no-fail: yes
trusted-registries: []
override:
  error: [1]
  ignore: [DL3007]
label-schema:
  a: rfc
  b: 5
ignore: []
";
    let (_, problems) = settings(text, Keys::Hadolint);
    let problems: Vec<String> = problems
        .into_iter()
        .map(|(line, kind, message)| format!("{line} {kind:?} {message}"))
        .collect();
    assert_eq!(
        problems,
        [
            "1 Value ignored is a text, and must be a list: [A, B]",
            "2 Value failure-threshold: there is no `bad`; write error, warning, info, style, ignore or none",
            "3 Value no-fail is a text; write true or false",
            "4 Key there is no key `trusted-registries`; did you mean `trustedRegistries`?",
            "6 Value an item of override.error is a number, and must be a text",
            "7 Key there is no key `ignore`; there are error, warning, info, style",
            "9 Value label-schema.a: there is no `rfc`; write text, url, rfc3339, spdx, hash, semver or email",
            "10 Value label-schema.b is a number, and must be a text",
            "11 Key there is no key `ignore`; did you mean `ignored`?",
        ]
    );
    let (layer, problems) = settings(
        "[lint]\nignored = ['dl3007']\n[build]\nx = 1\n",
        Keys::Carafe,
    );
    assert_eq!(layer.ignored, ["dl3007"]);
    let kinds: Vec<_> = problems
        .iter()
        .map(|(line, kind, _)| (*line, *kind))
        .collect();
    assert_eq!(kinds, [(2, ProblemKind::RuleName), (3, ProblemKind::Key)]);
}

/// The schemas name the keys that the reader takes, and the words.
#[test]
fn the_schemas_say_the_same() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/lint");
    let load = |name: &str| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(docs.join(name)).unwrap()).unwrap()
    };
    let (hadolint, carafe) = (load("hadolint.schema.json"), load("carafe.schema.json"));
    for (schema, keys) in [
        (&hadolint, Keys::Hadolint),
        (&carafe["properties"]["lint"], Keys::Carafe),
    ] {
        let properties = schema["properties"].as_object().unwrap();
        let mut named: Vec<&str> = properties.keys().map(String::as_str).collect();
        let mut read = keys.all();
        named.sort_unstable();
        read.sort_unstable();
        assert_eq!(named, read);
        assert_eq!(schema["additionalProperties"], false);
        let words = |of: &serde_json::Value| {
            let words = of["enum"].as_array().unwrap().iter();
            words
                .map(|word| word.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            words(&properties["format"]).join(", "),
            super::super::formats::words()
        );
        assert_eq!(properties["formats"]["items"], properties["format"]);
        for word in words(&properties["failure-threshold"]) {
            assert!(super::threshold(&word).is_some(), "{word}");
        }
        for word in words(&properties["label-schema"]["additionalProperties"]) {
            assert!(LabelType::of(&word).is_some(), "{word}");
        }
        let severities = properties["override"]["properties"].as_object().unwrap();
        let severities: Vec<&str> = severities.keys().map(String::as_str).collect();
        assert_eq!(severities, ["error", "warning", "info", "style"]);
    }
}
