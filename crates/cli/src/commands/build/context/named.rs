//! `--build-context NAME=VALUE`.

use super::folder::Folder;
use crate::command_error::CommandError;
use builder::remote::{self, GitRepository, Remote};
use builder::{LocalContext, NamedContext, OciLayout};
use oci::{Platform, Reference};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Reads all of them; the last of a name counts.
pub(in crate::commands::build) fn read(
    given: &[(String, String)],
) -> Result<BTreeMap<String, NamedContext>, CommandError> {
    let mut contexts = BTreeMap::new();
    for (given_name, value) in given {
        let wrong = |error: CommandError| error.about(&format!("--build-context {given_name}"));
        let name = name(given_name).map_err(wrong)?;
        contexts.insert(name, context(value).map_err(wrong)?);
    }
    Ok(contexts)
}

/// A name as images are written for short, perhaps for one platform only: `name::os/architecture`.
fn name(text: &str) -> Result<String, CommandError> {
    let (name, platform) = match text.split_once("::") {
        Some((name, platform)) => (name, Some(platform.parse::<Platform>()?)),
        None => (text, None),
    };
    let reference: Reference = name.parse()?;
    let familiar = reference.familiar();
    let short = familiar.strip_suffix(":latest").unwrap_or(&familiar);
    Ok(match platform {
        Some(platform) => format!("{short}::{}", platform.normalise()),
        None => short.to_owned(),
    })
}

fn context(value: &str) -> Result<NamedContext, CommandError> {
    if let Some(name) = value.strip_prefix("docker-image://") {
        return Ok(match name {
            "scratch" => NamedContext::Scratch,
            name => NamedContext::Image(name.parse()?),
        });
    }
    if let Some(layout) = value.strip_prefix("oci-layout://") {
        return layout_at(layout).map(NamedContext::Layout);
    }
    if value.starts_with("target:") {
        let message = "a target of a bake file can be named in a bake file only";
        return Err(CommandError::usage(message));
    }
    let path = PathBuf::from(value);
    if path.is_dir() {
        return folder(path).map(NamedContext::Folder);
    }
    let repository = GitRepository::parse_context(value);
    match repository.map_err(|error| CommandError::usage(error.to_string()))? {
        Some(repository) => Ok(NamedContext::Remote(Remote::Git(repository))),
        None if remote::is_web(value) => Ok(NamedContext::Remote(Remote::web_context(value))),
        None => Err(CommandError::new(format!("{value} is not a folder")).hint(
            "it is a folder, docker-image://NAME, oci-layout://FOLDER, the URL of a git repository or of a file",
        )),
    }
}

/// A folder, with its own ignore file.
fn folder(path: PathBuf) -> Result<LocalContext, CommandError> {
    let folder = Folder::of_host(path);
    let ignore = folder.ignore(None)?;
    Ok(LocalContext {
        ignore,
        ..folder.into_context()
    })
}

/// `folder[:tag][@digest]`, as buildx reads it.
fn layout_at(text: &str) -> Result<OciLayout, CommandError> {
    let (text, digest) = match text.split_once('@') {
        Some((text, digest)) => (text, Some(digest.parse()?)),
        None => (text, None),
    };
    let (directory, tag) = match text.split_once(':') {
        Some((directory, tag)) => (directory, Some(tag.to_owned())),
        None => (text, None),
    };
    let directory = PathBuf::from(directory);
    if !directory.join("index.json").is_file() {
        let directory = directory.display();
        return Err(CommandError::new(format!(
            "{directory} is no OCI image layout: it has no index.json"
        )));
    }
    Ok(OciLayout {
        directory,
        tag,
        digest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (text, short) in [
            ("alpine", "alpine"),
            ("alpine:latest", "alpine"),
            ("docker.io/library/alpine:3", "alpine:3"),
            ("ghcr.io/a/b", "ghcr.io/a/b"),
            ("lib::linux/arm64/v8", "lib::linux/arm64"),
        ] {
            assert_eq!(name(text).unwrap(), short, "{text}");
        }
        assert!(name("BASE").is_err());
    }

    #[test]
    fn values() {
        let is = |text: &str| context(text).unwrap();
        assert!(matches!(
            is(
                "docker-image://alpine@sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            ),
            NamedContext::Image(_)
        ));
        assert!(matches!(
            is("docker-image://scratch"),
            NamedContext::Scratch
        ));
        assert!(matches!(
            is("https://h/r.git#v1"),
            NamedContext::Remote(Remote::Git(_))
        ));
        assert!(matches!(
            is("https://h/r.tar.gz"),
            NamedContext::Remote(Remote::Web(_))
        ));
        assert!(matches!(is("/"), NamedContext::Folder(_)));
        for bad in [
            "target:x",
            "ftp://h/x",
            "/nowhere",
            "oci-layout:///nowhere",
            "docker-image://A",
        ] {
            assert!(context(bad).is_err(), "{bad}");
        }
    }
}
