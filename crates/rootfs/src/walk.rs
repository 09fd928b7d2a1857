//! Resolving a path name by name, following symbolic links inside the root.
//!
//! `openat2(RESOLVE_IN_ROOT)` does this in one system call, but tells neither the path that it arrived at nor what
//! was missing on the way, makes nothing, and knows nothing of a stack of layers that is not mounted. The rules are
//! the kernel's: an absolute link starts again at the root, and `..` at the root stays there.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use crate::Error;

/// As many links as the kernel follows in one path (`MAXSYMLINKS`).
const MAX_LINKS: usize = 40;

/// A directory that can be walked from.
pub(crate) trait Node: Clone {
    /// What `name` is in this directory.
    fn look(&self, name: &OsStr) -> Result<Look<Self>, Error>;
}

/// What is behind a name.
#[derive(Debug)]
pub(crate) enum Look<N> {
    /// Nothing.
    Missing,
    /// A directory.
    Dir(N),
    /// A symbolic link with its target.
    Symlink(OsString),
    /// Anything else.
    Other,
}

/// What to do with a symbolic link in the last place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowLast {
    /// Follow it, as `open(2)` does.
    Yes,
    /// Take the link itself, as `lstat(2)` does.
    No,
}

/// Makes the directory that is missing at a name, or does not.
pub(crate) type OnMissing<'a, N> = &'a mut dyn FnMut(&Step<N>) -> Result<Option<N>, Error>;

/// A name that is about to be looked at.
pub(crate) struct Step<'a, N> {
    pub(crate) parent: &'a N,
    pub(crate) name: &'a OsStr,
    /// Where it is, from the root.
    pub(crate) path: PathBuf,
}

/// Where a walk ended.
pub(crate) struct Arrival<N> {
    /// The path from the root, with no link in it but a last one that was not followed.
    pub(crate) path: PathBuf,
    /// The directory that the last name is in, and the name. `None`: the path leads to the root itself.
    pub(crate) last: Option<(N, OsString)>,
    /// What is there.
    pub(crate) end: End<N>,
}

pub(crate) enum End<N> {
    /// A directory.
    Dir(N),
    /// Anything else that exists.
    Other,
    /// Nothing. The path is what it would be: names that do not exist are not resolved further.
    Missing,
}

struct Walk<'a, N> {
    root: N,
    /// Directories from the root to where we are, with their names.
    trail: Vec<(OsString, N)>,
    /// Names yet to come, the next one last.
    ahead: Vec<OsString>,
    links: usize,
    whole: &'a Path,
}

/// Resolves `path` from `root`.
pub(crate) fn walk<N: Node>(
    root: N,
    path: &Path,
    follow: FollowLast,
    on_missing: OnMissing<'_, N>,
) -> Result<Arrival<N>, Error> {
    let mut walk = Walk {
        root,
        trail: Vec::new(),
        ahead: Vec::new(),
        links: 0,
        whole: path,
    };
    walk.push(path);
    while let Some(name) = walk.ahead.pop() {
        if name == ".." {
            walk.trail.pop();
            continue;
        }
        match walk.here().look(&name)? {
            Look::Dir(dir) => walk.trail.push((name, dir)),
            Look::Symlink(target) if follow == FollowLast::Yes || !walk.ahead.is_empty() => {
                walk.follow(&target)?;
            }
            Look::Symlink(_) | Look::Other => return walk.ended_at_file(name),
            Look::Missing => {
                let path = walk.path().join(&name);
                let step = Step {
                    parent: walk.here(),
                    name: &name,
                    path,
                };
                match on_missing(&step)? {
                    Some(dir) => walk.trail.push((name, dir)),
                    None => return Ok(walk.ended_at_nothing(name)),
                }
            }
        }
    }
    Ok(walk.ended_at_dir())
}

impl<N: Node> Walk<'_, N> {
    fn here(&self) -> &N {
        self.trail.last().map_or(&self.root, |(_, dir)| dir)
    }

    fn path(&self) -> PathBuf {
        let mut path = PathBuf::from("/");
        path.extend(self.trail.iter().map(|(name, _)| name));
        path
    }

    /// Puts the names of a path in front of those that are yet to come.
    fn push(&mut self, path: &Path) {
        for component in path.components().rev() {
            match component {
                Component::Normal(name) => self.ahead.push(name.to_owned()),
                Component::ParentDir => self.ahead.push("..".into()),
                // The first of an absolute path, thus the last here.
                Component::RootDir => self.trail.clear(),
                Component::CurDir | Component::Prefix(_) => {}
            }
        }
    }

    fn follow(&mut self, target: &OsStr) -> Result<(), Error> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(Error::TooManyLinks {
                path: self.whole.to_owned(),
            });
        }
        self.push(Path::new(target));
        Ok(())
    }

    fn ended_at_dir(mut self) -> Arrival<N> {
        let path = self.path();
        let Some((name, dir)) = self.trail.pop() else {
            return Arrival {
                path,
                last: None,
                end: End::Dir(self.root),
            };
        };
        let parent = self.here().clone();
        Arrival {
            path,
            last: Some((parent, name)),
            end: End::Dir(dir),
        }
    }

    fn ended_at_file(self, name: OsString) -> Result<Arrival<N>, Error> {
        let path = self.path().join(&name);
        if !self.ahead.is_empty() {
            return Err(Error::NotADirectory { path });
        }
        Ok(Arrival {
            path,
            last: Some((self.here().clone(), name)),
            end: End::Other,
        })
    }

    fn ended_at_nothing(mut self, name: OsString) -> Arrival<N> {
        let mut path = self.path().join(&name);
        let mut last = Some((self.here().clone(), name));
        while let Some(name) = self.ahead.pop() {
            if name == ".." {
                path.pop();
            } else {
                path.push(name);
            }
            last = None;
        }
        Arrival {
            path,
            last,
            end: End::Missing,
        }
    }
}
