//! Layers made of few words.

use oci::tar::{Entry, Kind, Writer};
use proptest::prelude::*;

/// A member of a layer's tar.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) path: String,
    pub(crate) kind: Kind,
    pub(crate) content: String,
    mode: u32,
    uid: u64,
}

impl Member {
    fn new(path: &str, kind: Kind, content: &str) -> Self {
        let (path, content) = (path.to_owned(), content.to_owned());
        Self {
            path,
            kind,
            content,
            mode: 0o644,
            uid: 0,
        }
    }

    pub(crate) fn file(path: &str, content: &str) -> Self {
        Self::new(path, Kind::File, content)
    }

    pub(crate) fn directory(path: &str) -> Self {
        Self::new(path, Kind::Directory, "")
    }

    pub(crate) fn link(path: &str, target: &str) -> Self {
        Self::new(path, Kind::Hardlink(target.into()), "")
    }

    pub(crate) fn symlink(path: &str, target: &str) -> Self {
        Self::new(path, Kind::Symlink(target.into()), "")
    }

    pub(crate) fn whiteout(path: &str) -> Self {
        let (directory, name) = path.rsplit_once('/').map_or(("", path), |(d, n)| (d, n));
        let slash = if directory.is_empty() { "" } else { "/" };
        Self::file(&format!("{directory}{slash}.wh.{name}"), "")
    }

    pub(crate) fn opaque(directory: &str) -> Self {
        Self::file(&format!("{directory}/.wh..wh..opq"), "")
    }

    pub(crate) fn mode(self, mode: u32) -> Self {
        Self { mode, ..self }
    }

    pub(crate) fn owner(self, uid: u64) -> Self {
        Self { uid, ..self }
    }
}

/// The tar of a layer.
pub(crate) fn tar(members: &[Member]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for member in members {
        let mut entry = Entry::new(member.path.as_bytes(), member.kind.clone(), member.mode);
        entry.uid = member.uid;
        entry.size = member.content.len() as u64;
        let mut content = member.content.as_bytes();
        writer
            .append(&entry, &mut content)
            .expect("the member can be written");
    }
    writer.finish().expect("there is memory")
}

/// Up to four layers on few paths, so that they get in each other's way.
pub(crate) fn some() -> impl Strategy<Value = Vec<Vec<Member>>> {
    let name = prop::sample::select(vec!["a", "b", "c"]);
    let path = prop::collection::vec(name, 1..4).prop_map(|names| names.join("/"));
    let content = prop::sample::select(vec!["", "one", "three", "other", "a longer one"]);
    let member = (path.clone(), path, content, 0..10_u8).prop_map(
        |(path, other, content, what)| match what {
            0..=4 => Member::file(&path, content),
            5 => Member::directory(&path),
            6 => Member::link(&path, &other),
            7 => Member::opaque(&path),
            _ => Member::whiteout(&path),
        },
    );
    prop::collection::vec(prop::collection::vec(member, 0..8), 1..5)
}
