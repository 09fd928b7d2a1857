//! Applies fixes: until there are none left, and into the file, if it is still what it was.

use super::look::Look;
use super::refusals::Refusals;
use crate::command_error::CommandError;
use dockerfile::Source;
use lint::Safety;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// Fixes that make others possible come to an end long before.
const ROUNDS: usize = 50;

/// A text with its fixes, and how many they were.
#[derive(Debug)]
pub(super) struct Mended {
    pub(super) source: Source,
    pub(super) count: usize,
}

/// Applies fixes as long as there are some. A text with more errors than before is never taken.
pub(super) fn mend(look: &Look<'_>, source: &Source, safety: Safety) -> Mended {
    let mut mended = Mended {
        source: source.clone(),
        count: 0,
    };
    for _ in 0..ROUNDS {
        let findings = look.findings(&mended.source);
        let fixed = lint::apply(&mended.source, &findings, safety);
        if fixed.count == 0 || fixed.text == mended.source.text() {
            break;
        }
        let next = Source::new(mended.source.name(), fixed.text);
        if errors(&next) > errors(&mended.source) {
            break;
        }
        mended.source = next;
        mended.count += fixed.count;
    }
    mended
}

fn errors(source: &Source) -> usize {
    Refusals::of(&dockerfile::parse(source), false).count()
}

/// Puts a text in the place of the one that was read: beside it first, then by a rename, with the same mode.
pub(super) fn write(path: &Path, read: &[u8], text: &str) -> Result<(), CommandError> {
    let failed = |error| CommandError::file("write", path, error);
    let target = target(path)?;
    let metadata = fs::metadata(&target).map_err(failed)?;
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    let beside = target.with_file_name(name);
    let _ = fs::remove_file(&beside);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let written = options.open(&beside).and_then(|mut file| {
        fill(&mut file, read, text)?;
        // Who may not give files away keeps them.
        let _ = fchown(&file, Some(metadata.uid()), Some(metadata.gid()));
        file.set_permissions(fs::Permissions::from_mode(metadata.mode() & 0o7777))?;
        file.sync_all()
    });
    let renamed = written
        .map_err(failed)
        .and_then(|()| match fs::read(&target) {
            Ok(now) if now == read => fs::rename(&beside, &target).map_err(failed),
            Ok(_) => Err(CommandError::new(format!(
                "{} was changed while it was being fixed",
                path.display()
            ))
            .hint("it is as somebody else left it; run carafe lint --fix again")),
            Err(error) => Err(failed(error)),
        });
    if renamed.is_err() {
        let _ = fs::remove_file(&beside);
    }
    renamed
}

/// Writes the text, and the byte order mark that a [`Source`] goes without.
fn fill(file: &mut File, read: &[u8], text: &str) -> io::Result<()> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    if read.starts_with(MARK) {
        file.write_all(MARK)?;
    }
    file.write_all(text.as_bytes())
}

/// The file that a name leads to. A link within its folder is followed; what lies elsewhere may be anybody's.
fn target(path: &Path) -> Result<PathBuf, CommandError> {
    let failed = |error| CommandError::file("write", path, error);
    if !fs::symlink_metadata(path).map_err(failed)?.is_symlink() {
        return Ok(path.to_owned());
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    let target = fs::canonicalize(path).map_err(failed)?;
    match target.starts_with(&folder) {
        true => Ok(target),
        false => Err(CommandError::new(format!(
            "{} is a link to {}, and is not fixed",
            path.display(),
            target.display()
        ))
        .hint("name the file itself")),
    }
}

#[cfg(test)]
mod tests {
    use super::write;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn files_are_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("Dockerfile");
        fs::write(&path, "\u{feff}FROM a\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        write(&path, "\u{feff}FROM a\n".as_bytes(), "FROM b\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "\u{feff}FROM b\n");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o640
        );
        let changed = write(&path, b"FROM a\n", "FROM c\n").unwrap_err();
        assert!(changed.message().contains("was changed"), "{changed:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "\u{feff}FROM b\n");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn links_lead_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, outside) = (dir.path().join("folder"), dir.path().join("outside"));
        fs::create_dir(&folder).unwrap();
        fs::write(&outside, "a").unwrap();
        fs::write(folder.join("inside"), "a").unwrap();
        symlink("../outside", folder.join("out")).unwrap();
        symlink("inside", folder.join("in")).unwrap();
        assert!(write(&folder.join("out"), b"a", "b").is_err());
        write(&folder.join("in"), b"a", "b").unwrap();
        assert_eq!(fs::read_to_string(&outside).unwrap(), "a");
        assert_eq!(fs::read_to_string(folder.join("inside")).unwrap(), "b");
        assert!(
            fs::symlink_metadata(folder.join("in"))
                .unwrap()
                .is_symlink()
        );
    }
}
