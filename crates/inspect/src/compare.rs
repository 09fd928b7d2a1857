//! What makes two images differ in size, by directory.

use crate::Tree;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Two trees side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Bytes of files in the first.
    pub before: u64,
    /// Bytes of files in the second.
    pub after: u64,
    /// Directories that differ, the biggest difference first. None is inside another, but for `/`, which stands for the
    /// files that lie right in it.
    pub differences: Vec<Difference>,
    /// What is left when the differences are taken away: bytes in the first and in the second.
    pub rest: (u64, u64),
}

/// A directory's bytes in each of two images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The directory.
    pub directory: PathBuf,
    /// Bytes in and below it in the first; `None` if it is not there.
    pub before: Option<u64>,
    /// The same in the second.
    pub after: Option<u64>,
}

impl Difference {
    /// How far apart the two are.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.before.unwrap_or(0).abs_diff(self.after.unwrap_or(0))
    }
}

/// A directory that may be looked into more closely.
struct Candidate<'a> {
    difference: Difference,
    trees: (Option<&'a Tree>, Option<&'a Tree>),
    depth: usize,
}

/// Directories below this are not worth a line of their own.
const DEPTH: usize = 5;

/// The directories, at most `lines` of them, that best tell why `after` is not as big as `before`.
///
/// Beginning at the root, the directory with the biggest difference is replaced by those in it that matter, as long as
/// they make nearly all of its difference. What makes less than a two-hundredth of the whole is part of the rest.
#[must_use]
pub fn compare(before: &Tree, after: &Tree, lines: usize) -> Comparison {
    let root = candidate(Path::new("/"), 0, Some(before), Some(after));
    let mut open = children(&root);
    let mut closed = vec![files_in(&root)];
    let whole = before.bytes.abs_diff(after.bytes);
    let whole = open
        .iter()
        .map(|c| c.difference.bytes())
        .fold(whole, u64::max);
    while let Some(at) = biggest(&open) {
        let candidate = open.swap_remove(at);
        let mut children = children(&candidate);
        children.retain(|child| matters(&child.difference, whole));
        let matter = open
            .iter()
            .filter(|other| matters(&other.difference, whole))
            .count();
        let fit = matter + closed.len() + children.len() <= lines;
        if fit && are_telling(&candidate, &children, whole) {
            open.extend(children);
        } else {
            closed.push(candidate.difference);
        }
    }
    closed.retain(|difference| matters(difference, whole));
    closed.sort_by(|a, b| {
        b.bytes()
            .cmp(&a.bytes())
            .then_with(|| a.directory.cmp(&b.directory))
    });
    closed.truncate(lines);
    let sum = |of: fn(&Difference) -> Option<u64>| closed.iter().filter_map(of).sum::<u64>();
    let rest = (
        before.bytes.saturating_sub(sum(|d| d.before)),
        after.bytes.saturating_sub(sum(|d| d.after)),
    );
    Comparison {
        before: before.bytes,
        after: after.bytes,
        differences: closed,
        rest,
    }
}

fn candidate<'a>(
    directory: &Path,
    depth: usize,
    before: Option<&'a Tree>,
    after: Option<&'a Tree>,
) -> Candidate<'a> {
    let difference = Difference {
        directory: directory.to_owned(),
        before: before.map(|tree| tree.bytes),
        after: after.map(|tree| tree.bytes),
    };
    Candidate {
        difference,
        trees: (before, after),
        depth,
    }
}

fn biggest(open: &[Candidate<'_>]) -> Option<usize> {
    let sizes = open.iter().enumerate();
    let sizes = sizes.map(|(at, candidate)| (candidate.difference.bytes(), at));
    sizes.max().map(|(_, at)| at)
}

fn matters(difference: &Difference, whole: u64) -> bool {
    difference.bytes() > whole / 200
}

/// The directories in it that differ.
fn children<'a>(candidate: &Candidate<'a>) -> Vec<Candidate<'a>> {
    let (before, after) = candidate.trees;
    let trees = before.iter().chain(&after);
    let names: BTreeSet<_> = trees.flat_map(|tree| tree.directories.keys()).collect();
    let child = |tree: Option<&'a Tree>, name| tree.and_then(|tree| tree.directories.get(name));
    let children = names.into_iter().map(|name| {
        let path = candidate.difference.directory.join(name);
        let (before, after) = (child(before, name), child(after, name));
        self::candidate(&path, candidate.depth + 1, before, after)
    });
    children
        .filter(|child| child.difference.bytes() > 0)
        .collect()
}

/// The root's own files: a program that is alone in its image lies there.
fn files_in(root: &Candidate<'_>) -> Difference {
    let own = |tree: &Tree| {
        let below = tree.directories.values().map(|tree| tree.bytes).sum();
        tree.bytes.saturating_sub(below)
    };
    Difference {
        directory: root.difference.directory.clone(),
        before: root.trees.0.map(own),
        after: root.trees.1.map(own),
    }
}

/// Whether the children that matter say more than their parent: they make nearly all of its difference, and there
/// is but one of them, or the parent makes a good part of the whole.
fn are_telling(candidate: &Candidate<'_>, children: &[Candidate<'_>], whole: u64) -> bool {
    let own = candidate.difference.bytes();
    let in_children: u64 = children.iter().map(|child| child.difference.bytes()).sum();
    let good_part = children.len() == 1 || own >= whole / 10;
    candidate.depth < DEPTH && good_part && in_children >= own - own / 5
}

#[cfg(test)]
mod tests {
    use super::{Comparison, compare};
    use crate::Tree;

    fn shown(comparison: &Comparison) -> Vec<String> {
        let bytes = |b: Option<u64>| b.map_or_else(|| "-".to_owned(), |b| b.to_string());
        let line = |d: &super::Difference| {
            format!(
                "{} {} {}",
                d.directory.display(),
                bytes(d.before),
                bytes(d.after)
            )
        };
        comparison.differences.iter().map(line).collect()
    }

    #[test]
    fn one_directory_makes_the_difference() {
        let common = [("/bin/sh", 10), ("/usr/bin/app", 50)];
        let before = Tree::of_files(
            common
                .into_iter()
                .chain([("/usr/local/go/bin/go", 900), ("/usr/local/go/src/x", 100)]),
        );
        let after = Tree::of_files(common);
        let comparison = compare(&before, &after, 10);
        assert_eq!((comparison.before, comparison.after), (1060, 60));
        assert_eq!(
            shown(&comparison),
            ["/usr/local/go/bin 900 -", "/usr/local/go/src 100 -"]
        );
        assert_eq!(comparison.rest, (60, 60));
    }

    #[test]
    fn lines_are_few_and_disjoint() {
        let files = (0..100).map(|n| (format!("/opt/d{n}/file"), 1000 + n));
        let before = Tree::of_files(files.chain([("/etc/x".to_owned(), 5)]));
        let comparison = compare(&before, &Tree::default(), 10);
        assert_eq!(shown(&comparison), ["/opt 104950 -"]);
        assert_eq!(comparison.rest, (5, 0), "what is small is in the rest");
    }

    #[test]
    fn equal_images_differ_nowhere() {
        let tree = Tree::of_files([("/a/b", 1), ("/c", 2)]);
        let comparison = compare(&tree, &tree, 10);
        assert!(comparison.differences.is_empty());
        assert_eq!(comparison.rest, (3, 3));
    }

    #[test]
    fn growth_and_shrinking_are_both_told() {
        let before = Tree::of_files([("/usr/a", 500), ("/app/x", 10)]);
        let after = Tree::of_files([("/app/x", 700), ("/server", 90), ("/lib/y", 13)]);
        let comparison = compare(&before, &after, 10);
        assert_eq!(
            shown(&comparison),
            ["/app 10 700", "/usr 500 -", "/ 0 90", "/lib - 13"]
        );
    }
}
