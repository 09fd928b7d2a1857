//! Patterns of `.dockerignore` files and of `--exclude`.

/// An ordered list of patterns: the last one that matches a path decides.
///
/// A tree walker asks with the state of the directory it is in, since a directory that a pattern
/// matches hands the match down to everything below:
///
/// ```
/// let patterns = dockerfile::ignore::Patterns::parse("target\n!target/keep")?;
/// let root = patterns.root();
/// let (ignored, target) = patterns.enter(&root, "target");
/// assert!(ignored && patterns.may_contain_exceptions("target"));
/// assert!(patterns.ignores(&target, "target/debug"));
/// assert!(!patterns.ignores(&target, "target/keep"));
/// # Ok::<(), dockerfile::ignore::IgnoreError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {}

/// What is known of a directory: which patterns match it or a directory above it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirState {}

/// A pattern that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IgnoreError {
    /// A `!` without a pattern.
    #[error("line {line}: `!` without a pattern behind it")]
    LoneExclamation {
        /// The line, or the number of the pattern, from 1.
        line: usize,
    },
    /// A bracket is not closed, or the like.
    #[error("line {line}: syntax error in pattern `{pattern}`")]
    BadPattern {
        /// The line, or the number of the pattern, from 1.
        line: usize,
        /// The pattern.
        pattern: String,
    },
}

impl Patterns {
    /// Reads a `.dockerignore` file.
    pub fn parse(_text: &str) -> Result<Self, IgnoreError> {
        Ok(Self {})
    }

    /// Patterns that stand for themselves (`--exclude`).
    pub fn new<'a>(_patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, IgnoreError> {
        Ok(Self {})
    }

    /// Whether there is no pattern at all.
    pub fn is_empty(&self) -> bool {
        true
    }

    /// The state of the root directory, from which everything starts.
    pub fn root(&self) -> DirState {
        DirState {}
    }

    /// Whether the directory `path` (relative to the root, `/` between its parts) is ignored, and
    /// its state for what lies in it. `parent` is the state of the directory that holds it.
    pub fn enter(&self, _parent: &DirState, _path: impl AsRef<[u8]>) -> (bool, DirState) {
        (false, DirState {})
    }

    /// Whether `path` is ignored. `parent` is the state of the directory that holds it.
    pub fn ignores(&self, _parent: &DirState, _path: impl AsRef<[u8]>) -> bool {
        false
    }

    /// Whether `path` is ignored, walking down to it from the root.
    pub fn ignores_path(&self, _path: impl AsRef<[u8]>) -> bool {
        false
    }

    /// Whether something below an ignored directory could be taken back by a `!` pattern. If not,
    /// a walker need not enter it.
    pub fn may_contain_exceptions(&self, _directory: impl AsRef<[u8]>) -> bool {
        false
    }
}
