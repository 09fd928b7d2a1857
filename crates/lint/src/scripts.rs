//! The scripts in a file, for programs that look at shell scripts.

use std::collections::BTreeSet;

use dockerfile::{Parsed, Severity, Source, Span};

use crate::runs::runs;
use crate::shell::Script;

/// Variables that a build has without any `ARG`: the predefined ones of the Dockerfile reference, but those of SOCKS.
pub const PROXIES: [&str; 8] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// What a `RUN` gives to a shell.
#[derive(Clone, Debug)]
pub struct ShellScript {
    /// The `RUN`, or the `ONBUILD` around it.
    pub instruction: Span,
    /// The program that it is for: `/bin/sh`, what `SHELL` names, or the script's first line.
    pub shell: String,
    /// `ARG` and `ENV` above it.
    pub variables: BTreeSet<String>,
    /// The text, which knows where it stands.
    pub script: Script,
}

/// Something that another program found.
#[derive(Clone, Copy, Debug)]
pub struct Outside<'a> {
    /// Its name for that: `SC2086`.
    pub code: &'a str,
    /// How bad it is to that program.
    pub severity: Severity,
    /// The instruction.
    pub instruction: Span,
}

/// The scripts of all `RUN`s in shell form whose shell is one that can be read.
pub fn scripts(source: &Source, parsed: &Parsed) -> Vec<ShellScript> {
    let file = &parsed.dockerfile;
    let steps = runs(source, file).into_iter();
    let scripts = steps.filter_map(|step| {
        step.script.as_ref()?;
        let script = Script::of_run(source, step.run, file.directives.escape)?;
        let named = script.interpreter().map(str::to_owned);
        Some(ShellScript {
            instruction: step.instruction.span,
            shell: named.or_else(|| step.shell.first().cloned())?,
            variables: step.variables.as_ref().clone(),
            script,
        })
    });
    scripts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Settings, judge};
    use dockerfile::parse;

    #[test]
    fn shells_and_variables_are_known() {
        let text = "FROM a AS b\nARG X\nRUN one\nSHELL [\"/bin/bash\", \"-c\"]\nENV Y=1\nRUN [\"exec\"]\n\
                    ONBUILD RUN two\nRUN <<E\n#!/bin/ksh\nthree\nE\nFROM b\nRUN four\nSHELL [\"pwsh\"]\nRUN five\n";
        let source = Source::new("Dockerfile", text);
        let scripts = scripts(&source, &parse(&source));
        let shown: Vec<String> = scripts
            .iter()
            .map(|script| {
                let names: Vec<&str> = script.variables.iter().map(String::as_str).collect();
                let last = script.script.text().lines().last().unwrap_or_default();
                format!("{} {} {last}", script.shell, names.join(","))
            })
            .collect();
        assert_eq!(
            shown,
            [
                "/bin/sh X one",
                "/bin/bash X,Y two",
                "ksh X,Y three",
                "/bin/bash X,Y four"
            ]
        );
    }

    #[test]
    fn settings_and_comments_hold_for_what_others_find() {
        let text = "FROM a\n# hadolint ignore=SC1\nRUN a\nRUN b\n# check=error=true\nRUN c\n";
        let source = Source::new("Dockerfile", text);
        let parsed = parse(&source);
        let mut options = Options::new();
        options.ignored.push("SC2".to_owned());
        options
            .severities
            .insert("SC3".to_owned(), Some(Severity::Style));
        let stage = &parsed.dockerfile.stages[0];
        let of = |code, nth: usize| Outside {
            code,
            severity: Severity::Info,
            instruction: stage.instructions[nth].span,
        };
        let found = [
            of("SC1", 0),
            of("SC1", 1),
            of("SC2", 1),
            of("SC3", 1),
            of("SC1", 2),
        ];
        let severities = judge(&source, &parsed, &Settings::default(), &options, &found);
        let (info, style, error) = (Severity::Info, Severity::Style, Severity::Error);
        assert_eq!(
            severities,
            [None, Some(info), None, Some(style), Some(error)]
        );
    }
}
