//! A variable is not used where it is defined.

use std::collections::{HashMap, HashSet};

use dockerfile::Severity;
use dockerfile::Variables;
use dockerfile::ast::Kind;
use dockerfile::ast::Pair;

use super::definitions::Definitions;
use super::seen::{Seen, with_triggers};
use super::words::unquoted;
use crate::analysis::{Reading, used};
use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::edits::has_comment;

pub(crate) const RULE: Rule = Rule {
    name: "DL3044",
    summary: "Do not refer to an environment variable within the same `ENV` statement where it is defined",
    severity: Severity::Error,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "All values of an `ENV` see the variables from before it: `ENV A=1 B=$A` sets `B` to what `A` was before, which is mostly nothing. Let pass is what the stage or one that it stands on has defined before (with `ENV` or `ARG`), what the base image is known to define, and `PATH`, which every image has: there the old value is meant. A variable in its own value is let pass for the same reason. Single quotes and a backslash keep the sign from meaning anything.",
        bad: "FROM debian:bookworm\nENV VERSION=1.2 URL=https://example.com/$VERSION\n",
        good: "FROM debian:bookworm\nENV VERSION=1.2\nENV URL=https://example.com/$VERSION\n",
        configure: None,
    },
    find,
};

const MESSAGE: &str =
    "Do not refer to an environment variable within the same `ENV` statement where it is defined.";

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut definitions = Definitions::none(file);
    for seen in with_triggers(file) {
        if seen.is_trigger() && file.options.compatible {
            continue;
        }
        if let Kind::Env(pairs) = seen.kind() {
            let wrong = wrong(file, pairs, |name| definitions.has(seen.stage, name));
            // hadolint says it once.
            let count = if file.options.compatible {
                1
            } else {
                usize::MAX
            };
            found.extend(wrong.into_iter().take(count).map(|(index, is_before)| {
                let fix = is_before.then(|| fix(file, seen, pairs, index)).flatten();
                seen.found(pairs[index].value.span, MESSAGE)
                    .help("put it into an ENV of its own below")
                    .fix(fix)
            }));
        }
        if !seen.is_trigger() {
            definitions.add(seen);
        }
    }
    found
}

/// The pairs that use a variable of another pair, and whether that one is before them.
fn wrong(file: &File<'_>, pairs: &[Pair], is_defined: impl Fn(&str) -> bool) -> Vec<(usize, bool)> {
    let escape = file.dockerfile.directives.escape;
    let names: Vec<String> = pairs
        .iter()
        .map(|pair| unquoted(&pair.name.text, escape))
        .collect();
    let mut first: HashMap<&str, usize> = HashMap::new();
    let mut last: HashMap<&str, usize> = HashMap::new();
    for (index, name) in names.iter().enumerate() {
        first.entry(name).or_insert(index);
        last.insert(name, index);
    }
    let mut found = Vec::new();
    for (index, pair) in pairs.iter().enumerate() {
        let used = names_in(file, &pair.value.text);
        let of_others = used.iter().filter_map(|name| {
            let (first, last) = (*first.get(name.as_str())?, *last.get(name.as_str())?);
            let is_other = first != index || last != index;
            (is_other && !is_defined(name)).then_some(first < index)
        });
        if let Some(is_before) = of_others.reduce(|one, other| one || other) {
            found.push((index, is_before));
        }
    }
    found
}

/// The variables that a value uses. hadolint knows no quotes, and nothing but `$NAME` and `${NAME}`.
fn names_in(file: &File<'_>, value: &str) -> HashSet<String> {
    if !file.options.compatible {
        let reading = Reading::Word(file.dockerfile.directives.escape);
        return used(value, reading, &Variables::default())
            .unset
            .into_iter()
            .collect();
    }
    let is_of_name = |sign: char| sign == '_' || sign.is_ascii_alphanumeric();
    let uses = value.match_indices('$').filter_map(|(at, _)| {
        let rest = &value[at + 1..];
        let (rest, is_braced) = rest
            .strip_prefix('{')
            .map_or((rest, false), |rest| (rest, true));
        let end = rest.find(|sign| !is_of_name(sign)).unwrap_or(rest.len());
        (!is_braced || rest[end..].starts_with('}')).then(|| rest[..end].to_owned())
    });
    uses.collect()
}

/// Begins another `ENV` before the pair.
fn fix(file: &File<'_>, seen: Seen<'_>, pairs: &[Pair], index: usize) -> Option<Fix> {
    let before = pairs.get(index.checked_sub(1)?)?;
    let place = dockerfile::Span::new(before.value.span.end, pairs[index].name.span.start);
    if has_comment(file, place) || place.is_empty() {
        return None;
    }
    let mut keywords = seen.instruction.keyword.text.clone();
    if seen.is_trigger() {
        keywords = format!("{} {keywords}", seen.outer.keyword.text);
    }
    let edit = Edit::replace(place, format!("\n{keywords} "));
    Some(Fix::guess("begin another ENV", [edit]))
}
