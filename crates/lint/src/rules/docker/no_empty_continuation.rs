//! No line between continued ones is empty.

use dockerfile::Severity;
use std::collections::BTreeMap;

use dockerfile::Span;

use crate::file::first_body;

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::rules::edits::whole_lines;

pub(crate) const RULE: Rule = Rule {
    name: "NoEmptyContinuation",
    summary: "Empty continuation lines will become errors in a future release",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "An empty line between continued ones is skipped today. Docker has announced that it will end the instruction.",
        bad: r#"FROM debian:stable
RUN make && \

    make install
"#,
        good: r#"FROM debian:stable
RUN make && \
    # a comment is fine
    make install
"#,
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    // Where the lines of each instruction end that are not a heredoc's, by where it starts.
    let stages = { file.dockerfile.stages.iter() }.map(|stage| (stage.span.start, stage.span.end));
    let others = file.instructions().map(|instruction| {
        let end = first_body(instruction).map(|body| body.start);
        let span = instruction.span;
        (span.start, end.map_or(span.end, |end| end.min(span.end)))
    });
    let mut ends: Vec<(u32, u32)> = stages.chain(others).collect();
    ends.sort_unstable();
    let mut found: BTreeMap<u32, (Found, Vec<Edit>)> = BTreeMap::new();
    for blank in &file.dockerfile.blank_continuations {
        // What is continued belongs to the instruction that it ends in; at the end of the file, to the last one.
        let around = ends.partition_point(|(_, end)| *end < blank.start);
        let Some(&(start, end)) = ends.get(around).or(ends.last()) else {
            continue;
        };
        let entry = found.entry(start).or_insert_with(|| {
            let found =
                Found::new(*blank, *blank, "Empty continuation line").help("take the line out");
            (found, Vec::new())
        });
        let edit = Edit::delete(whole_lines(file, *blank));
        // The last line of a file can be several places.
        if entry.1.last() != Some(&edit) {
            entry.1.push(edit);
        }
        // Docker gives the last line of the instruction.
        let last = file.floor(end.saturating_sub(1).max(blank.start));
        entry.0.instruction = Span::new(last, last);
    }
    let found = found.into_values();
    found
        .map(|(found, edits)| found.fix(Fix::safe("take the empty lines out", edits)))
        .collect()
}
