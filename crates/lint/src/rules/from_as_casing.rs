//! `FROM` and `AS` are both in capitals or both in small letters.

use dockerfile::Severity;
use dockerfile::ast::Stage;

use crate::rule::{File, Finding, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "FromAsCasing",
    summary: "The 'as' keyword should match the case of the 'from' keyword",
    severity: Severity::Style,
    experimental: false,
    find,
};

fn find(file: &File<'_>) -> Vec<Finding> {
    file.dockerfile.stages.iter().filter_map(finding).collect()
}

fn finding(stage: &Stage) -> Option<Finding> {
    let (from, keyword) = (&stage.keyword.text, stage.as_keyword.as_ref()?);
    let wanted = if is_upper(from) { "AS" } else { "as" };
    // A `From` in mixed case is no style that AS could follow: another rule is about that.
    if keyword.text == wanted || !(is_upper(from) || is_lower(from)) {
        return None;
    }
    Some(Finding {
        span: keyword.span,
        message: format!(
            "'{}' and '{from}' keywords' casing do not match",
            keyword.text
        ),
        help: Some(format!("write {wanted}")),
    })
}

fn is_upper(keyword: &str) -> bool {
    keyword.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_lower(keyword: &str) -> bool {
    keyword.bytes().all(|byte| byte.is_ascii_lowercase())
}
