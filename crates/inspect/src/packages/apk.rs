//! apk's database: apk-v2(5), "installed": stanzas of one-letter fields, `F:` a directory and `R:` a file in it.

use super::{Claim, Contents, Ecosystem, Files, field, package};

const INSTALLED: [&[u8]; 2] = [b"/lib/apk/db/installed", b"/usr/lib/apk/db/installed"];

pub(super) fn is_database(path: &[u8]) -> bool {
    INSTALLED.contains(&path)
}

pub(super) fn read(contents: &Contents<'_>) -> Vec<Claim> {
    let databases = contents.iter().filter(|(path, _)| is_database(path));
    databases
        .flat_map(|(_, content)| {
            let text = String::from_utf8_lossy(content).into_owned();
            text.split("\n\n").filter_map(claim).collect::<Vec<_>>()
        })
        .collect()
}

fn claim(stanza: &str) -> Option<Claim> {
    let (name, version) = (field(stanza, "P")?, field(stanza, "V").unwrap_or_default());
    let (mut directory, mut files) = ("", Vec::new());
    for line in stanza.lines() {
        match line.split_once(':') {
            Some(("F", path)) => directory = path,
            Some(("R", file)) => files.push(format!("/{directory}/{file}").into_bytes()),
            _ => {}
        }
    }
    Some(Claim {
        package: package(Ecosystem::Apk, name, version),
        files: Files::Listed(files),
    })
}
