//! What all of ShellCheck's rules find in the scripts of a file.

use std::collections::HashMap;

use dockerfile::Severity;

use super::scene::Scene;
use super::{CHECKS, bashisms, compatible, hidden, sc2154};
use crate::file::File;
use crate::rule::{Found, Rule};
use crate::shell::ast::Node;
use crate::shell::walk::walk;

/// Something that a rule found.
#[derive(Debug)]
pub(crate) struct Reported {
    /// The rule's name.
    pub(crate) rule: &'static str,
    /// How bad it is.
    severity: Severity,
    /// What it is.
    pub(crate) found: Found,
}

/// What is found in one script.
#[derive(Debug, Default)]
pub(super) struct Report {
    found: Vec<Reported>,
}

/// Looks at a node, the nodes around which come first.
pub(super) type NodeCheck = fn(&Scene<'_>, &[Node<'_>], Node<'_>, &mut Report);

impl Report {
    /// Notes something.
    pub(super) fn push(&mut self, rule: &Rule, found: Found) {
        self.found.push(Reported {
            rule: rule.name,
            severity: found.severity.unwrap_or(rule.severity),
            found,
        });
    }

    /// Notes something that no rule of ours shows.
    pub(super) fn push_hidden(&mut self, rule: &'static str, severity: Severity, found: Found) {
        self.found.push(Reported {
            rule,
            severity,
            found,
        });
    }
}

/// What one rule finds in a file.
pub(super) fn of(file: &File<'_>, rule: &str) -> Vec<Found> {
    let found = file.in_scripts().iter().filter(|one| one.rule == rule);
    found.map(|one| one.found.clone()).collect()
}

/// What all of them find in a file, in the order of the text.
///
/// hadolint 2.15.1 shows one finding of ShellCheck for each `RUN`: the last one. So it is where its exact behaviour is
/// wanted.
pub(crate) fn report(file: &File<'_>) -> Vec<Reported> {
    let mut all = Vec::new();
    let grounds = match file.options.compatible {
        true => compatible::grounds(file),
        false => HashMap::new(),
    };
    for step in file.runs() {
        let ground = grounds.get(&step.instruction.span.start);
        let reread = ground.and_then(|ground| compatible::reread(file, step, ground));
        let Some(scene) = Scene::of(file, step, ground, reread.as_ref()) else {
            continue;
        };
        let mut report = Report::default();
        walk(scene.parsed, &mut |trail, node| {
            CHECKS
                .iter()
                .for_each(|look| look(&scene, trail, node, &mut report));
            if scene.is_compatible {
                hidden::look(&scene, trail, node, &mut report);
            }
        });
        sc2154::look(&scene, &mut report);
        bashisms::look_at_extensions(&scene, &mut report);
        let mut found = report.found;
        found.retain(|one| !scene.is_switched_off(one.rule, one.found.place));
        found.sort_by_key(order);
        found.dedup_by_key(|one| (one.rule, one.found.place));
        if scene.is_compatible {
            all.extend(found.pop());
        } else {
            all.append(&mut found);
        }
    }
    all
}

/// The order in which ShellCheck has them.
fn order(reported: &Reported) -> (u32, u8, &'static str) {
    let severity = match reported.severity {
        Severity::Error => 0,
        Severity::Warning => 1,
        Severity::Info => 2,
        Severity::Style => 3,
    };
    (reported.found.place.start, severity, reported.rule)
}

#[cfg(test)]
mod tests {
    use dockerfile::{Source, parse};

    use crate::{Facts, Options, Settings};

    /// The rules of ShellCheck that find something, with the lines, in compatible mode.
    fn found(text: &str) -> Vec<(u32, &'static str)> {
        let source = Source::new("Dockerfile", text);
        let parsed = parse(&source);
        let options = Options {
            compatible: true,
            ..Options::default()
        };
        let settings = Settings::default();
        let findings = crate::lint(&source, &parsed, &settings, &options, &Facts::default());
        let findings = findings
            .iter()
            .filter(|one| one.rule.name.starts_with("SC"));
        findings
            .map(|one| (source.line(one.instruction.start), one.rule.name))
            .collect()
    }

    #[test]
    fn hadolint_shows_the_last_finding_of_a_run() {
        for (run, code) in [
            ("cd /a; x=`b`; echo $y", Some("SC2086")),
            ("echo $y; cd /a; x=`b`", Some("SC2006")),
            ("x=`b`; cd /a", Some("SC2164")),
            ("echo \"$y\" $x", Some("SC2086")),
            // Something else is the last, which no rule of ours shows.
            ("echo $y; rm *.deb", None),
            ("echo $y; make 2>&1 > /log", None),
        ] {
            let found = found(&format!("FROM a\nRUN {run}\n"));
            let expected: Vec<_> = code.into_iter().map(|code| (2, code)).collect();
            assert_eq!(found, expected, "{run}");
        }
    }

    #[test]
    fn hadolint_forgets_the_shell_at_an_argument() {
        let text = "FROM a\nSHELL [\"/bin/bash\", \"-c\"]\nRUN [[ -f /a ]]\nARG x\nRUN [[ -f /a ]]\n\
                    SHELL [\"/bin/bash\", \"-c\"]\nRUN [[ -f /a ]]\n";
        assert_eq!(found(text), [(5, "SC3010")]);
        let text = "FROM a\nENV x=1\nONBUILD RUN echo $x\nONBUILD ENV y=1\nONBUILD RUN echo $y\nRUN echo $y\n";
        assert_eq!(found(text), [(3, "SC2086"), (6, "SC2086")]);
    }

    #[test]
    fn without_it_all_are_shown() {
        let source = Source::new("Dockerfile", "FROM a\nRUN cd /a; x=`b`; echo $y\n");
        let parsed = parse(&source);
        let settings = Settings::default();
        let findings = crate::lint(
            &source,
            &parsed,
            &settings,
            &Options::default(),
            &Facts::default(),
        );
        let of_shell = findings
            .iter()
            .filter(|one| one.rule.name.starts_with("SC"));
        let names: Vec<_> = of_shell.map(|one| one.rule.name).collect();
        assert_eq!(names, ["SC2164", "SC2006", "SC2086", "SC2154"]);
    }
}
