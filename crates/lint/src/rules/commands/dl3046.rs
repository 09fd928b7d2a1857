//! A high user ID makes a huge file of few bytes.

use dockerfile::Severity;

use super::looking::in_programs;
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3046",
    summary: "`useradd` without flag `-l` and high UID will result in excessively large Image.",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "`useradd` writes to `/var/log/lastlog` and `faillog` at a place that the user ID gives. The files are sparse, but layers are not: with an ID of ten digits they are gigabytes. `-l` (`--no-log-init`) leaves them alone. An ID of more than five digits is found; one that is a variable only where hadolint's exact behaviour is wanted, which counts its signs.",
        bad: "FROM debian:bookworm\nRUN useradd -u 1234567 worker\n",
        good: "FROM debian:bookworm\nRUN useradd -l -u 1234567 worker\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    in_programs(file, |run, program| {
        let is_high = match file.options.compatible {
            true => is_long(program),
            false => has_high_id(program),
        };
        if !program.is(&["useradd"]) || !is_high || program.has_flag(&["l", "no-log-init"]) {
            return None;
        }
        let edit = Edit::insert(program.name.span.end, " -l");
        let found =
            Found::new(run.instruction.span, program.span, RULE.summary).help("write `useradd -l`");
        Some(found.fix(run.fix_of(program, Fix::safe("add -l", [edit]))))
    })
}

/// For hadolint, an ID is high that has more than five signs.
fn is_long(program: &Invocation) -> bool {
    let pairs = program.arguments.windows(2);
    let is_id = |flag: &str| flag.starts_with('-') && !flag.starts_with("--") && flag.contains('u');
    pairs.into_iter().any(|pair| {
        is_id(&pair[0].text) && !pair[0].text.contains('=') && pair[1].text.chars().count() > 5
    })
}

fn has_high_id(program: &Invocation) -> bool {
    let mut words = program.arguments.iter().map(|word| word.text.as_str());
    let mut id = None;
    while let Some(word) = words.next() {
        id = match word {
            "--uid" => words.next(),
            _ if word.starts_with("--uid=") => word.strip_prefix("--uid="),
            _ if word.starts_with("--") || !word.starts_with('-') => None,
            _ => match word.split_once('u') {
                Some((_, "")) => words.next(),
                Some((_, id)) => Some(id),
                None => None,
            },
        }
        .or(id);
    }
    let id = id.and_then(|id| id.parse::<u64>().ok());
    id.is_some_and(|id| id >= 100_000)
}
