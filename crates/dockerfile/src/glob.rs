//! Wildcards of `COPY` and `ADD` sources: Go's `filepath.Match`.

/// A pattern that cannot be read: a bracket is not closed, a range is empty, or it ends in `\`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern `{0}`")]
pub struct BadPattern(pub String);

/// Whether the whole of `name` matches `pattern`. `*` and `?` do not match a `/`.
pub fn matches(_pattern: &str, _name: impl AsRef<[u8]>) -> Result<bool, BadPattern> {
    Ok(false)
}

/// Whether a path has a wildcard in it: one of `*`, `?` and `[`, not behind a `\`.
pub fn has_wildcard(_path: &str) -> bool {
    false
}

/// The shortest path that means the same, without looking at any file system (Go's `path.Clean`).
pub fn clean(path: &str) -> String {
    path.to_owned()
}
