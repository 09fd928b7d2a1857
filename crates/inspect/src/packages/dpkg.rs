//! dpkg's database: deb-status(5), dpkg(1) "FILES". Distroless images have it in pieces, below `status.d`.

use std::collections::HashMap;

use super::{Claim, Contents, Ecosystem, Files, field, package};

const STATUS: &[u8] = b"/var/lib/dpkg/status";
const PIECES: &[u8] = b"/var/lib/dpkg/status.d/";
const INFO: &[u8] = b"/var/lib/dpkg/info/";

pub(super) fn is_database(path: &[u8]) -> bool {
    let is_list = path.starts_with(INFO) && path.ends_with(b".list");
    path == STATUS || path.starts_with(PIECES) || is_list
}

/// What files hold, by their paths.
type Lists<'c> = HashMap<&'c [u8], &'c [u8]>;

pub(super) fn read(contents: &Contents<'_>) -> Vec<Claim> {
    let lists: Lists<'_> = contents
        .iter()
        .map(|(path, content)| (path.as_slice(), *content))
        .collect();
    let mut claims = Vec::new();
    for (path, content) in contents {
        let is_piece = path.starts_with(PIECES) && !path.ends_with(b".md5sums");
        if path != STATUS && !is_piece {
            continue;
        }
        let text = String::from_utf8_lossy(content);
        for stanza in text.split("\n\n") {
            claims.extend(claim(stanza, &lists, path));
        }
    }
    claims
}

fn claim(stanza: &str, lists: &Lists<'_>, status: &[u8]) -> Option<Claim> {
    let name = field(stanza, "Package")?;
    let is_installed = field(stanza, "Status").is_none_or(|status| status.ends_with(" installed"));
    let version = field(stanza, "Version").unwrap_or_default();
    let files = match status == STATUS {
        true => listed(
            name,
            field(stanza, "Architecture").unwrap_or_default(),
            lists,
        ),
        false => summed(status, lists),
    };
    is_installed.then(|| Claim {
        package: package(Ecosystem::Deb, name, version),
        files: Files::Listed(files),
    })
}

/// `info/NAME.list`, or `info/NAME:ARCH.list`, and those of the database itself.
fn listed(name: &str, architecture: &str, lists: &Lists<'_>) -> Vec<Vec<u8>> {
    let list = |name: String| [INFO, name.as_bytes(), b".list"].concat();
    let (plain, full) = (
        list(name.to_owned()),
        list(format!("{name}:{architecture}")),
    );
    let found = lists
        .get(plain.as_slice())
        .or_else(|| lists.get(full.as_slice()));
    let lines = found
        .copied()
        .unwrap_or_default()
        .split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

/// `status.d/NAME.md5sums`: a sum and a path a line.
fn summed(status: &[u8], lists: &Lists<'_>) -> Vec<Vec<u8>> {
    let path = [status, b".md5sums"].concat();
    let found = lists.get(path.as_slice());
    let lines = found
        .copied()
        .unwrap_or_default()
        .split(|byte| *byte == b'\n');
    lines
        .filter_map(|line| line.get(34..))
        .map(|path| [b"/", path].concat())
        .collect()
}
