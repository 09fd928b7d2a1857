//! What a container sees, worked out the slow way: one map from path to file.

use std::collections::{BTreeMap, BTreeSet};

use oci::tar::Kind;

use crate::layers::Member;

/// What is at a path: a directory, or a file by its number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Node {
    Directory,
    File(usize),
    /// A hard link that leads nowhere.
    Empty,
}

/// What is at the paths, and which layer put it there.
type View = BTreeMap<String, (Node, usize)>;

/// The bytes of the files that are seen when the layers lie upon each other; hard links count once.
pub(crate) fn visible_bytes(layers: &[Vec<Member>]) -> u64 {
    let mut view = View::new();
    let mut sizes = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        for member in layer {
            apply(&mut view, member, number, &mut sizes);
        }
    }
    let seen: BTreeSet<usize> = view
        .values()
        .filter_map(|(node, _)| match node {
            Node::File(file) => Some(*file),
            _ => None,
        })
        .collect();
    seen.into_iter().map(|file| sizes[file]).sum()
}

fn apply(view: &mut View, member: &Member, number: usize, sizes: &mut Vec<u64>) {
    let (directory, name) = member.path.rsplit_once('/').unwrap_or(("", &member.path));
    parents(view, directory, number);
    if name == ".wh..wh..opq" {
        return hide(view, directory, false, number);
    }
    if let Some(hidden) = name.strip_prefix(".wh.") {
        let slash = if directory.is_empty() { "" } else { "/" };
        return hide(view, &format!("{directory}{slash}{hidden}"), true, number);
    }
    let node = match &member.kind {
        Kind::Directory => Node::Directory,
        Kind::Hardlink(target) => {
            let target = String::from_utf8_lossy(target).into_owned();
            let (above, _) = target.rsplit_once('/').unwrap_or(("", &target));
            parents(view, above, number);
            if target == member.path {
                return;
            }
            match view.get(&target) {
                Some((Node::File(file), _)) => Node::File(*file),
                _ => Node::Empty,
            }
        }
        _ => {
            sizes.push(member.content.len() as u64);
            Node::File(sizes.len() - 1)
        }
    };
    put(view, &member.path, node, number);
}

/// A directory on a directory stays; anything else takes what is below away.
fn put(view: &mut View, path: &str, node: Node, number: usize) {
    let was = view.insert(path.to_owned(), (node, number));
    let stays = node == Node::Directory && matches!(was, Some((Node::Directory, _)));
    if !stays {
        let below = format!("{path}/");
        view.retain(|other, (_, layer)| {
            !other.starts_with(&below) || *layer == number && node == Node::Directory
        });
    }
}

fn parents(view: &mut View, directory: &str, number: usize) {
    let ends = directory
        .match_indices('/')
        .map(|(at, _)| at)
        .chain([directory.len()]);
    for end in ends.filter(|end| *end > 0) {
        let path = &directory[..end];
        if !matches!(view.get(path), Some((Node::Directory, _))) {
            put(view, path, Node::Directory, number);
        }
    }
}

/// Takes away what lower layers have at a path (if it is a whiteout of it) and below it. Directories that the layer has
/// something in stay, as its own.
fn hide(view: &mut View, path: &str, is_whiteout: bool, number: usize) {
    let below = format!("{path}/");
    let is_hidden = |other: &str| other.starts_with(&below) || is_whiteout && other == path;
    let own: Vec<String> = view
        .iter()
        .filter(|(_, (_, layer))| *layer == number)
        .map(|(path, _)| path.clone())
        .collect();
    view.retain(|other, (node, layer)| {
        let inside = format!("{other}/");
        if is_hidden(other) && own.iter().any(|path| path.starts_with(&inside)) {
            (*node, *layer) = (Node::Directory, number);
        }
        !is_hidden(other) || *layer == number
    });
}
