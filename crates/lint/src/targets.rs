//! The stages of a file, as targets that can be built.

use dockerfile::{Parsed, Source, Span};

use crate::Facts;
use crate::file::File;

/// A stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// What the comment above it says: `# name description`.
    pub description: Option<String>,
    /// Whether it is built when no target is named.
    pub is_default: bool,
    /// Its base, as written.
    pub base: String,
    /// Its platform, as written.
    pub platform: Option<String>,
    /// Its `FROM`.
    pub place: Span,
}

/// The stages of a file, in the order of the text.
pub fn targets(source: &Source, parsed: &Parsed) -> Vec<Target> {
    let facts = Facts::default();
    let file = File::new(source, parsed, &facts, &crate::options::DEFAULT);
    let stages = &parsed.dockerfile.stages;
    let target = |(index, stage): (usize, &dockerfile::ast::Stage)| Target {
        name: stage.name.as_ref().map(|name| name.text.clone()),
        description: { stage.name.as_ref() }
            .and_then(|name| describe(&file, &name.text, stage.span)),
        is_default: index + 1 == stages.len(),
        base: stage.base.text.clone(),
        platform: stage.platform.as_ref().map(|word| word.text.clone()),
        place: stage.span,
    };
    stages.iter().enumerate().map(target).collect()
}

/// What the comments above a place say of a name: the first that begins with it.
pub(crate) fn describe(file: &File<'_>, name: &str, place: Span) -> Option<String> {
    file.comments_above(place).into_iter().find_map(|comment| {
        let text = comment.strip_prefix(name)?.strip_prefix(' ')?;
        Some(text.to_owned())
    })
}
