//! Registries that are trusted.

use crate::file::File;

/// Docker's registry goes by several names.
const OF_DOCKER: [&str; 4] = [
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "hub.docker.com",
];

/// Whether images may come from a registry; nothing stands for Docker's.
pub(super) fn is_trusted(file: &File<'_>, registry: Option<&str>) -> bool {
    let trusted = &file.options.trusted_registries;
    let is_listed = |registry: &str| trusted.iter().any(|pattern| fits(pattern, registry));
    match (registry, file.options.compatible) {
        (Some(registry), true) => is_listed(registry),
        (None, true) => is_listed("docker.io") || is_listed("hub.docker.com"),
        (Some(registry), false) if !OF_DOCKER.contains(&registry) => {
            is_listed(&registry.to_ascii_lowercase())
        }
        (_, false) => OF_DOCKER.iter().any(|registry| is_listed(registry)),
    }
}

/// A `*` at one end stands for anything.
fn fits(pattern: &str, registry: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => registry.ends_with(end),
        (None, Some(start)) => registry.starts_with(start),
        (None, None) => registry == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns() {
        for (pattern, registry, expected) in [
            ("*", "a.b", true),
            ("*.gcr.io", "eu.gcr.io", true),
            ("*.gcr.io", "gcr.io", false),
            ("my*", "my.co:5000", true),
            ("my.co", "my.co:5000", false),
            ("*o*", "docker.io", false),
        ] {
            assert_eq!(fits(pattern, registry), expected, "{pattern} {registry}");
        }
    }
}
