//! Patterns of `.dockerignore` files and of `--exclude`.
//!
//! Source: the section ".dockerignore files" of Docker's build context documentation, and what
//! moby's pattern matcher does, to the letter: see [`Patterns::enter`].

mod pattern;

use crate::glob;
use pattern::Pattern;

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
pub struct Patterns {
    patterns: Vec<Pattern>,
    /// Where each of them stands.
    written: Vec<Written>,
}

/// A pattern as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The line of the ignore file, or the number of the pattern, from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
}

/// What is known of a directory: which patterns match it or a directory above it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirState {
    /// One bit for each pattern; what is missing is zero.
    matched: Vec<u64>,
}

/// A pattern that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IgnoreError {
    /// A `!` without a pattern.
    #[error("line {line}: illegal exclusion pattern: \"!\"")]
    LoneExclamation {
        /// The line, or the number of the pattern, from 1.
        line: usize,
    },
    /// A bracket is not closed, or the like.
    #[error("line {line}: syntax error in pattern: {pattern}")]
    BadPattern {
        /// The line, or the number of the pattern, from 1.
        line: usize,
        /// The pattern.
        pattern: String,
    },
}

impl Patterns {
    /// Reads a `.dockerignore` file: one pattern a line; comments have their `#` in the first
    /// column. Slashes before a pattern mean nothing.
    pub fn parse(text: &str) -> Result<Self, IgnoreError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().enumerate();
        let lines = lines.filter(|(_, line)| !line.starts_with('#'));
        Self::read(lines, Slashes::Strip)
    }

    /// Patterns that stand for themselves (`--exclude`).
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, IgnoreError> {
        Self::read(patterns.into_iter().enumerate(), Slashes::Keep)
    }

    fn read<'a>(
        lines: impl Iterator<Item = (usize, &'a str)>,
        slashes: Slashes,
    ) -> Result<Self, IgnoreError> {
        let mut patterns = Self::default();
        for (index, text) in lines {
            let line = index + 1;
            if let Some(pattern) = read(text, line, slashes)? {
                patterns.patterns.push(pattern);
                let text = text.trim().to_owned();
                patterns.written.push(Written { line, text });
            }
        }
        Ok(patterns)
    }

    /// These patterns after `earlier` ones, which they may take back.
    #[must_use]
    pub fn after(self, mut earlier: Self) -> Self {
        earlier.patterns.extend(self.patterns);
        earlier.written.extend(self.written);
        earlier
    }

    /// Whether there is no pattern at all.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether any pattern starts with `!`.
    pub fn has_exceptions(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.is_exception)
    }

    /// The state of the root directory, from which everything starts.
    pub fn root(&self) -> DirState {
        DirState::default()
    }

    /// The state of a directory, given by its path from the root.
    pub fn directory(&self, path: impl AsRef<[u8]>) -> DirState {
        let path = path.as_ref();
        let ends = path
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'/')
            .map(|(at, _)| at);
        let mut state = self.root();
        for end in ends
            .chain(std::iter::once(path.len()))
            .filter(|end| *end > 0)
        {
            state = self.enter(&state, &path[..end]).1;
        }
        state
    }

    /// Whether the directory `path` (relative to the root, `/` between its parts) is ignored, and
    /// its state for what lies in it. `parent` is the state of the directory that holds it.
    ///
    /// A pattern that could not change the answer is not looked at, and then does not count as
    /// matched for what lies below: `*`, `!src/*.rs`, `src/gen` in this order do not ignore
    /// `src/gen/a.rs`, since `*` had matched `src/gen` before. That is a quirk of moby's, and part
    /// of what ignore files in the wild do.
    pub fn enter(&self, parent: &DirState, path: impl AsRef<[u8]>) -> (bool, DirState) {
        let mut state = DirState {
            matched: vec![0; self.patterns.len().div_ceil(64)],
        };
        let ignored = self.decide(parent, path.as_ref(), |index| state.set(index));
        (ignored, state)
    }

    /// Whether `path` is ignored. `parent` is the state of the directory that holds it.
    pub fn ignores(&self, parent: &DirState, path: impl AsRef<[u8]>) -> bool {
        self.decide(parent, path.as_ref(), |_| {})
    }

    /// Whether `path` is ignored, walking down to it from the root.
    pub fn ignores_path(&self, path: impl AsRef<[u8]>) -> bool {
        let path = path.as_ref();
        let parent = match path.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => self.directory(&path[..slash]),
            None => self.root(),
        };
        self.ignores(&parent, path)
    }

    /// The pattern that `path` is ignored by, if it is ignored: the last one that matches it, or a
    /// directory above it.
    pub fn reason(&self, path: impl AsRef<[u8]>) -> Option<&Written> {
        let path = path.as_ref();
        let parent = match path.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => self.directory(&path[..slash]),
            None => self.root(),
        };
        let mut last = None;
        let ignored = self.decide(&parent, path, |index| last = Some(index));
        last.filter(|_| ignored).map(|index| &self.written[index])
    }

    /// Whether something below an ignored directory could be taken back by a `!` pattern. If not,
    /// a walker need not enter it.
    pub fn may_contain_exceptions(&self, directory: impl AsRef<[u8]>) -> bool {
        let directory = directory.as_ref();
        let mut exceptions = self.patterns.iter().filter(|pattern| pattern.is_exception);
        exceptions.any(|pattern| pattern.may_match_below(directory))
    }

    fn decide(&self, parent: &DirState, path: &[u8], mut matched: impl FnMut(usize)) -> bool {
        let mut ignored = false;
        for (index, pattern) in self.patterns.iter().enumerate() {
            let inherited = parent.has(index);
            if inherited || (pattern.is_exception == ignored && pattern.matches(path)) {
                matched(index);
                ignored = !pattern.is_exception;
            }
        }
        ignored
    }
}

impl DirState {
    fn has(&self, index: usize) -> bool {
        self.matched
            .get(index / 64)
            .is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    fn set(&mut self, index: usize) {
        if let Some(word) = self.matched.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }
}

/// What to do about a slash before a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slashes {
    Strip,
    Keep,
}

/// Reads a pattern; blanks only are none.
fn read(text: &str, line: usize, slashes: Slashes) -> Result<Option<Pattern>, IgnoreError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let (is_exception, text) = match text.strip_prefix('!') {
        Some(rest) if rest.trim().is_empty() => return Err(IgnoreError::LoneExclamation { line }),
        Some(rest) => (true, rest.trim()),
        None => (false, text),
    };
    let clean = glob::clean(text);
    let clean = match clean.strip_prefix('/') {
        Some(rest) if slashes == Slashes::Strip && !rest.is_empty() => rest,
        _ => &clean,
    };
    match Pattern::new(clean, is_exception) {
        Ok(pattern) => Ok(Some(pattern)),
        Err(glob::BadPattern(pattern)) => Err(IgnoreError::BadPattern { line, pattern }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paths that are left, from a tree given as all of its paths, each below its directory.
    fn left<'a>(ignore: &str, tree: &[&'a str]) -> Vec<&'a str> {
        let patterns = Patterns::parse(ignore).unwrap();
        tree.iter()
            .copied()
            .filter(|path| !patterns.ignores_path(path))
            .collect()
    }

    const TREE: &[&str] = &[
        "a.txt",
        "b.md",
        "other",
        "other/a.txt",
        "sub",
        "sub/a.txt",
        "sub/b.md",
        "sub/deep",
        "sub/deep/a.txt",
        "sub/deep/b.md",
    ];

    #[test]
    fn patterns_and_what_they_leave() {
        let without = |gone: &[&str]| -> Vec<&str> {
            TREE.iter()
                .copied()
                .filter(|path| !gone.contains(path))
                .collect()
        };
        for (ignore, gone) in [
            ("*.md", &["b.md"][..]),
            ("*/b.md", &["sub/b.md"]),
            ("**/b.md", &["b.md", "sub/b.md", "sub/deep/b.md"]),
            ("**.md", &["b.md", "sub/b.md", "sub/deep/b.md"]),
            ("a.txt/", &["a.txt"]),
            (
                "/a.txt\n./b.md\nsub//a.txt\nx/../other",
                &["a.txt", "b.md", "sub/a.txt", "other", "other/a.txt"],
            ),
            (
                "sub/**",
                &[
                    "sub/a.txt",
                    "sub/b.md",
                    "sub/deep",
                    "sub/deep/a.txt",
                    "sub/deep/b.md",
                ],
            ),
            ("sub/**/a.txt", &["sub/a.txt", "sub/deep/a.txt"]),
            (
                "?.md\n[a-n]*.txt\nsub/[^a].md",
                &["a.txt", "b.md", "sub/b.md"],
            ),
            ("*\n!sub", &["a.txt", "b.md", "other", "other/a.txt"]),
            ("#a.txt\n #b.md\n\n  b.md \t", &["b.md"]),
            ("A.TXT", &[]),
            ("**", TREE),
            ("\u{feff}a.txt\r\nb.md\r\n", &["a.txt", "b.md"]),
            (
                "!a.txt\na.txt\nb.md\n!b.md\nsub\n!sub/deep\nsub/deep/b.md",
                &["a.txt", "sub", "sub/a.txt", "sub/b.md", "sub/deep/b.md"],
            ),
        ] {
            assert_eq!(left(ignore, TREE), without(gone), "{ignore:?}");
        }
    }

    #[test]
    fn a_skipped_pattern_is_not_handed_down() {
        let ignore = "\u{feff}# comment\n*\n!keep\nkeep/**/tmp\n!src/**/*.rs\nsrc/gen\n!src/gen/a.rs\n\
                      !empty\nempty/**\n/abs\n!./odd/../odd2\n";
        let tree = [
            "keep",
            "keep/a",
            "keep/x",
            "keep/x/tmp",
            "keep/tmp",
            "src",
            "src/m.rs",
            "src/m.c",
            "src/gen",
            "src/gen/a.rs",
            "src/gen/b.rs",
            "empty",
            "empty/f",
            "abs",
            "odd2",
            "zz",
        ];
        let expected = [
            "keep",
            "keep/a",
            "keep/x",
            "src/m.rs",
            "src/gen/a.rs",
            "src/gen/b.rs",
            "empty",
            "odd2",
        ];
        assert_eq!(left(ignore, &tree), expected);
    }

    #[test]
    fn ignored_directories_can_be_skipped_when_nothing_comes_back() {
        for (ignore, directory, walk) in [
            ("sub", "sub", false),
            ("sub\n!sub/deep/b.md", "sub", true),
            ("sub\n!sub/deep/b.md", "sub/deep", true),
            ("sub\n!sub/deep/b.md", "sub/other", false),
            ("sub\n!sub/deep/b.md", "other", false),
            ("sub\n!sub", "sub", false),
            ("sub\n!**/b.md", "sub", true),
            ("sub\n!s?b/*.md", "sub", true),
            ("sub\n!s?b/*.md", "sub/deep", false),
            ("sub\n!sub/**", "sub/deep/down", true),
        ] {
            let patterns = Patterns::parse(ignore).unwrap();
            assert_eq!(
                patterns.may_contain_exceptions(directory),
                walk,
                "{ignore:?} {directory}"
            );
        }
    }

    #[test]
    fn the_reason_is_the_last_pattern_that_matches() {
        let patterns =
            Patterns::parse("# all\n*.md\n\n  build/ \n!build/keep.md\n**/keep.md\n").unwrap();
        for (path, line, text) in [
            ("a.md", 2, "*.md"),
            ("build", 4, "build/"),
            ("build/deep/x", 4, "build/"),
            ("build/keep.md", 6, "**/keep.md"),
        ] {
            let text = text.to_owned();
            assert_eq!(
                patterns.reason(path),
                Some(&Written { line, text }),
                "{path}"
            );
        }
        assert_eq!(patterns.reason("src/a.rs"), None);
        let patterns = Patterns::parse("build\n!build/keep.md\n").unwrap();
        assert_eq!(patterns.reason("build/keep.md"), None);
    }

    #[test]
    fn what_cannot_be_read_has_its_line() {
        let error = Patterns::parse("a\n\n[b\n").unwrap_err();
        assert_eq!(
            error,
            IgnoreError::BadPattern {
                line: 3,
                pattern: "[b".to_owned()
            }
        );
        assert_eq!(
            Patterns::parse("! \n").unwrap_err(),
            IgnoreError::LoneExclamation { line: 1 }
        );
        assert!(Patterns::new(["a", "b\\"]).is_err());
    }

    #[test]
    fn there_may_be_many_patterns() {
        let mut ignore: String = (0..200).map(|n| format!("p{n}\n")).collect();
        ignore.push_str("!p150/x\n");
        let patterns = Patterns::parse(&ignore).unwrap();
        let (ignored, state) = patterns.enter(&patterns.root(), "p150");
        assert!(ignored);
        assert!(!patterns.ignores(&state, "p150/x"));
        assert!(patterns.ignores(&state, "p150/y"));
    }
}
