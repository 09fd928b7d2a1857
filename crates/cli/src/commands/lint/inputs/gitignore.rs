//! Which files git ignores: gitignore(5).
//!
//! Patterns have the signs of [`dockerfile::glob`], and `[!…]`. Classes with names (`[[:alpha:]]`) match nothing.

use dockerfile::glob;

/// The patterns of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct GitIgnore {
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    /// The parts between slashes; `**` are any number of folders.
    parts: Vec<String>,
    takes_back: bool,
    only_folders: bool,
}

impl GitIgnore {
    /// Reads a file.
    pub(super) fn parse(text: &str) -> Self {
        Self {
            patterns: text.lines().filter_map(Pattern::read).collect(),
        }
    }

    /// Whether a path, from the file's folder on, is ignored or taken back; nothing if no pattern is for it.
    pub(super) fn decide(&self, path: &[&str], is_folder: bool) -> Option<bool> {
        let mut patterns = self.patterns.iter().rev();
        let decides = |pattern: &&Pattern| {
            (is_folder || !pattern.only_folders) && parts_match(&pattern.parts, path)
        };
        patterns.find(decides).map(|pattern| !pattern.takes_back)
    }
}

impl Pattern {
    fn read(line: &str) -> Option<Self> {
        let line = without_last_blanks(line.strip_suffix('\r').unwrap_or(line));
        if line.starts_with('#') {
            return None;
        }
        let (takes_back, line) = match line.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let (only_folders, line) = match line.strip_suffix('/') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let is_anchored = line.contains('/');
        let line = line.strip_prefix('/').unwrap_or(line);
        if line.is_empty() {
            return None;
        }
        let anywhere = (!is_anchored).then_some("**");
        let parts = anywhere.into_iter().chain(line.split('/'));
        Some(Self {
            parts: parts.map(|part| part.replace("[!", "[^")).collect(),
            takes_back,
            only_folders,
        })
    }
}

/// Blanks at the end mean nothing, unless there is a backslash before them.
fn without_last_blanks(line: &str) -> &str {
    let trimmed = line.trim_end_matches(' ');
    match trimmed.ends_with('\\') && trimmed.len() < line.len() {
        true => &line[..=trimmed.len()],
        false => trimmed,
    }
}

/// The last `**` takes as little as it can, and more whenever the rest does not match.
fn parts_match(parts: &[String], path: &[&str]) -> bool {
    let (mut part, mut at) = (0, 0);
    let mut last_any: Option<(usize, usize)> = None;
    loop {
        if parts.get(part).is_some_and(|part| part == "**") {
            // At the end it is for what is in the folder, and not for the folder itself.
            if part + 1 == parts.len() {
                return at < path.len();
            }
            part += 1;
            last_any = Some((part, at));
            continue;
        }
        match (parts.get(part), path.get(at)) {
            (None, None) => return true,
            (Some(pattern), Some(name)) if glob::matches(pattern, name) == Ok(true) => {
                part += 1;
                at += 1;
                continue;
            }
            _ => {}
        }
        match last_any {
            Some((behind, taken)) if taken < path.len() => {
                last_any = Some((behind, taken + 1));
                (part, at) = (behind, taken + 1);
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::GitIgnore;

    fn decide(text: &str, path: &str) -> Option<bool> {
        let is_folder = path.ends_with('/');
        let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        GitIgnore::parse(text).decide(&parts, is_folder)
    }

    #[test]
    fn as_git_decides() {
        for (pattern, path, ignored) in [
            ("target", "target/", true),
            ("target", "a/b/target", true),
            ("/target", "a/target", false),
            ("/target", "target", true),
            ("target/", "target", false),
            ("target/", "a/target/", true),
            ("a/b", "a/b", true),
            ("a/b", "x/a/b", false),
            ("**/a/b", "x/a/b", true),
            ("**/a/b", "a/b", true),
            ("a/**", "a/", false),
            ("a/**", "a/b/c", true),
            ("a/**/b", "a/b", true),
            ("a/**/b", "a/x/y/b", true),
            ("a/**/b", "a/x/y/c", false),
            ("*.Dockerfile", "x/app.Dockerfile", true),
            ("Dockerfile.?", "Dockerfile.a", true),
            ("Dockerfile.[!a]", "Dockerfile.a", false),
            ("Dockerfile.[!a]", "Dockerfile.b", true),
            ("*", "a/b", true),
            ("a/*", "a/b/c", false),
            ("# x", "# x", false),
            ("\\#x", "#x", true),
            ("\\!x", "!x", true),
            ("x  ", "x", true),
            ("x\\ ", "x ", true),
            ("x\r", "x", true),
            ("/", "x", false),
            ("[", "[", false),
        ] {
            let decided = decide(pattern, path).unwrap_or_default();
            assert_eq!(decided, ignored, "{pattern:?} {path:?}");
        }
    }

    #[test]
    fn the_last_pattern_decides() {
        assert_eq!(decide("*\n!Dockerfile\n", "Dockerfile"), Some(false));
        assert_eq!(decide("!Dockerfile\n*\n", "Dockerfile"), Some(true));
        assert_eq!(decide("a\n", "Dockerfile"), None);
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = "**/a/".repeat(200) + "b";
        assert_eq!(decide(&pattern, &"a/".repeat(2_000)), None);
    }
}
