//! Names of documents.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// The path that a `file:` URI names; nothing for others (`untitled:`, `git:`).
pub(super) fn path(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let slash = rest.find('/')?;
    let mut bytes = Vec::with_capacity(rest.len());
    let mut written = rest[slash..].bytes();
    while let Some(byte) = written.next() {
        bytes.push(match byte {
            b'%' => digit(written.next()?)? * 16 + digit(written.next()?)?,
            b'?' | b'#' => break,
            _ => byte,
        });
    }
    Some(PathBuf::from(OsString::from_vec(bytes)))
}

fn digit(byte: u8) -> Option<u8> {
    let value = char::from(byte).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn paths_are_found() {
        let of = |uri: &str| path(uri).map(|path| path.to_str().unwrap_or("?").to_owned());
        assert_eq!(of("file:///a/b").as_deref(), Some("/a/b"));
        assert_eq!(of("file://host/a%20b%C3%A9#x").as_deref(), Some("/a bé"));
        assert_eq!(of("file:///a%ff").as_deref(), Some("?"));
        for uri in [
            "untitled:Untitled-1",
            "file://",
            "file:///a%",
            "file:///a%zz",
            "",
            "/a",
        ] {
            assert_eq!(of(uri), None, "{uri}");
        }
    }
}
