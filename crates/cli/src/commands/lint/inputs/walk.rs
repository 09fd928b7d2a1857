//! The Dockerfiles in a folder, but for those that git ignores. Links are not followed.

use super::gitignore::GitIgnore;
use super::name::is_dockerfile;
use crate::command_error::CommandError;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// No ignore file is longer.
const LIMIT: u64 = 1 << 20;

/// The ignore files that hold in a folder, the nearest first.
#[derive(Clone, Debug, Default)]
struct Ignored {
    nearest: Option<Rc<Level>>,
}

#[derive(Debug)]
struct Level {
    file: GitIgnore,
    /// How deep its folder is: so many parts of a path are before it.
    depth: usize,
    above: Ignored,
}

/// What is found, in the order of the names, and what could not be looked into.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) files: Vec<PathBuf>,
    pub(super) errors: Vec<CommandError>,
}

/// A folder that is still to be looked into.
struct Folder {
    path: PathBuf,
    /// Its parts from the top of the repository on.
    parts: Vec<String>,
    ignored: Ignored,
}

/// Looks through a folder and those in it.
pub(super) fn walk(folder: &Path) -> Walked {
    let mut walked = Walked::default();
    let mut open = vec![start(folder)];
    while let Some(folder) = open.pop() {
        let entries = match fs::read_dir(&folder.path) {
            Ok(entries) => entries.flatten(),
            Err(error) => {
                walked
                    .errors
                    .push(CommandError::file("look into", &folder.path, error));
                continue;
            }
        };
        let ignored = folder
            .ignored
            .with(&folder.path.join(".gitignore"), folder.parts.len());
        let mut entries: Vec<_> = entries.collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        let mut folders = Vec::new();
        for entry in entries {
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_wanted = match kind.is_dir() {
                true => name != ".git",
                false => kind.is_file() && is_dockerfile(&name),
            };
            if !is_wanted {
                continue;
            }
            let mut parts = folder.parts.clone();
            parts.push(name);
            if ignored.contains(&parts, kind.is_dir()) {
                continue;
            }
            match kind.is_dir() {
                false => walked.files.push(entry.path()),
                true => folders.push(Folder {
                    path: entry.path(),
                    parts,
                    ignored: ignored.clone(),
                }),
            }
        }
        folders.reverse();
        open.append(&mut folders);
    }
    walked
}

/// A folder with what is ignored from the top of its repository on, if it is in one.
fn start(folder: &Path) -> Folder {
    let mut ignored = Ignored::default();
    let mut parts = Vec::new();
    if let Ok(whole) = fs::canonicalize(folder)
        && let Some(top) = whole.ancestors().find(|above| above.join(".git").exists())
        && let Ok(within) = whole.strip_prefix(top)
    {
        ignored = ignored.with(&top.join(".git/info/exclude"), 0);
        let mut at = top.to_owned();
        for part in within {
            ignored = ignored.with(&at.join(".gitignore"), parts.len());
            at.push(part);
            parts.push(part.to_string_lossy().into_owned());
        }
    }
    Folder {
        path: folder.to_owned(),
        parts,
        ignored,
    }
}

impl Ignored {
    /// The same with what one more file says, if it is there.
    fn with(&self, file: &Path, depth: usize) -> Self {
        let is_short = |metadata: &fs::Metadata| metadata.is_file() && metadata.len() <= LIMIT;
        let is_there = fs::symlink_metadata(file).is_ok_and(|metadata| is_short(&metadata));
        match is_there.then(|| fs::read(file)) {
            Some(Ok(text)) => Self {
                nearest: Some(Rc::new(Level {
                    file: GitIgnore::parse(&String::from_utf8_lossy(&text)),
                    depth,
                    above: self.clone(),
                })),
            },
            _ => self.clone(),
        }
    }

    fn contains(&self, parts: &[String], is_folder: bool) -> bool {
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let mut nearest = &self.nearest;
        while let Some(level) = nearest {
            let below = parts.get(level.depth..).unwrap_or_default();
            if let Some(decided) = level.file.decide(below, is_folder) {
                return decided;
            }
            nearest = &level.above.nearest;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::walk;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    fn found(top: &Path, below: &str) -> Vec<String> {
        let walked = walk(&top.join(below));
        assert!(walked.errors.is_empty());
        let files = walked.files.iter();
        let files = files.map(|file| file.strip_prefix(top).unwrap().display().to_string());
        files.collect()
    }

    #[test]
    fn ignored_files_and_links_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        for (path, text) in [
            (".git/info/exclude", "Dockerfile.secret\n"),
            (".git/Dockerfile", ""),
            (".gitignore", "/build\n*.Dockerfile\n"),
            ("Dockerfile", ""),
            ("Dockerfile.secret", ""),
            ("b.Dockerfile", ""),
            ("build/Dockerfile", ""),
            ("src/Dockerfile", ""),
            ("src/.gitignore", "!b.Dockerfile\nold/\n"),
            ("src/b.Dockerfile", ""),
            ("src/old/Dockerfile", ""),
            ("src/.hidden/Containerfile", ""),
            ("src/main.rs", ""),
        ] {
            fs::create_dir_all(top.join(path).parent().unwrap()).unwrap();
            fs::write(top.join(path), text).unwrap();
        }
        symlink("/etc", top.join("src/etc")).unwrap();
        symlink("../Dockerfile", top.join("src/Dockerfile.link")).unwrap();
        let in_src = [
            "src/Dockerfile",
            "src/b.Dockerfile",
            "src/.hidden/Containerfile",
        ];
        assert_eq!(found(&top, ""), [&["Dockerfile"][..], &in_src].concat());
        assert_eq!(found(&top, "src"), in_src);
        assert_eq!(found(&top, "build"), ["build/Dockerfile"]);
        fs::remove_dir_all(top.join(".git")).unwrap();
        assert_eq!(found(&top, "src"), in_src);
    }
}
