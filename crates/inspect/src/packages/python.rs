//! Python's installed distributions: PEP 376 and PEP 627, `NAME-VERSION.dist-info/RECORD`: comma-separated lines whose first
//! field is a path below `site-packages`.

use super::{Claim, Contents, Ecosystem, Files, package};

const RECORD: &[u8] = b".dist-info/RECORD";

pub(super) fn is_database(path: &[u8]) -> bool {
    path.ends_with(RECORD)
}

pub(super) fn read(contents: &Contents<'_>) -> Vec<Claim> {
    let records = contents.iter().filter(|(path, _)| is_database(path));
    records
        .filter_map(|(path, content)| claim(path, content))
        .collect()
}

fn claim(path: &[u8], content: &[u8]) -> Option<Claim> {
    let info = path.strip_suffix(RECORD)?;
    let slash = info.iter().rposition(|byte| *byte == b'/')?;
    let (site, title) = (&info[..slash], String::from_utf8_lossy(&info[slash + 1..]));
    let (name, version) = title.rsplit_once('-').unwrap_or((&title, ""));
    let files = content
        .split(|byte| *byte == b'\n')
        .filter_map(first)
        .map(|file| match file.starts_with(b"/") {
            true => file,
            false => [site, b"/", file.as_slice()].concat(),
        });
    Some(Claim {
        package: package(Ecosystem::Python, name, version),
        files: Files::Listed(files.collect()),
    })
}

/// The first field of a line of comma-separated ones; in quotes if it has a comma in it.
fn first(line: &[u8]) -> Option<Vec<u8>> {
    let field = match line.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|byte| *byte == b'"').next()?,
        None => line.split(|byte| *byte == b',').next()?,
    };
    (!field.is_empty()).then(|| field.to_vec())
}
