//! Names of images, as far as rules look at them.

use dockerfile::ast::Stage;

use super::stages::parents;
use crate::file::File;

/// The parts of a reference to an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    /// `ghcr.io`, `localhost:5000`; nothing if it is Docker's.
    pub(super) registry: Option<&'a str>,
    /// What is between registry and tag.
    pub(super) name: &'a str,
    /// Behind the colon.
    pub(super) tag: Option<&'a str>,
    /// Behind the at sign.
    pub(super) digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Takes a reference apart.
    pub(super) fn new(text: &'a str) -> Self {
        Self::split(text, |first| {
            first.contains(['.', ':']) || first == "localhost"
        })
    }

    /// Takes it apart as hadolint does: only what has a dot is a registry, and the rest ends at the first colon.
    pub(super) fn of_hadolint(text: &'a str) -> Self {
        Self::split(text, |first| first.contains('.') && !first.starts_with('$'))
    }

    /// As the options want it.
    pub(super) fn of(file: &File<'_>, text: &'a str) -> Self {
        match file.options.compatible {
            true => Self::of_hadolint(text),
            false => Self::new(text),
        }
    }

    fn split(text: &'a str, is_registry: impl Fn(&str) -> bool) -> Self {
        let (registry, rest) = match text.split_once('/') {
            Some((first, rest)) if is_registry(first) => (Some(first), rest),
            _ => (None, text),
        };
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (rest, None),
        };
        // The colon in `${NAME:-default}` is none before a tag.
        let (name, tag) = match rest.split_once(':') {
            Some((name, tag)) if !name.contains("${") || name.contains('}') => (name, Some(tag)),
            _ => (rest, None),
        };
        Self {
            registry,
            name,
            tag,
            digest,
        }
    }
}

/// A base that is an image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base<'f> {
    /// The stage, as an index.
    pub(super) index: usize,
    /// The stage.
    pub(super) stage: &'f Stage,
    /// The image, with the variables that have values.
    pub(super) text: &'f str,
}

/// The bases that are images: no stage and not `scratch`. Those with a variable that has no value are left out. hadolint
/// takes them as they stand there.
pub(super) fn bases<'f>(file: &'f File<'_>) -> Vec<Base<'f>> {
    let parents = parents(file);
    let stages = file.dockerfile.stages.iter().zip(&file.analysis.stages);
    let images = stages.enumerate().filter_map(|(index, (stage, analysed))| {
        let is_known = !analysed.base.is_broken && analysed.base.unset.is_empty();
        let text = match (file.options.compatible, is_known) {
            (true, _) => &stage.base.text,
            (false, true) => &analysed.base.text,
            (false, false) => return None,
        };
        let is_image = parents[index].is_none() && text != "scratch" && !text.is_empty();
        is_image.then_some(Base { index, stage, text })
    });
    images.collect()
}

#[cfg(test)]
mod tests {
    use super::Reference;

    #[test]
    fn references_have_parts() {
        for (text, registry, name, tag, digest) in [
            ("debian", None, "debian", None, None),
            ("x/y:1", None, "x/y", Some("1"), None),
            (
                "ghcr.io/x/y@sha256:1",
                Some("ghcr.io"),
                "x/y",
                None,
                Some("sha256:1"),
            ),
            ("localhost/y", Some("localhost"), "y", None, None),
            (
                "host:5000/y:2@d",
                Some("host:5000"),
                "y",
                Some("2"),
                Some("d"),
            ),
            ("${X:-debian}", None, "${X:-debian}", None, None),
            ("${X}:latest", None, "${X}", Some("latest"), None),
            ("", None, "", None, None),
        ] {
            let parts = Reference::new(text);
            let expected = Reference {
                registry,
                name,
                tag,
                digest,
            };
            assert_eq!(parts, expected, "{text}");
        }
    }
}
