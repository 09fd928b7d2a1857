//! Labels of the schema say something.

use dockerfile::Severity;

use super::labels::{CONFIGURE, labels};
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3051",
    summary: "Label is empty",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "A label that must be there and is empty tells nothing. Looked at are the labels of the schema.",
        bad: r#"FROM debian:bookworm
LABEL title=""
"#,
        good: "FROM debian:bookworm\nLABEL title=App\n",
        configure: Some(CONFIGURE),
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let schema = &file.options.label_schema;
    let empty =
        labels(file).filter(|label| label.value.is_empty() && schema.contains_key(&label.name));
    empty
        .map(|label| {
            let place = label.pair.name.span.to(label.pair.value.span);
            let message = format!("label `{}` is empty.", label.name);
            label.seen.found(place, message)
        })
        .collect()
}
