//! What lies in the build context: for rules that look at what is copied.

use crate::command_error::CommandError;
use dockerfile::Parsed;
use dockerfile::ast::{CopySource, Kind};
use dockerfile::ignore::{DirState, Patterns};
use lint::{Context, ContextEntry};
use std::collections::BTreeMap;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// A context is looked through for so long; what is counted then is less than there is.
const TIME: Duration = Duration::from_millis(100);
/// And for so many files.
const ENTRIES: u64 = 200_000;

/// A context, and its ignore file.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    pub(super) ignore: Option<Patterns>,
    pub(super) context: Option<Context>,
    /// Whether there is more than was counted.
    pub(super) is_more: bool,
}

/// The contexts that were looked through: several Dockerfiles may have one.
#[derive(Debug, Default)]
pub(super) struct Contexts {
    /// By their folders; for those whose ignore file is `.dockerignore`.
    known: BTreeMap<PathBuf, Rc<Surroundings>>,
}

impl Contexts {
    /// What lies in a context; `dockerfile` may have an ignore file of its own beside it.
    pub(super) fn look(
        &mut self,
        folder: &Path,
        dockerfile: Option<&Path>,
    ) -> Result<Rc<Surroundings>, CommandError> {
        let own = dockerfile.map(beside).filter(|path| path.is_file());
        if let Some(known) = self.known.get(folder).filter(|_| own.is_none()) {
            return Ok(Rc::clone(known));
        }
        let is_usual = own.is_none();
        let found = Rc::new(look(folder, own)?);
        if is_usual {
            self.known.insert(folder.to_owned(), Rc::clone(&found));
        }
        Ok(found)
    }
}

/// The ignore file of a Dockerfile.
fn beside(dockerfile: &Path) -> PathBuf {
    let mut name = dockerfile.as_os_str().to_owned();
    name.push(".dockerignore");
    name.into()
}

/// Whether a build would copy something from its context.
pub(super) fn is_copied_from(parsed: &Parsed) -> bool {
    let stages = parsed.dockerfile.stages.iter();
    let mut instructions = stages.flat_map(|stage| &stage.instructions);
    instructions.any(|instruction| copies(&instruction.kind))
}

fn copies(kind: &Kind) -> bool {
    let is_path = |source: &CopySource| matches!(source, CopySource::Path(_));
    match kind {
        Kind::Copy(copy) => copy.from.is_none() && copy.arguments.sources.iter().any(is_path),
        Kind::Add(add) => add.arguments.sources.iter().any(is_path),
        Kind::Onbuild(onbuild) => copies(&onbuild.instruction.kind),
        _ => false,
    }
}

/// Looks through a context. As in a build, a Dockerfile's own ignore file stands in for `.dockerignore`.
fn look(folder: &Path, own: Option<PathBuf>) -> Result<Surroundings, CommandError> {
    let mut found = Surroundings::default();
    let mut context = Context::default();
    let path = own.unwrap_or_else(|| folder.join(".dockerignore"));
    if path.is_file() {
        let text = fs::read(&path).map_err(|error| CommandError::file("read", &path, error))?;
        let wrong = |error| CommandError::new(format!("{}: {error}", path.display()));
        found.ignore = Some(Patterns::parse(&String::from_utf8_lossy(&text)).map_err(wrong)?);
        let name = path.file_name().unwrap_or_default();
        context.ignore_file = Some(name.to_string_lossy().into_owned());
    }
    let none = Patterns::default();
    let mut walk = Walk {
        patterns: found.ignore.as_ref().unwrap_or(&none),
        end: Instant::now() + TIME,
        left: ENTRIES,
        is_more: false,
    };
    let entries = fs::read_dir(folder);
    let entries = entries.map_err(|error| CommandError::file("look into", folder, error))?;
    context.entries = entries
        .flatten()
        .filter_map(|entry| walk.entry(&entry))
        .collect();
    context
        .entries
        .sort_by(|one, other| one.name.cmp(&other.name));
    found.is_more = walk.is_more;
    found.context = Some(context);
    Ok(found)
}

struct Walk<'p> {
    patterns: &'p Patterns,
    end: Instant,
    left: u64,
    is_more: bool,
}

impl Walk<'_> {
    /// Something in the top folder, if the ignore file lets it through, or anything in it.
    fn entry(&mut self, entry: &DirEntry) -> Option<ContextEntry> {
        let name = entry.file_name().to_string_lossy().into_owned();
        let root = self.patterns.root();
        let mut found = ContextEntry {
            is_directory: entry.file_type().ok()?.is_dir(),
            name,
            bytes: 0,
            files: 0,
        };
        let is_let_through = self.count(entry, &found.name.clone(), &root, &mut found);
        is_let_through.then_some(found)
    }

    /// Adds what is there; false if nothing of it is let through.
    fn count(
        &mut self,
        entry: &DirEntry,
        path: &str,
        parent: &DirState,
        sum: &mut ContextEntry,
    ) -> bool {
        if self.left == 0 || (self.left.is_multiple_of(64) && Instant::now() > self.end) {
            self.is_more = true;
            return true;
        }
        self.left -= 1;
        let Ok(metadata) = entry.metadata() else {
            return false;
        };
        if !metadata.is_dir() {
            let is_let_through = !self.patterns.ignores(parent, path);
            if is_let_through {
                sum.files += 1;
                sum.bytes += if metadata.is_file() {
                    metadata.len()
                } else {
                    0
                };
            }
            return is_let_through;
        }
        let (ignored, state) = self.patterns.enter(parent, path);
        if ignored && !self.patterns.may_contain_exceptions(path) {
            return false;
        }
        let mut is_let_through = !ignored;
        for inner in fs::read_dir(entry.path()).into_iter().flatten().flatten() {
            let name = inner.file_name();
            let path = format!("{path}/{}", name.to_string_lossy());
            is_let_through |= self.count(&inner, &path, &state, sum);
            if self.is_more {
                break;
            }
        }
        is_let_through
    }
}

#[cfg(test)]
mod tests {
    use super::{Contexts, is_copied_from};
    use dockerfile::Source;
    use std::fs;

    #[test]
    fn what_is_let_through_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in [
            (
                ".dockerignore",
                "target\nnode_modules\n!node_modules/keep\n",
            ),
            ("Dockerfile", "FROM scratch\n"),
            ("src/a", "12345"),
            ("src/deep/b", "1"),
            ("target/x", "1"),
            ("node_modules/keep", "123"),
            ("node_modules/other", "1"),
        ] {
            fs::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
            fs::write(dir.path().join(path), text).unwrap();
        }
        let dockerfile = dir.path().join("Dockerfile");
        let mut contexts = Contexts::default();
        let found = contexts.look(dir.path(), Some(&dockerfile)).unwrap();
        assert!(!found.is_more && found.ignore.is_some());
        let context = found.context.clone().unwrap();
        assert_eq!(context.ignore_file.as_deref(), Some(".dockerignore"));
        let entries = context.entries.iter();
        let entries: Vec<_> = entries
            .map(|entry| {
                (
                    entry.name.as_str(),
                    entry.is_directory,
                    entry.bytes,
                    entry.files,
                )
            })
            .collect();
        assert_eq!(
            entries,
            [
                (".dockerignore", false, 39, 1),
                ("Dockerfile", false, 13, 1),
                ("node_modules", true, 3, 1),
                ("src", true, 6, 2),
            ]
        );
        fs::write(dir.path().join("Dockerfile.dockerignore"), "[").unwrap();
        assert!(contexts.look(dir.path(), Some(&dockerfile)).is_err());
        assert!(contexts.look(dir.path(), None).is_ok());
    }

    #[test]
    fn only_copies_need_a_context() {
        let is = |text: &str| is_copied_from(&dockerfile::parse(&Source::new("Dockerfile", text)));
        assert!(is("FROM a\nCOPY . .\n") && is("FROM a\nONBUILD ADD x /\n"));
        assert!(!is("FROM a\nCOPY --from=b . .\nCOPY <<E /x\nE\nRUN true\n"));
    }
}
