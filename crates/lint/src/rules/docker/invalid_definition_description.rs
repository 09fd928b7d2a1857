//! A comment right above a stage or an `ARG` describes it.

use dockerfile::Severity;
use dockerfile::Span;
use dockerfile::ast::Kind;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "InvalidDefinitionDescription",
    summary: "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.",
    severity: Severity::Style,
    set: Set::Docker,
    activation: Activation::Experimental,
    fix: None,
    twins: &[],
    page: Page {
        why: "A comment right above a stage or an `ARG` is shown as its description by `build --call=targets` and `--call=outline`, if it begins with the name. One that does not is either a description with a slip in it, or should stand apart.",
        bad: "# the compiler
FROM debian:stable AS builder
# which one
ARG VERSION=1
",
        good: "# builder has the compiler
FROM debian:stable AS builder
# VERSION of the compiler
ARG VERSION=1

# Everything below needs the network.

ARG MIRROR
",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for stage in &file.dockerfile.stages {
        if let Some(name) = &stage.name {
            found.extend(check(file, ("FROM", stage.span), &[&name.text]));
        }
    }
    for instruction in file.instructions() {
        if let Kind::Arg(args) = &instruction.kind {
            let names: Vec<&str> = args.iter().map(|arg| arg.name.text.as_str()).collect();
            found.extend(check(file, ("ARG", instruction.span), &names));
        }
    }
    found
}

fn check(file: &File<'_>, (keyword, place): (&str, Span), names: &[&str]) -> Option<Found> {
    let comments = file.comments_above(place);
    let word = comments.last()?.split(' ').next().unwrap_or_default();
    if names.contains(&word) {
        return None;
    }
    let example = match names {
        [name] => name,
        _ => "<arg_key>",
    };
    let message =
        format!("Comment for {keyword} should follow the format: `# {example} <description>`");
    Some(Found::new(place, place, message).help("or put an empty line below the comment"))
}
