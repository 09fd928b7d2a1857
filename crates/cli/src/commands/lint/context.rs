//! What lies in the build context: for rules that look at what is copied.

use crate::command_error::CommandError;
use dockerfile::Parsed;
use dockerfile::ast::{CopySource, Kind};
use dockerfile::ignore::{DirState, Patterns};
use lint::{Context, ContextEntry};
use std::fs::{self, DirEntry};
use std::io::ErrorKind;
use std::path::Path;
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

/// Looks through a context. As in a build, `NAME.dockerignore` beside the Dockerfile stands in for `.dockerignore`.
pub(super) fn look(folder: &Path, dockerfile: Option<&Path>) -> Result<Surroundings, CommandError> {
    let beside = dockerfile.map(|path| {
        let mut name = path.as_os_str().to_owned();
        name.push(".dockerignore");
        name.into()
    });
    let usual = folder.join(".dockerignore");
    let mut found = Surroundings::default();
    let mut context = Context::default();
    for path in beside.into_iter().chain([usual]) {
        let path: &Path = &path;
        let text = match fs::metadata(path).map(|metadata| metadata.is_file()) {
            Ok(true) => fs::read(path),
            _ => Err(ErrorKind::NotFound.into()),
        };
        match text {
            Ok(text) => {
                let text = String::from_utf8_lossy(&text);
                let wrong = |error| CommandError::new(format!("{}: {error}", path.display()));
                found.ignore = Some(Patterns::parse(&text).map_err(wrong)?);
                let name = path.file_name().unwrap_or_default();
                context.ignore_file = Some(name.to_string_lossy().into_owned());
                break;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(CommandError::file("read", path, error)),
        }
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
    use super::{is_copied_from, look};
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
        let found = look(dir.path(), Some(&dir.path().join("Dockerfile"))).unwrap();
        assert!(!found.is_more && found.ignore.is_some());
        let context = found.context.unwrap();
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
        assert!(look(dir.path(), Some(&dir.path().join("Dockerfile"))).is_err());
    }

    #[test]
    fn only_copies_need_a_context() {
        let is = |text: &str| is_copied_from(&dockerfile::parse(&Source::new("Dockerfile", text)));
        assert!(is("FROM a\nCOPY . .\n") && is("FROM a\nONBUILD ADD x /\n"));
        assert!(!is("FROM a\nCOPY --from=b . .\nCOPY <<E /x\nE\nRUN true\n"));
    }
}
