//! Listing what is below a source.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Mutex;

use dockerfile::ignore::{DirState, Patterns};
use rootfs::{Dir, DirEntry, Metadata};

use super::{Content, Node, Tree};
use crate::Error;
use crate::parallel::{self, Share};

/// Patterns that hide files below a directory, and how far the walk is in them.
#[derive(Clone)]
struct Hidden<'a> {
    patterns: &'a Patterns,
    /// The path in the patterns' terms, of the directory that is being listed.
    path: Vec<u8>,
}

/// What the patterns say of the directory that is being listed.
type States = [Option<DirState>; 2];

#[derive(Clone)]
struct Walk<'a> {
    tree: &'a Tree,
    /// The ignore file's patterns, and `--exclude`'s.
    hidden: [Option<Hidden<'a>>; 2],
    /// How many directories are open, one in the other.
    depth: usize,
    /// Whether several threads may list what is in a directory, or already do.
    share: Share,
}

/// Deeper than any honest tree; each level takes stack and an open file.
const DEPTH_AT_MOST: usize = 256;

/// Lists `path` (after links) with all that is below it and not hidden. `None` if it is hidden
/// itself by the ignore file and shows nothing.
pub(super) fn list(
    tree: &Tree,
    path: &Path,
    metadata: Metadata,
    excludes: &Patterns,
) -> Result<Option<Node>, Error> {
    let name = path.file_name().unwrap_or_default().to_owned();
    let ignored = tree.ignores(path);
    if !metadata.is_dir() {
        return Ok((!ignored).then_some(Node {
            name,
            metadata,
            content: Content::Other,
        }));
    }
    let relative = path
        .strip_prefix("/")
        .unwrap_or(path)
        .as_os_str()
        .as_bytes()
        .to_vec();
    let ignore_state = tree
        .patterns
        .as_ref()
        .map(|patterns| state_of(patterns, &relative));
    let ignore = tree.patterns.as_ref().map(|patterns| Hidden {
        patterns,
        path: relative,
    });
    let exclude = (!excludes.is_empty()).then(|| Hidden {
        patterns: excludes,
        path: Vec::new(),
    });
    let exclude_state = exclude.as_ref().map(|hidden| hidden.patterns.root());
    let mut walk = Walk {
        tree,
        hidden: [ignore, exclude],
        depth: 0,
        share: Share::Possible,
    };
    let dir = tree.root.open_dir(path)?;
    let entries = walk.entries(&dir, &[ignore_state, exclude_state])?;
    let empty = entries.is_empty();
    let node = Node {
        name,
        metadata,
        content: Content::Directory(entries),
    };
    Ok((!ignored || !empty).then_some(node))
}

/// The patterns' state for a directory, walking down to it.
fn state_of(patterns: &Patterns, path: &[u8]) -> DirState {
    let mut state = patterns.root();
    if path.is_empty() {
        return state;
    }
    let ends = path
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'/')
        .map(|(at, _)| at);
    for end in ends.chain([path.len()]) {
        state = patterns.enter(&state, &path[..end]).1;
    }
    state
}

impl Walk<'_> {
    fn entries(&mut self, dir: &Dir, states: &States) -> Result<Vec<Node>, Error> {
        let entries = dir.entries()?;
        if self.share.is_worth_it(entries.len()) {
            return self.share(dir, &entries, states);
        }
        let mut nodes = Vec::with_capacity(entries.len());
        for entry in entries {
            nodes.extend(self.entry(dir, entry.name, states)?);
        }
        Ok(nodes)
    }

    /// The same by all processors; the nodes are in their order.
    fn share(
        &mut self,
        dir: &Dir,
        entries: &[DirEntry],
        states: &States,
    ) -> Result<Vec<Node>, Error> {
        let found = Mutex::new(Vec::with_capacity(entries.len()));
        let own = || Walk {
            share: Share::Done,
            ..self.clone()
        };
        parallel::each(entries.len(), own, |walk, at| -> Result<(), Error> {
            if let Some(node) = walk.entry(dir, entries[at].name.clone(), states)? {
                let mut found = found.lock().expect("no thread panics with it");
                found.push((at, node));
            }
            Ok(())
        })?;
        let mut found = found.into_inner().expect("no thread panics with it");
        found.sort_unstable_by_key(|(at, _)| *at);
        Ok(found.into_iter().map(|(_, node)| node).collect())
    }

    fn entry(&mut self, dir: &Dir, name: OsString, states: &States) -> Result<Option<Node>, Error> {
        // What goes away between listing and looking was never there.
        let Some(metadata) = dir.stat(&name)? else {
            return Ok(None);
        };
        let lengths = self.push(name.as_bytes());
        let node = self.node(dir, name, metadata, states);
        self.pop(lengths);
        node
    }

    fn node(
        &mut self,
        dir: &Dir,
        name: OsString,
        metadata: Metadata,
        states: &States,
    ) -> Result<Option<Node>, Error> {
        if metadata.is_dir() {
            return self.directory(dir, name, metadata, states);
        }
        for (hidden, state) in self.hidden.iter().zip(states) {
            if let (Some(hidden), Some(state)) = (hidden, state)
                && hidden.patterns.ignores(state, &hidden.path)
            {
                return Ok(None);
            }
        }
        let content = if metadata.is_symlink() {
            Content::Link(dir.read_link(&name)?)
        } else {
            Content::Other
        };
        Ok(Some(Node {
            name,
            metadata: self.tree.owned(metadata),
            content,
        }))
    }

    /// A directory that is hidden shows nothing, unless a later pattern takes back something in it.
    fn directory(
        &mut self,
        dir: &Dir,
        name: OsString,
        metadata: Metadata,
        states: &States,
    ) -> Result<Option<Node>, Error> {
        let mut hidden_itself = false;
        let mut below: States = [None, None];
        for ((hidden, state), below) in self.hidden.iter().zip(states).zip(&mut below) {
            let (Some(hidden), Some(state)) = (hidden, state) else {
                continue;
            };
            let (ignored, inner) = hidden.patterns.enter(state, &hidden.path);
            if ignored && !hidden.patterns.may_contain_exceptions(&hidden.path) {
                return Ok(None);
            }
            hidden_itself |= ignored;
            *below = Some(inner);
        }
        if self.depth == DEPTH_AT_MOST {
            let tree = self.tree.name.clone();
            return Err(Error::TooDeep { name, tree });
        }
        self.depth += 1;
        let entries = self.entries(&dir.open_dir(&name)?, &below)?;
        self.depth -= 1;
        if hidden_itself && entries.is_empty() {
            return Ok(None);
        }
        let metadata = self.tree.owned(metadata);
        Ok(Some(Node {
            name,
            metadata,
            content: Content::Directory(entries),
        }))
    }

    fn push(&mut self, name: &[u8]) -> [usize; 2] {
        let mut lengths = [0; 2];
        for (hidden, length) in self.hidden.iter_mut().zip(&mut lengths) {
            let Some(hidden) = hidden else { continue };
            *length = hidden.path.len();
            if !hidden.path.is_empty() {
                hidden.path.push(b'/');
            }
            hidden.path.extend_from_slice(name);
        }
        lengths
    }

    fn pop(&mut self, lengths: [usize; 2]) {
        for (hidden, length) in self.hidden.iter_mut().zip(lengths) {
            if let Some(hidden) = hidden {
                hidden.path.truncate(length);
            }
        }
    }
}
