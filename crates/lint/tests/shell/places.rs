//! Places in the Dockerfile, through all that stands between it and the shell.

use dockerfile::{Source, Span};
use lint::shell::commands::simple_commands;
use lint::shell::{Dialect, parse};

use crate::bodies;

/// The words of all simple commands, each with its line and column.
fn words(text: &str) -> Vec<String> {
    let source = Source::new("Dockerfile", format!("FROM x\n{text}"));
    let mut found = Vec::new();
    for script in bodies::scripts(&source) {
        let parsed = parse(&script, Dialect::Bash);
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        for command in simple_commands(&parsed) {
            for word in &command.simple.words {
                found.push(at(&source, word.span));
            }
        }
    }
    found
}

fn at(source: &Source, span: Span) -> String {
    let (line, column) = (source.line(span.start), source.column(span.start));
    format!("{line}:{column} {}", source.slice(span))
}

#[test]
fn through_continuations_comments_and_blank_lines() {
    let found = words("RUN a b \\\n  # note\n\n  && c\\\nd \\\n\\\n  -e\nRUN f\n");
    assert_eq!(found, ["2:5 a", "2:7 b", "5:6 c\\\nd", "8:3 -e", "9:5 f"]);
}

#[test]
fn with_a_backtick_as_the_escape_sign() {
    let source = Source::new(
        "Dockerfile",
        "# escape=`\nFROM x\nRUN a `\n  C:\\b `\n# note\n && c\n",
    );
    let scripts = bodies::scripts(&source);
    let parsed = parse(&scripts[0], Dialect::Sh);
    let commands = simple_commands(&parsed);
    let spans = commands.iter().flat_map(|command| &command.simple.words);
    let found: Vec<_> = spans.map(|word| at(&source, word.span)).collect();
    assert_eq!(found, ["3:5 a", "4:3 C:\\b", "6:5 c"]);
}

#[test]
fn in_heredocs() {
    let found = words("RUN <<EOF\na $(b)\nc\nEOF\n");
    assert_eq!(found, ["3:1 a", "3:3 $(b)", "3:5 b", "4:1 c"]);
    let found = words("RUN <<-EOF\n\t\ta b\n\tif c; then\n\t\td\n\tfi\n\tEOF\n");
    assert_eq!(found, ["3:3 a", "3:5 b", "4:5 c", "5:3 d"]);
    let found = words("RUN cat <<EOF >x && \\\n  a\n$(b)\nEOF\nRUN c\n");
    assert_eq!(found, ["2:5 cat", "3:3 a", "4:3 b", "6:5 c"]);
    let found = words("RUN cat <<-A <<'B'\n\t\t`b $x`\n\tA\n$(c)\nB\n");
    assert_eq!(found, ["2:5 cat", "3:4 b", "3:6 $x"]);
}

#[test]
fn in_triggers() {
    let found = words("ONBUILD RUN a \\\n  # note\n  b <<EOF\n$(c)\nEOF\n");
    assert_eq!(found, ["2:13 a", "4:3 b", "5:3 c"]);
}

#[test]
fn the_program_of_a_heredoc() {
    for (line, program, dialect) in [
        ("#!/bin/sh", Some("sh"), Some(Dialect::Sh)),
        (
            "#! /usr/bin/env -S bash -e",
            Some("bash"),
            Some(Dialect::Bash),
        ),
        ("#!/usr/bin/env python3", Some("python3"), None),
        ("# note", None, None),
    ] {
        let text = format!("FROM x\nRUN <<EOF\n{line}\na\nEOF\n");
        let scripts = bodies::scripts(&Source::new("Dockerfile", text));
        let found = scripts[0].interpreter();
        assert_eq!(
            (found, found.and_then(Dialect::of)),
            (program, dialect),
            "{line}"
        );
    }
}

#[test]
fn between_backquotes() {
    let found = words("RUN a `b \\`c d\\``\n");
    assert_eq!(
        found,
        [
            "2:5 a",
            "2:7 `b \\`c d\\``",
            "2:8 b",
            "2:11 `c d\\`",
            "2:12 c",
            "2:14 d"
        ]
    );
}

#[test]
fn every_byte_of_a_run_has_its_own_place() {
    for source in bodies::dockerfiles() {
        for script in bodies::scripts(&source) {
            for (at, sign) in script
                .text()
                .char_indices()
                .filter(|(_, sign)| *sign != '\n')
            {
                let place = script.place(at..at + sign.len_utf8());
                assert_eq!(
                    source.slice(place),
                    sign.to_string(),
                    "{} of {:?}",
                    at,
                    script.text()
                );
            }
        }
    }
}
