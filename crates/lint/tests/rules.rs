//! Every rule has a page in `docs/lint`, and a Dockerfile below `fixtures` that breaks it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dockerfile::ignore::Patterns;
use dockerfile::{Parsed, Severity, Source, Variables, parse};
use lint::{
    Activation, Base, Context, ContextEntry, Facts, Finding, LabelType, Mismatch, Names, Options,
    Rule, Safety, Set, Settings,
};

/// How many rules say how to mend what they find.
const FIXABLE_AT_LEAST: usize = 87;

/// Rules about what a build refuses anyway: their fixtures cannot be without errors.
const ABOUT_ERRORS: [&str; 2] = ["DL3043", "DL3061"];

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
        names: Names {
            is_image: |text| !text.is_empty() && !text.ends_with(':'),
            ..Names::default()
        },
        ..Facts::default()
    }
}

/// The settings under which the rules' examples are looked at: what needs a setting has one.
fn options() -> Options {
    let schema = [
        ("maintainer", LabelType::Email),
        ("created", LabelType::Rfc3339),
        ("version", LabelType::Semver),
        ("documentation", LabelType::Url),
        ("git-revision", LabelType::Hash),
        ("license", LabelType::Spdx),
        ("title", LabelType::Text),
        ("org.opencontainers.image.authors", LabelType::Text),
    ];
    let off = lint::rules().filter(|rule| rule.activation == Activation::Off);
    Options {
        severities: off
            .map(|rule| (rule.name.to_owned(), Some(rule.severity)))
            .collect(),
        trusted_registries: vec!["docker.io".to_owned(), "*.example.com".to_owned()],
        label_schema: schema.map(|(name, of)| (name.to_owned(), of)).into(),
        strict_labels: true,
        ..Options::default()
    }
}

/// What one rule finds in a text, also where a twin of it would speak in its place.
fn found(rule: &Rule, source: &Source, ignore: &Patterns, options: &Options) -> Vec<Finding> {
    let mut options = options.clone();
    let twins = rule.twins.iter().map(|twin| ((*twin).to_owned(), None));
    options.severities.extend(twins);
    let mut findings = all_found(source, ignore, &options);
    findings.retain(|finding| finding.rule.name == rule.name);
    findings
}

/// What all rules find in a text. Together with others Docker's checks are silent where a twin of theirs finds the same:
/// they are asked by themselves.
fn all_found(source: &Source, ignore: &Patterns, options: &Options) -> Vec<Finding> {
    let parsed = parse(source);
    let settings = Settings::parse("experimental=all").expect("it is an option");
    let context = Context {
        ignore_file: source
            .text()
            .contains("# with .dockerignore")
            .then(|| ".dockerignore".to_owned()),
        entries: context_entries(source.text()),
    };
    let facts = Facts {
        ignore: Some(ignore),
        context: Some(context),
        ..facts(&parsed)
    };
    let mut findings = lint::lint(source, &parsed, &settings, options, &facts);
    findings.retain(|finding| finding.rule.set != Set::Docker);
    findings.extend(lint::check(source, &parsed, &settings, &facts));
    findings
}

/// Lines `# context: NAME BYTES FILES` of an example say what is in its context; a name of a directory ends in `/`.
fn context_entries(text: &str) -> Vec<ContextEntry> {
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("# context: "));
    lines
        .map(|line| {
            let mut words = line.split(' ');
            let mut next = || words.next().expect("the line has three words");
            let (name, bytes, files) = (next(), next(), next());
            ContextEntry {
                is_directory: name.ends_with('/'),
                name: name.trim_end_matches('/').to_owned(),
                bytes: bytes.parse().expect("it is a number"),
                files: files.parse().expect("it is a number"),
            }
        })
        .collect()
}

fn ignore_of(rule: &Rule) -> Patterns {
    let path = folder("tests/fixtures").join(rule.name).join("ignore");
    Patterns::parse(&std::fs::read_to_string(path).unwrap_or_default())
        .expect("the patterns are right")
}

/// `UPDATE_PAGES=1 cargo test -p lint` writes them.
#[test]
fn every_rule_has_its_page() {
    for rule in lint::rules() {
        let path = folder("../../docs/lint").join(format!("{}.md", rule.name));
        if std::env::var_os("UPDATE_PAGES").is_some() {
            std::fs::write(&path, lint::page(rule)).expect("the page can be written");
        }
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            page == lint::page(rule),
            "{}: UPDATE_PAGES=1 writes its page",
            rule.name
        );
    }
}

#[test]
fn every_page_has_a_rule() {
    for entry in std::fs::read_dir(folder("../../docs/lint")).expect("the pages are there") {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("names are plain");
        let is_about_all = ["README", "hadolint"].contains(&name);
        assert!(
            is_about_all || lint::rules().any(|rule| rule.name == name),
            "{name}"
        );
    }
}

#[test]
fn every_page_shows_what_breaks_the_rule_and_what_does_not() {
    for rule in lint::rules() {
        // What an image or a context must be told about has its fixture.
        let is_told = |text: &str| text.starts_with("# with ") || text.starts_with("# an image ");
        if is_told(rule.page.bad) {
            continue;
        }
        let look = |text| {
            found(
                rule,
                &Source::new("Dockerfile", text),
                &ignore_of(rule),
                &options(),
            )
        };
        assert!(
            !look(rule.page.bad).is_empty(),
            "{}: the bad example is found",
            rule.name
        );
        let good = look(rule.page.good);
        assert!(
            good.is_empty(),
            "{}: the good example is let pass: {good:?}",
            rule.name
        );
    }
}

#[test]
fn every_rule_finds_what_its_fixture_breaks() {
    for rule in lint::rules() {
        let source = fixture(rule.name);
        let is_refused = !parse(&source).diagnostics.is_empty();
        let is_about_errors = ABOUT_ERRORS.contains(&rule.name);
        assert_eq!(is_refused, is_about_errors, "{}", rule.name);
        let findings = found(rule, &source, &ignore_of(rule), &options());
        let lines: Vec<String> = findings
            .iter()
            .map(|finding| shown(finding, &source))
            .collect();
        assert!(!lines.is_empty(), "{}", rule.name);
        snapshot(rule, "expected", &lines.join("\n"));
    }
}

fn shown(finding: &Finding, source: &Source) -> String {
    let (first, last) = source.lines_of(finding.instruction);
    let found = &finding.diagnostic;
    let place = source.slice(found.span);
    let help = found.help.as_deref().unwrap_or_default();
    let (severity, message) = (found.severity, &found.message);
    format!("{first}-{last} {place:?}: {severity}: {message} ({help})")
}

fn snapshot(rule: &Rule, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder("tests/fixtures").join(rule.name));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// All fixes of a rule in a text, as often as there are some.
fn mended(rule: &Rule, source: &Source, safety: Safety) -> Source {
    let (ignore, options) = (ignore_of(rule), options());
    let mut source = source.clone();
    for _ in 0..20 {
        let fixed = lint::apply(&source, &found(rule, &source, &ignore, &options), safety);
        if fixed.count == 0 {
            return source;
        }
        source = Source::new("Dockerfile", fixed.text);
    }
    panic!("{}: its fixes have no end", rule.name);
}

/// Whatever a fix was offered for is gone afterwards, the text is a Dockerfile still, and nothing else is found in it.
#[test]
fn fixes_mend_what_was_found() {
    let mut count = 0;
    for rule in lint::rules() {
        let source = fixture(rule.name);
        let findings = found(rule, &source, &ignore_of(rule), &options());
        assert_eq!(best_fix(&findings), rule.fix, "{}: its best fix", rule.name);
        let with_fix = findings
            .iter()
            .filter(|finding| finding.fix.is_some())
            .count();
        if with_fix == 0 {
            continue;
        }
        count += 1;
        let mended = mended(rule, &source, Safety::Unsafe);
        assert_eq!(parse(&mended).diagnostics, [], "{}", rule.name);
        let left = found(rule, &mended, &ignore_of(rule), &options());
        assert!(
            left.iter().all(|finding| finding.fix.is_none()),
            "{}: {left:?}",
            rule.name
        );
        assert!(
            left.len() <= findings.len() - with_fix,
            "{}: {left:?}",
            rule.name
        );
        let grown = grown(rule, &source, &mended);
        assert!(
            grown.is_empty(),
            "{}: its fixes make others find more: {grown:?}",
            rule.name
        );
        snapshot(rule, "mended", mended.text());
    }
    assert!(count >= FIXABLE_AT_LEAST, "{count} rules have fixes");
}

fn best_fix(findings: &[Finding]) -> Option<Safety> {
    let fixes = findings.iter().filter_map(|finding| finding.fix.as_ref());
    let safe: Vec<bool> = fixes.map(|fix| fix.safety == Safety::Safe).collect();
    match (safe.is_empty(), safe.contains(&true)) {
        (true, _) => None,
        (false, true) => Some(Safety::Safe),
        (false, false) => Some(Safety::Unsafe),
    }
}

/// Rules that find more in one text than in another, and how much they do, but for those that are off by themselves.
fn grown(rule: &Rule, before: &Source, after: &Source) -> Vec<(&'static str, (usize, usize))> {
    let (ignore, options) = (ignore_of(rule), options());
    let counts = |source: &Source| {
        let mut counts = BTreeMap::new();
        let found = all_found(source, &ignore, &options).into_iter();
        for finding in found.filter(|finding| finding.rule.activation != Activation::Off) {
            *counts.entry(finding.rule.name).or_insert(0) += 1;
        }
        counts
    };
    let (before, after) = (counts(before), counts(after));
    let rules = after.into_iter().map(|(name, after)| {
        let before = before.get(name).copied().unwrap_or_default();
        (name, (before, after))
    });
    rules
        .filter(|(_, (before, after))| after > before)
        .collect()
}

#[test]
fn twins_say_it_once() {
    let text = "FROM debian AS a\nFROM debian AS a\nCMD [\"x\"]\nCMD [\"y\"]\nMAINTAINER m\n";
    let source = Source::new("Dockerfile", text);
    let parsed = parse(&source);
    let findings = lint::lint(
        &source,
        &parsed,
        &Settings::default(),
        &Options::default(),
        &Facts::default(),
    );
    let about = |finding: &&Finding| !["DL3006", "UnusedStage"].contains(&finding.rule.name);
    let names = findings.iter().filter(about).map(|f| f.rule.name);
    assert_eq!(names.collect::<Vec<_>>(), ["DL3024", "DL4003", "DL4000"]);
}

#[test]
fn names_are_in_order() {
    let names: Vec<(String, &str)> = lint::rules()
        .map(|rule| (format!("{:?}", rule.set), rule.name))
        .collect();
    // carafe has two lists: about stages, and about security.
    for (set, lists) in [("Docker", 1), ("ShellCheck", 1), ("Carafe", 2)] {
        let of_set: Vec<_> = names.iter().filter(|(of, _)| of == set).collect();
        let descents = of_set.windows(2).filter(|pair| pair[0] >= pair[1]);
        assert!(descents.count() < lists, "{of_set:?}");
    }
    let mut all: Vec<&str> = names.iter().map(|(_, name)| *name).collect();
    all.sort_unstable();
    assert!(
        all.windows(2).all(|pair| pair[0] != pair[1]),
        "each name is there once"
    );
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

/// Of ShellCheck's findings in a `RUN` hadolint tells the last one, or none if that is ignored.
#[test]
fn hadolint_tells_one_finding_of_shellcheck_for_each_instruction() {
    let text = "FROM scratch\nRUN echo $a; \\\n cd /x; echo $b\nRUN echo $a\n";
    let source = Source::new("Dockerfile", text);
    let parsed = parse(&source);
    let places = |options: &Options| {
        let facts = Facts::default();
        let findings = lint::lint(&source, &parsed, &Settings::default(), options, &facts);
        let of_shellcheck = findings
            .iter()
            .filter(|f| f.rule.set == lint::Set::ShellCheck);
        of_shellcheck
            .map(|f| source.line(f.instruction.start))
            .collect::<Vec<_>>()
    };
    let mut options = Options {
        compatible: true,
        ..Options::default()
    };
    let lines = places(&options);
    assert!(lines.windows(2).all(|pair| pair[0] < pair[1]), "{lines:?}");
    options.ignored = lint::rules().map(|rule| rule.name.to_owned()).collect();
    assert_eq!(places(&options), [0; 0]);
}
