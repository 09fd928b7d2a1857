//! `carafe cp`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::container::copy_tree::{self, Owner};
use crate::container::directory::{Container, Containers, Ownership};
use crate::container::process::entry;
use crate::exit::Exit;
use rootfs::{Dir, FileKind, FollowLast, Root};
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use store::Store;

/// Copy files out of a container, or into it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Keep owners
    #[arg(short, long)]
    archive: bool,
    /// Follow a link that SOURCE is
    #[arg(short = 'L', long)]
    follow_link: bool,
    /// Say nothing (as ever)
    #[arg(short, long)]
    quiet: bool,
    /// What to copy: a path of the host, or CONTAINER:PATH. The content of a folder alone is `FOLDER/.`
    #[arg(value_name = "SOURCE")]
    from: String,
    /// Where to: the other one of the two
    #[arg(value_name = "DESTINATION")]
    to: String,
}

impl Args {
    /// The container's name.
    pub(crate) fn container(&self) -> Option<&str> {
        let inside = |text| match Side::read(text) {
            Side::Container(name, _) => Some(name),
            Side::Host(_) => None,
        };
        inside(&self.from).or_else(|| inside(&self.to))
    }
}

/// One of the two arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side<'a> {
    Host(&'a str),
    Container(&'a str, &'a str),
}

impl<'a> Side<'a> {
    /// What begins with `/` or `.` is a path of the host, whatever colons are in it.
    fn read(text: &'a str) -> Self {
        match text.split_once(':') {
            Some((name, path)) if !text.starts_with(['/', '.']) => Self::Container(name, path),
            _ => Self::Host(text),
        }
    }
}

pub(crate) fn run(args: &Args, config: &Config) -> Result<Exit, CommandError> {
    let store = config.store()?;
    let name = match (Side::read(&args.from), Side::read(&args.to)) {
        (Side::Host("-"), _) | (_, Side::Host("-")) => {
            return Err(CommandError::not_yet("cp of a tar stream (`-`)"));
        }
        (Side::Container(name, _), Side::Host(_)) | (Side::Host(_), Side::Container(name, _)) => {
            name
        }
        (Side::Container(..), Side::Container(..)) => {
            return Err(
                CommandError::usage("cp from one container into another is not possible")
                    .hint("copy to the host first"),
            );
        }
        (Side::Host(_), Side::Host(_)) => {
            return Err(
                CommandError::usage("neither SOURCE nor DESTINATION is in a container")
                    .hint("a path in a container is written CONTAINER:PATH"),
            );
        }
    };
    let container = Containers::new(&store).find(name)?;
    let (inside, _held) = root(&container, &store)?;
    let outside = Root::open("/")?;
    match (Side::read(&args.from), Side::read(&args.to)) {
        (Side::Container(_, from), Side::Host(to)) => {
            let to = host(to)?;
            let owner = if args.archive {
                Owner::Kept
            } else {
                Owner::Caller
            };
            copy(
                (&inside, &anchored(from)),
                (&outside, &to),
                owner,
                args.follow_link,
            )?;
        }
        (Side::Host(from), Side::Container(_, to)) => {
            let from = host(from)?;
            let owner = if args.archive {
                Owner::Kept
            } else {
                Owner::Caller
            };
            copy(
                (&outside, &from),
                (&inside, &anchored(to)),
                owner,
                args.follow_link,
            )?;
        }
        _ => {}
    }
    Ok(Exit::Success)
}

/// The container's root: what its processes see, or its files where none runs.
fn root(container: &Container, store: &Store) -> Result<(Root, Option<Ownership>), CommandError> {
    let state = container.state()?;
    match state.open_process() {
        Some(process) => Ok((entry(container, &state, process)?.root()?, None)),
        None => super::run::root_of(container, store).map(|(root, held)| (root, Some(held))),
    }
}

/// A path in a container begins at its root, in any case.
fn anchored(path: &str) -> PathBuf {
    PathBuf::from(format!("/{}", path.trim_start_matches('/')))
}

/// A path of the host, from its root.
fn host(path: &str) -> Result<PathBuf, CommandError> {
    let absolute = std::path::absolute(path)
        .map_err(|error| CommandError::file("find", Path::new(path), error))?;
    // That drops what is said by a slash or dot at the end.
    let ends = [("/.", "."), ("/", "")].into_iter();
    let end = ends
        .filter(|(end, _)| path.ends_with(end))
        .map(|(_, keep)| keep)
        .next();
    Ok(end.map_or(absolute.clone(), |end| absolute.join(end)))
}

/// Copies as `docker cp` does: a folder that is there gets the source as an entry, another name is a new one.
fn copy(
    (from, source): (&Root, &Path),
    (to, target): (&Root, &Path),
    owner: Owner,
    follow: bool,
) -> Result<(), CommandError> {
    let metadata = if follow {
        from.metadata(source)
    } else {
        from.symlink_metadata(source)
    };
    let Some(metadata) = metadata? else {
        return Err(missing(source).hint("check the path, and which of the two sides it is on"));
    };
    let is_dir = metadata.kind == FileKind::Directory;
    let is_content = source.as_os_str().to_string_lossy().ends_with("/.");
    if is_content && !is_dir {
        return Err(CommandError::new(format!(
            "{} is not a folder",
            source.display()
        )));
    }
    let there = to.metadata(target)?;
    let into = there
        .as_ref()
        .is_some_and(|there| there.kind == FileKind::Directory);
    if !into && target.as_os_str().to_string_lossy().ends_with('/') && !is_dir {
        return Err(
            missing(target).hint("a name that ends in `/` is that of a folder: make it first")
        );
    }
    if is_dir && (is_content || name_of(source).is_none()) {
        let target = opened(to, target, into)?;
        return copy_tree::contents(&from.open_dir(source)?, &target, owner);
    }
    if is_dir && !into {
        // A folder under a new name.
        if there.is_some() {
            return Err(CommandError::new(format!(
                "{} is not a folder",
                target.display()
            )));
        }
        let target = opened(to, target, false)?;
        return copy_tree::contents(&from.open_dir(source)?, &target, owner);
    }
    let last = if follow {
        FollowLast::Yes
    } else {
        FollowLast::No
    };
    let found = from.resolve(source, last)?;
    let (source_dir, source_name) = from.parent_of(&found)?;
    let wanted = name_of(source).unwrap_or_else(|| source_name.clone());
    let (target_dir, target_name) = match into {
        true => (to.open_dir(target)?, wanted),
        // The file that a link leads to is replaced, not the link.
        false => to
            .resolve(target, FollowLast::Yes)
            .and_then(|target| to.parent_of(&target))
            .map_err(|_| {
                missing(target.parent().unwrap_or(target)).hint("make the folder first")
            })?,
    };
    copy_tree::one(&source_dir, &source_name, &target_dir, &target_name, owner)
}

/// The folder at this path; a new one, where there is none.
fn opened(root: &Root, path: &Path, is_there: bool) -> Result<Dir, CommandError> {
    if !is_there {
        let (parent, name) = root
            .parent_of(path)
            .map_err(|_| missing(path.parent().unwrap_or(path)).hint("make the folder first"))?;
        parent.mkdir(&name, 0o755)?;
    }
    Ok(root.open_dir(path)?)
}

fn missing(path: &Path) -> CommandError {
    CommandError::new(format!("there is no {}", path.display()))
}

/// The last name of a path, if it is one.
fn name_of(path: &Path) -> Option<OsString> {
    match path.components().next_back() {
        Some(Component::Normal(name)) => Some(name.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Side;

    #[test]
    fn sides() {
        assert_eq!(Side::read("web:/etc/x"), Side::Container("web", "/etc/x"));
        assert_eq!(Side::read("web:x"), Side::Container("web", "x"));
        for host in ["/a:b", "./a:b", "a", "-"] {
            assert_eq!(Side::read(host), Side::Host(host));
        }
    }
}
