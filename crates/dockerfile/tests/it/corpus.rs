//! Whole Dockerfiles, with the tree and the errors that they give. Each case is a folder below
//! `corpus` with a `Dockerfile` and the expected listing.

use std::fmt::Write as _;
use std::path::Path;

use dockerfile::{Source, parse};

use crate::places;

/// Parses the case's Dockerfile and compares what comes out.
fn check(case: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(case);
    let text = std::fs::read_to_string(folder.join("Dockerfile")).expect("the case has a file");
    let source = Source::new("Dockerfile", text);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("expected", listing(&source)));
}

/// The tree with places as `line:column`, and the errors.
fn listing(source: &Source) -> String {
    let parsed = parse(source);
    let file = &parsed.dockerfile;
    let mut out = String::new();
    let mut line = |depth: usize, text: String| {
        let _ = writeln!(
            out,
            "{}{}",
            "  ".repeat(depth),
            places::readable(&text, source)
        );
    };
    line(0, format!("{:?}", file.directives));
    for comment in &file.comments {
        line(0, format!("comment {comment:?}"));
    }
    for span in &file.blank_continuations {
        line(0, format!("blank continuation {span:?}"));
    }
    for instruction in &file.global_args {
        line(0, format!("{:?} {:?}", instruction.span, instruction.kind));
    }
    for stage in &file.stages {
        line(
            0,
            format!(
                "{:?} {:?} {:?}",
                stage.span, stage.keyword.text, stage.original
            ),
        );
        line(
            1,
            format!("base {:?}, platform {:?}", stage.base, stage.platform),
        );
        line(
            1,
            format!(
                "{:?} {:?} {:?}",
                stage.as_keyword, stage.name, stage.name_written
            ),
        );
        for instruction in &stage.instructions {
            line(
                1,
                format!("{:?} {:?}", instruction.span, instruction.original),
            );
            line(2, format!("{:?}", instruction.kind));
        }
    }
    for error in &parsed.diagnostics {
        line(
            0,
            format!(
                "{} {}: {:?} {}",
                error.severity, error.code, error.span, error.message
            ),
        );
        if let Some(help) = &error.help {
            line(1, format!("help: {help}"));
        }
    }
    out
}

#[test]
fn everything() {
    check("everything");
}

#[test]
fn errors() {
    check("errors");
}

#[test]
fn heredocs() {
    check("heredocs");
}

#[test]
fn lines() {
    check("lines");
}

#[test]
fn windows() {
    check("windows");
}

#[test]
fn before_from() {
    check("before-from");
}

#[test]
fn directives() {
    check("directives");
}

#[test]
fn triggers() {
    check("triggers");
}
