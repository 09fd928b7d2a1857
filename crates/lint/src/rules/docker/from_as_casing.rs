//! `FROM` and `AS` are both in capitals or both in small letters.

use dockerfile::Severity;
use dockerfile::ast::Stage;

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "FromAsCasing",
    summary: "The 'as' keyword should match the case of the 'from' keyword",
    severity: Severity::Style,
    set: Set::Docker,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "Docker reads keywords in any case. A file that mixes them is harder to read, and `as` between an image name and a stage name is easily overlooked.",
        bad: "FROM debian:stable as builder
from debian:stable AS runner
",
        good: "FROM debian:stable AS builder
from debian:stable as runner
",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    file.dockerfile.stages.iter().filter_map(found).collect()
}

fn found(stage: &Stage) -> Option<Found> {
    let (from, keyword) = (&stage.keyword.text, stage.as_keyword.as_ref()?);
    let wanted = if is_upper(from) { "AS" } else { "as" };
    // A `From` in mixed case is no style that AS could follow: another rule is about that.
    if keyword.text == wanted || !(is_upper(from) || is_lower(from)) {
        return None;
    }
    let message = format!(
        "'{}' and '{from}' keywords' casing do not match",
        keyword.text
    );
    let edit = Edit::replace(keyword.span, wanted);
    Some(
        Found::new(stage.span, keyword.span, message)
            .help(format!("write {wanted}"))
            .fix(Fix::safe(format!("write {wanted}"), [edit])),
    )
}

fn is_upper(keyword: &str) -> bool {
    keyword.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_lower(keyword: &str) -> bool {
    keyword.bytes().all(|byte| byte.is_ascii_lowercase())
}
