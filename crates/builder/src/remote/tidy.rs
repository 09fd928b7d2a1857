//! What git left in a working tree, made the same on every machine.

use std::path::Path;

use rootfs::{Attributes, Dir, FileKind};

use super::GitRepository;
use crate::Error;
use crate::missing::MissingSource;

/// Git's own directory, or the file that names it. No commit can hold anything of that name.
const GIT: &str = ".git";

/// Deeper than this nothing is looked at.
const DEEPEST: usize = 256;

/// Removes the repository itself, and those of submodules.
pub(super) fn drop_git_directories(tree: &Dir) -> Result<(), Error> {
    visit(tree, DEEPEST, &|dir: &Dir| {
        if dir.stat(GIT)?.is_some() {
            dir.remove_tree(GIT)?;
        }
        Ok(())
    })
}

/// The directory that is wanted. Links are not followed: the repository says where they lead.
pub(super) fn directory(tree: &Path, repository: &GitRepository) -> Result<Dir, Error> {
    let path = repository.subdirectory.as_deref().unwrap_or_default();
    let mut dir = Dir::open(tree)?;
    for name in dockerfile::glob::clean(&format!("/{path}"))
        .split('/')
        .filter(|name| !name.is_empty())
    {
        let found = dir.stat(name)?;
        if !found.is_some_and(|found| found.is_dir()) {
            let tree = format!("the repository {}", repository.url);
            return Err(MissingSource::new(Path::new(path), &tree).into());
        }
        dir = dir.open_dir(name)?;
    }
    Ok(dir)
}

/// Gives everything below a directory the modes that git knows, root as its owner, and one time.
pub(super) fn settle(tree: &Dir, seconds: i64) -> Result<(), Error> {
    let attributes = |mode| Attributes {
        mode,
        owner: Some((0, 0)),
        mtime: Some((seconds, 0)),
    };
    visit(tree, DEEPEST, &|dir: &Dir| {
        for entry in dir.entries()? {
            let Some(found) = dir.stat(&entry.name)? else {
                continue;
            };
            let mode = match found.kind {
                FileKind::Directory => continue,
                FileKind::File if found.mode & 0o100 != 0 => Some(0o755),
                FileKind::File => Some(0o644),
                _ => None,
            };
            dir.set_attributes(&entry.name, &attributes(mode))?;
        }
        Ok(dir.set_own_attributes(&attributes(Some(0o755)))?)
    })
}

/// Does something with a directory and all below it, these first: whoever changes a name changes a directory's time.
fn visit(dir: &Dir, deepest: usize, act: &dyn Fn(&Dir) -> Result<(), Error>) -> Result<(), Error> {
    for entry in dir.entries()? {
        if dir.stat(&entry.name)?.is_some_and(|found| found.is_dir()) {
            if deepest == 0 {
                return Err(Error::TooDeep {
                    name: entry.name,
                    tree: "a git repository".to_owned(),
                });
            }
            visit(&dir.open_dir(&entry.name)?, deepest - 1, act)?;
        }
    }
    act(dir)
}
