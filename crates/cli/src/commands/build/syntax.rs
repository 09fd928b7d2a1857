//! `# syntax=`: which front end a Dockerfile asks for.
//!
//! BuildKit pulls and runs an image for it. Here the one that reads Dockerfiles is built in, whatever registry or
//! mirror its image is asked from; there is no other.

use crate::command_error::{self, CommandError};
use crate::config::Config;
use builder::Options;
use dockerfile::{Diagnostic, Parsed, Severity, Span};

/// The build argument that stands in for the directive.
const BUILD_ARG: &str = "BUILDKIT_SYNTAX";

/// The version of docker/dockerfile whose instructions and flags are known here.
const VERSION: (u32, u32) = (1, 20);

/// Whether the built-in front end is the one that is asked for; what there is to say if it is older.
pub(super) fn check(
    options: &Options,
    parsed: &Parsed,
    config: &Config,
) -> Result<Option<Diagnostic>, CommandError> {
    let (value, span) = match options.build_args.get(BUILD_ARG).filter(|v| !v.is_empty()) {
        Some(value) => (value.clone(), None),
        None => match requested(options.dockerfile.text(), parsed) {
            Some((value, span)) => (value, Some(span)),
            None => return Ok(None),
        },
    };
    let image = value.split_whitespace().next().unwrap_or_default();
    let Some(version) = version_of(image) else {
        let message =
            format!("`{image}` is not the front end for Dockerfiles, which is the only one here");
        let help =
            "write docker/dockerfile:1, or leave it out; other languages need their own builder";
        return Err(match span {
            Some(span) => {
                let wrong = Diagnostic::error("syntax", span, message).with_help(help);
                command_error::of_diagnostics(&[wrong], &options.dockerfile, config.style())
            }
            None => CommandError::usage(format!("--build-arg {BUILD_ARG}: {message}")).hint(help),
        });
    };
    let is_newer = version.is_some_and(|version| version > VERSION);
    Ok(is_newer.then(|| Diagnostic {
        code: "syntax-version",
        severity: Severity::Warning,
        span: span.unwrap_or_default(),
        message: format!(
            "`{image}` is newer than what is built in, which is {}.{}",
            VERSION.0, VERSION.1
        ),
        help: Some("what that version added is not known here".to_owned()),
    }))
}

/// What a file asks for: by its directive, or in one of the forms for languages with other comments.
fn requested(text: &str, parsed: &Parsed) -> Option<(String, Span)> {
    if let Some(word) = &parsed.dockerfile.directives.syntax {
        return Some((word.text.clone(), word.span));
    }
    let first = match text.starts_with("#!") {
        true => text.find('\n').map_or(text.len(), |newline| newline + 1),
        false => 0,
    };
    let line = text[first..].lines().next().unwrap_or_default();
    let value = slashes(&text[first..]).or_else(|| in_json(&text[first..]))?;
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Some((value, Span::new(place(first), place(first + line.len()))))
}

/// `//syntax=IMAGE`, among such lines at the top.
fn slashes(text: &str) -> Option<String> {
    for line in text.lines() {
        let (name, value) = line.trim_start().strip_prefix("//")?.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("syntax") {
            return Some(value.trim().to_owned());
        }
    }
    None
}

/// `{"syntax": "IMAGE"}`, with whatever follows.
fn in_json(text: &str) -> Option<String> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    let value = values.next()?.ok()?;
    Some(value.get("syntax")?.as_str()?.to_owned())
}

/// The version in an image's tag, if it is a front end for Dockerfiles: `docker/dockerfile`, also from a mirror, its
/// channels (`-upstream`, `-labs`), or BuildKit's own name for it.
fn version_of(image: &str) -> Option<Option<(u32, u32)>> {
    if image == "dockerfile.v0" {
        return Some(None);
    }
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let last = name.rsplit('/').next().unwrap_or(name);
    let (last, tag) = last.split_once(':').unwrap_or((last, ""));
    if !name.contains('/') || !(last == "dockerfile" || last.starts_with("dockerfile-")) {
        return None;
    }
    let mut numbers = tag
        .split(['.', '-'])
        .map_while(|number| number.parse().ok());
    Some(numbers.next().zip(numbers.next()))
}

#[cfg(test)]
mod tests {
    use super::{requested, version_of};
    use dockerfile::{Source, parse};

    fn of(text: &str) -> Option<String> {
        let parsed = parse(&Source::new("Dockerfile", text));
        requested(text, &parsed).map(|(value, _)| value)
    }

    #[test]
    fn every_form_is_found() {
        for text in [
            "# syntax=a/b:1\nFROM x",
            "#!/bin/x\n# syntax = a/b:1 \nFROM x",
            "//syntax=a/b:1\n",
            "#!/bin/x\n// syntax = a/b:1\n",
            "//other=1\n//syntax=a/b:1\n",
            "{\"syntax\": \"a/b:1\", \"more\": {}}\n",
            "#!/bin/x\n{\"syntax\":\"a/b:1\"} and more",
        ] {
            assert_eq!(of(text).as_deref(), Some("a/b:1"), "{text}");
        }
        for text in [
            "FROM x\n# syntax=a/b:1",
            "// note\n//syntax=a/b:1",
            "{\"a\":1}",
            "{",
            "",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn front_ends_for_dockerfiles_are_built_in() {
        assert_eq!(version_of("docker/dockerfile:1"), Some(None));
        assert_eq!(version_of("docker/dockerfile"), Some(None));
        assert_eq!(
            version_of("docker.io/docker/dockerfile:1.7-labs"),
            Some(Some((1, 7)))
        );
        assert_eq!(
            version_of("mirror:5000/docker/dockerfile-upstream:1.99.3"),
            Some(Some((1, 99)))
        );
        assert_eq!(
            version_of("docker/dockerfile:1.4@sha256:00"),
            Some(Some((1, 4)))
        );
        assert_eq!(version_of("dockerfile.v0"), Some(None));
        for other in ["r2d4/mocker:1", "dockerfile", "x/dockerfiles", ""] {
            assert_eq!(version_of(other), None, "{other}");
        }
    }
}
