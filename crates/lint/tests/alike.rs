//! Where hadolint's exact behaviour is wanted, `RUN`s are read as hadolint 2.15.1 reads them. `alike/commands.txt` has what it
//! finds in them by its rules about commands: the codes, a tab, the instruction.

use dockerfile::{Source, parse};
use lint::{Facts, Options, Settings};

/// The rules.
const RULES: [&str; 31] = [
    "DL3001", "DL3003", "DL3004", "DL3008", "DL3009", "DL3013", "DL3014", "DL3015", "DL3016",
    "DL3018", "DL3019", "DL3027", "DL3028", "DL3030", "DL3032", "DL3033", "DL3034", "DL3035",
    "DL3036", "DL3037", "DL3038", "DL3040", "DL3041", "DL3042", "DL3046", "DL3047", "DL3060",
    "DL3062", "DL4001", "DL4005", "DL4006",
];

#[test]
fn commands_are_judged_as_hadolint_does() {
    let options = Options {
        compatible: true,
        ..Options::default()
    };
    for line in include_str!("alike/commands.txt").lines() {
        let (expected, run) = line.split_once('\t').expect("there is a tab");
        let source = Source::new("Dockerfile", format!("FROM debian:12\n{run}\n"));
        let parsed = parse(&source);
        let facts = Facts::default();
        let findings = lint::lint(&source, &parsed, &Settings::default(), &options, &facts);
        let codes = findings.iter().map(|finding| finding.rule.name);
        let mut codes: Vec<&str> = codes.filter(|code| RULES.contains(code)).collect();
        codes.sort_unstable();
        let found = if codes.is_empty() {
            "-".to_owned()
        } else {
            codes.join(" ")
        };
        assert_eq!(found, expected, "{run}");
    }
}
