//! The paths of an image as a tree, in a few bytes each: an image can have a million of them.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::FileId;

/// Links that are followed on the way to a file: the kernel's limit (path_resolution(7)).
pub(super) const LINKS_AT_MOST: usize = 40;

/// The names of a path.
pub(super) fn components(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    let parts = path.split(|byte| *byte == b'/');
    parts.filter(|part| !part.is_empty() && *part != b".")
}

/// A path, as an index.
pub(super) type NodeId = u32;

/// The path `/`.
pub(super) const ROOT: NodeId = 0;

/// "None", of anything that is an index.
const NONE: u32 = u32::MAX;

/// All paths that any layer has.
#[derive(Debug)]
pub(super) struct Paths {
    nodes: Vec<Node>,
    names: Vec<u8>,
    /// The last node whose parent and name have a hash; others with the same follow by `next_alike`.
    index: HashMap<u64, NodeId>,
    hasher: RandomState,
    /// Where symbolic links lead.
    targets: HashMap<NodeId, Vec<u8>>,
}

/// A path.
#[derive(Debug)]
struct Node {
    parent: NodeId,
    name: u32,
    length: u16,
    /// The layer that made what is there now.
    layer: u16,
    /// What is there.
    kind: Kind,
    file: FileId,
    first_child: NodeId,
    next_sibling: NodeId,
    next_alike: NodeId,
    /// How many paths below it something is at.
    below: u32,
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing, or nothing any more.
    Nothing,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A regular file.
    File,
    /// Anything else.
    Other,
}

impl Default for Paths {
    fn default() -> Self {
        let mut paths = Self {
            nodes: Vec::new(),
            names: Vec::new(),
            index: HashMap::new(),
            hasher: RandomState::new(),
            targets: HashMap::new(),
        };
        paths.push(NONE, b"", 0);
        paths.nodes[ROOT as usize].kind = Kind::Directory;
        paths
    }
}

impl Paths {
    fn push(&mut self, parent: NodeId, name: &[u8], next_alike: NodeId) -> NodeId {
        let id = u32::try_from(self.nodes.len()).unwrap_or(NONE);
        self.nodes.push(Node {
            parent,
            name: u32::try_from(self.names.len()).unwrap_or(NONE),
            length: u16::try_from(name.len()).unwrap_or(u16::MAX),
            layer: 0,
            kind: Kind::Nothing,
            file: NONE,
            first_child: NONE,
            next_sibling: NONE,
            next_alike,
            below: 0,
        });
        self.names.extend_from_slice(name);
        id
    }

    /// Whether there is room for another path.
    pub(super) fn is_full(&self) -> bool {
        const MOST: usize = u32::MAX as usize - (1 << 20);
        self.nodes.len() > MOST || self.names.len() > MOST
    }

    fn name(&self, node: &Node) -> &[u8] {
        let start = node.name as usize;
        &self.names[start..start + usize::from(node.length)]
    }

    /// The path of a name in a directory; it is made if no layer has it yet.
    pub(super) fn child(&mut self, parent: NodeId, name: &[u8]) -> NodeId {
        if let Some(found) = self.find(parent, name) {
            return found;
        }
        let hash = self.hasher.hash_one((parent, name));
        let first = self.index.get(&hash).copied().unwrap_or(NONE);
        let id = self.push(parent, name, first);
        self.index.insert(hash, id);
        let above = &mut self.nodes[parent as usize];
        let next = std::mem::replace(&mut above.first_child, id);
        self.nodes[id as usize].next_sibling = next;
        id
    }

    /// The path of a name in a directory, if a layer has it.
    fn find(&self, parent: NodeId, name: &[u8]) -> Option<NodeId> {
        let hash = self.hasher.hash_one((parent, name));
        let mut at = self.index.get(&hash).copied()?;
        while let Some(node) = self.nodes.get(at as usize) {
            if node.parent == parent && self.name(node) == name {
                return Some(at);
            }
            at = node.next_alike;
        }
        None
    }

    /// What a path leads to, links followed as a container would; nothing if that is not there.
    pub(super) fn resolve(&self, path: &[u8]) -> Option<NodeId> {
        let mut rest: Vec<&[u8]> = components(path).rev().collect();
        let (mut at, mut links) = (ROOT, 0);
        while let Some(name) = rest.pop() {
            if name == b".." {
                at = if at == ROOT { ROOT } else { self.parent(at) };
                continue;
            }
            let next = self.find(at, name)?;
            match (self.kind(next), self.target(next)) {
                (Kind::Link, Some(target)) if links < LINKS_AT_MOST => {
                    links += 1;
                    at = if target.starts_with(b"/") { ROOT } else { at };
                    rest.extend(components(target).rev());
                }
                (Kind::Nothing | Kind::Link, _) => return None,
                _ => at = next,
            }
        }
        Some(at)
    }

    pub(super) fn kind(&self, node: NodeId) -> Kind {
        self.nodes[node as usize].kind
    }

    pub(super) fn parent(&self, node: NodeId) -> NodeId {
        self.nodes[node as usize].parent
    }

    /// The layer that made what is at a path.
    pub(super) fn layer(&self, node: NodeId) -> u16 {
        self.nodes[node as usize].layer
    }

    pub(super) fn target(&self, node: NodeId) -> Option<&[u8]> {
        self.targets.get(&node).map(Vec::as_slice)
    }

    pub(super) fn file(&self, node: NodeId) -> Option<FileId> {
        let file = self.nodes[node as usize].file;
        (file != NONE).then_some(file)
    }

    /// Puts something at a path.
    pub(super) fn set(&mut self, node: NodeId, kind: Kind, layer: u16, file: Option<FileId>) {
        let was = self.kind(node) != Kind::Nothing;
        let at = &mut self.nodes[node as usize];
        (at.kind, at.layer, at.file) = (kind, layer, file.unwrap_or(NONE));
        self.count(node, was, kind != Kind::Nothing);
    }

    /// Says where the link at a path leads.
    pub(super) fn set_target(&mut self, node: NodeId, target: Vec<u8>) {
        self.targets.insert(node, target);
    }

    /// Takes away what is at a path, and gives the file that was there.
    pub(super) fn take_file(&mut self, node: NodeId) -> Option<FileId> {
        let file = self.file(node);
        self.set(node, Kind::Nothing, self.layer(node), None);
        file
    }

    fn count(&mut self, node: NodeId, was: bool, is: bool) {
        if was == is {
            return;
        }
        let mut at = self.parent(node);
        while let Some(above) = self.nodes.get_mut(at as usize) {
            above.below = if is {
                above.below.saturating_add(1)
            } else {
                above.below.saturating_sub(1)
            };
            at = above.parent;
        }
    }

    /// Whether something is at any path below one.
    pub(super) fn has_below(&self, node: NodeId) -> bool {
        self.nodes[node as usize].below > 0
    }

    /// The paths right below one that something is at, or below which something is.
    pub(super) fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let first = self.nodes[node as usize].first_child;
        let all = std::iter::successors((first != NONE).then_some(first), |at| {
            let next = self.nodes[*at as usize].next_sibling;
            (next != NONE).then_some(next)
        });
        all.filter(|at| {
            let node = &self.nodes[*at as usize];
            node.kind != Kind::Nothing || node.below > 0
        })
    }

    /// All of a path: absolute.
    pub(super) fn path(&self, node: NodeId) -> Vec<u8> {
        let mut names = Vec::new();
        let mut at = node;
        while at != ROOT {
            let node = &self.nodes[at as usize];
            names.push(self.name(node));
            at = node.parent;
        }
        if names.is_empty() {
            return b"/".to_vec();
        }
        let parts = names.into_iter().rev();
        parts.flat_map(|name| [b"/", name].concat()).collect()
    }

    /// The directories above a path, from `/` on, and the path itself.
    pub(super) fn ancestors(&self, node: NodeId) -> Vec<NodeId> {
        let mut found = vec![node];
        let mut at = node;
        while at != ROOT {
            at = self.parent(at);
            found.push(at);
        }
        found.reverse();
        found
    }
}
