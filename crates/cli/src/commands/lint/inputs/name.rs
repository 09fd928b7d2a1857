//! Which names Dockerfiles have.

/// Ends of names of what is made into a Dockerfile, goes with one, or was one.
const OTHERS: [&str; 14] = [
    "dockerignore",
    "template",
    "tmpl",
    "tpl",
    "j2",
    "jinja",
    "jinja2",
    "erb",
    "in",
    "md",
    "orig",
    "rej",
    "bak",
    "swp",
];

/// Whether a file with this name is a Dockerfile: `Dockerfile`, `Dockerfile.NAME`, `NAME.Dockerfile`, and the same with
/// `Containerfile`, in any case.
pub(super) fn is_dockerfile(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["dockerfile", "containerfile"].iter().any(|usual| {
        let last = match (name.strip_prefix(usual), name.strip_suffix(usual)) {
            (Some(""), _) => return true,
            (_, Some(before)) => return before.len() > 1 && before.ends_with('.'),
            (Some(rest), _) => rest
                .strip_prefix('.')
                .and_then(|rest| rest.rsplit('.').next()),
            _ => None,
        };
        last.is_some_and(|last| !last.is_empty() && !OTHERS.contains(&last))
    })
}

#[cfg(test)]
mod tests {
    use super::is_dockerfile;

    #[test]
    fn names_are_known() {
        for name in [
            "Dockerfile",
            "dockerfile",
            "Dockerfile.dev",
            "Dockerfile.1.2",
            "app.Dockerfile",
            "app.dockerfile",
            "Containerfile",
            "Containerfile.ci",
            "x.containerfile",
        ] {
            assert!(is_dockerfile(name), "{name}");
        }
        for name in [
            "Dockerfile.dockerignore",
            "Dockerfile~",
            "MyDockerfile",
            ".Dockerfile",
            "Dockerfile.",
            "Dockerfile.dev.j2",
            "Dockerfiles",
            "Makefile",
            "Dockerfile-dev",
            "é",
        ] {
            assert!(!is_dockerfile(name), "{name}");
        }
    }
}
