//! Prints what carafe's own rules find in the files that are named.

use dockerfile::{Source, parse};
use lint::{Facts, Options, Set, Settings};

fn main() {
    for path in std::env::args().skip(1) {
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let source = Source::new(&path, text);
        let parsed = parse(&source);
        for finding in lint::lint(
            &source,
            &parsed,
            &Settings::default(),
            &Options::default(),
            &Facts::default(),
        ) {
            if finding.rule.set != Set::Carafe {
                continue;
            }
            let found = &finding.diagnostic;
            println!(
                "{}\t{}\t{path}:{}\t{:?}\t{}",
                finding.rule.name,
                found.severity,
                source.line(found.span.start),
                source.slice(found.span),
                found.message
            );
        }
    }
}
