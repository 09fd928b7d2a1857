//! Node's packages: a directory in `node_modules` with a `package.json`.

use super::{Claim, Contents, Ecosystem, Files, package};

const MODULES: &[u8] = b"/node_modules/";
const MANIFEST: &[u8] = b"/package.json";

pub(super) fn is_database(path: &[u8]) -> bool {
    directory(path).is_some()
}

/// `…/node_modules/NAME` or `…/node_modules/@SCOPE/NAME` of its `package.json`.
fn directory(path: &[u8]) -> Option<&[u8]> {
    let directory = path.strip_suffix(MANIFEST)?;
    let modules = directory
        .windows(MODULES.len())
        .rposition(|window| window == MODULES)?;
    let name = &directory[modules + MODULES.len()..];
    let slashes = name.iter().filter(|byte| **byte == b'/').count();
    let wanted = usize::from(name.starts_with(b"@"));
    (slashes == wanted && !name.is_empty()).then_some(directory)
}

pub(super) fn read(contents: &Contents<'_>) -> Vec<Claim> {
    let manifests = contents
        .iter()
        .filter_map(|(path, content)| Some((directory(path)?, *content)));
    manifests
        .map(|(directory, content)| claim(directory, content))
        .collect()
}

fn claim(directory: &[u8], content: &[u8]) -> Claim {
    let manifest: serde_json::Value = serde_json::from_slice(content).unwrap_or_default();
    let text = |name: &str| {
        manifest
            .get(name)
            .and_then(|value| value.as_str())
            .unwrap_or_default()
    };
    let start = directory
        .windows(MODULES.len())
        .rposition(|window| window == MODULES);
    let by_path = String::from_utf8_lossy(&directory[start.map_or(0, |at| at + MODULES.len())..]);
    let name = if text("name").is_empty() {
        &by_path
    } else {
        text("name")
    };
    Claim {
        package: package(Ecosystem::Npm, name, text("version")),
        files: Files::Below(directory.to_vec()),
    }
}
