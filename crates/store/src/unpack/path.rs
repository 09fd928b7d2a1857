//! The names of archive entries.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::layer_error::LayerError;

/// Linux's `PATH_MAX`: nothing with a longer name could be used, and it bounds how deep a tree gets.
const MAX_PATH: usize = 4096;

/// The path of an entry, relative to the root and cleaned as Go's `path.Clean` does; `None` is the root itself.
///
/// A name that leads out of the root is an error, as it is for Docker: nobody makes such archives in good faith.
pub(crate) fn clean(name: &[u8]) -> Result<Option<PathBuf>, LayerError> {
    let refuse = |reason| {
        let shown = OsStr::from_bytes(&name[..name.len().min(MAX_PATH)]);
        Err(LayerError::Entry {
            path: shown.into(),
            reason,
        })
    };
    if name.len() > MAX_PATH {
        return refuse("its name is longer than the 4096 bytes that a path may have");
    }
    if name.contains(&0) {
        return refuse("its name has a NUL in it");
    }
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.pop().is_none() => return refuse("its name leads out of the archive"),
            b".." => {}
            part => parts.push(part),
        }
    }
    let path: PathBuf = parts.into_iter().map(OsStr::from_bytes).collect();
    Ok(Some(path).filter(|path| !path.as_os_str().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_or_refused() {
        for (name, path) in [
            ("a/b", Some("a/b")),
            ("./a//b/.", Some("a/b")),
            ("/etc/x", Some("etc/x")),
            ("a/../b", Some("b")),
            ("a/b/../../c", Some("c")),
            (".", None),
            ("./", None),
            ("/", None),
            ("a/..", None),
        ] {
            assert_eq!(
                clean(name.as_bytes()).unwrap(),
                path.map(PathBuf::from),
                "{name}"
            );
        }
        for name in ["../outside", "a/../../b", "/..", "/../etc/passwd", "a\0b"] {
            assert!(clean(name.as_bytes()).is_err(), "{name}");
        }
        assert!(clean(&[b'a'; 4097]).is_err());
    }
}
