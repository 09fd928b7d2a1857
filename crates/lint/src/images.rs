//! What the name of a base image tells: its C library, and the toolchain that it is for. Only names that leave no doubt
//! tell anything.

/// A C library, for which programs are linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Libc {
    /// That of Debian, Ubuntu, Fedora and most others.
    Glibc,
    /// That of Alpine.
    Musl,
    /// None at all: `scratch`, distroless' `static`.
    Missing,
}

impl Libc {
    /// Its name, for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Glibc => "glibc",
            Self::Musl => "musl",
            Self::Missing => "no C library",
        }
    }
}

/// An image that is there to build programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Toolchain {
    /// Whose it is: the last part of the image's name.
    pub(crate) image: &'static str,
    /// What it is called in messages.
    pub(crate) name: &'static str,
    /// What it usually takes, unpacked; on Debian where there is a choice.
    size: &'static str,
    /// What it usually takes on Alpine, if it is there.
    size_on_alpine: Option<&'static str>,
    /// The commands that build with it: a program and the words that can be its first.
    pub(crate) builds: &'static [(&'static str, &'static [&'static str])],
    /// The image for a program where it runs.
    pub(crate) runtime: &'static str,
}

const TOOLCHAINS: [Toolchain; 11] = [
    Toolchain {
        image: "golang",
        name: "the Go toolchain",
        size: "about 800 MB",
        size_on_alpine: Some("about 250 MB"),
        builds: &[("go", &["build", "install"])],
        runtime: "gcr.io/distroless/static-debian12:nonroot",
    },
    Toolchain {
        image: "rust",
        name: "the Rust toolchain",
        size: "about 1.4 GB",
        size_on_alpine: Some("about 800 MB"),
        builds: &[("cargo", &["build", "install"])],
        runtime: "debian:bookworm-slim",
    },
    Toolchain {
        image: "gcc",
        name: "GCC",
        size: "about 1.2 GB",
        size_on_alpine: None,
        builds: &[
            ("make", &[]),
            ("gcc", &[]),
            ("g++", &[]),
            ("cc", &[]),
            ("cmake", &[]),
        ],
        runtime: "debian:bookworm-slim",
    },
    Toolchain {
        image: "maven",
        name: "Maven and the JDK",
        size: "about 500 MB",
        size_on_alpine: None,
        builds: &[("mvn", &["package", "install", "verify"])],
        runtime: "eclipse-temurin:21-jre",
    },
    Toolchain {
        image: "gradle",
        name: "Gradle and the JDK",
        size: "about 700 MB",
        size_on_alpine: None,
        builds: &[(
            "gradle",
            &["build", "assemble", "bootJar", "shadowJar", "jar"],
        )],
        runtime: "eclipse-temurin:21-jre",
    },
    Toolchain {
        image: "sbt",
        name: "sbt and the JDK",
        size: "about 600 MB",
        size_on_alpine: None,
        builds: &[("sbt", &["assembly", "package", "stage"])],
        runtime: "eclipse-temurin:21-jre",
    },
    Toolchain {
        image: "sdk",
        name: "the .NET SDK",
        size: "about 800 MB",
        size_on_alpine: None,
        builds: &[("dotnet", &["build", "publish"])],
        runtime: "mcr.microsoft.com/dotnet/aspnet:8.0",
    },
    Toolchain {
        image: "swift",
        name: "the Swift toolchain",
        size: "about 2 GB",
        size_on_alpine: None,
        builds: &[("swift", &["build"])],
        runtime: "swift:5.10-slim",
    },
    Toolchain {
        image: "haskell",
        name: "GHC",
        size: "about 2 GB",
        size_on_alpine: None,
        builds: &[
            ("cabal", &["build", "install"]),
            ("stack", &["build", "install"]),
        ],
        runtime: "debian:bookworm-slim",
    },
    Toolchain {
        image: "dart",
        name: "the Dart SDK",
        size: "about 600 MB",
        size_on_alpine: None,
        builds: &[("dart", &["compile"])],
        runtime: "scratch",
    },
    Toolchain {
        image: "buildpack-deps",
        name: "Debian's compilers and headers",
        size: "about 800 MB",
        size_on_alpine: None,
        builds: &[
            ("make", &[]),
            ("gcc", &[]),
            ("g++", &[]),
            ("cc", &[]),
            ("cmake", &[]),
        ],
        runtime: "debian:bookworm-slim",
    },
];

/// Distributions with glibc, by the last part of an image's name.
const GLIBC: [&str; 14] = [
    "debian",
    "ubuntu",
    "fedora",
    "centos",
    "rockylinux",
    "almalinux",
    "amazonlinux",
    "oraclelinux",
    "ubi",
    "ubi-minimal",
    "ubi8",
    "ubi9",
    "leap",
    "archlinux",
];

/// Docker's official images that stand on Debian, unless a tag says otherwise.
const ON_DEBIAN: [&str; 18] = [
    "golang",
    "rust",
    "gcc",
    "node",
    "python",
    "ruby",
    "php",
    "perl",
    "openjdk",
    "eclipse-temurin",
    "maven",
    "gradle",
    "buildpack-deps",
    "haskell",
    "erlang",
    "elixir",
    "nginx",
    "httpd",
];

/// An image's name in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImageName<'a> {
    /// Registry and folders, without the last part; empty for Docker's official images.
    pub(crate) folder: &'a str,
    /// The last part.
    pub(crate) name: &'a str,
    /// The tag, if there is one.
    pub(crate) tag: Option<&'a str>,
    /// Whether there is a digest.
    pub(crate) has_digest: bool,
}

impl<'a> ImageName<'a> {
    /// Takes a name apart.
    pub(crate) fn of(text: &'a str) -> Self {
        let (rest, has_digest) = match text.split_once('@') {
            Some((rest, _)) => (rest, true),
            None => (text, false),
        };
        let (folder, last) = rest.rsplit_once('/').unwrap_or(("", rest));
        let (name, tag) = match last.split_once(':') {
            Some((name, tag)) => (name, Some(tag)),
            None => (last, None),
        };
        let folder = match folder {
            "docker.io/library" | "docker.io" | "library" | "public.ecr.aws/docker/library" => "",
            _ => folder,
        };
        Self {
            folder,
            name,
            tag,
            has_digest,
        }
    }

    fn has_tag_word(self, word: &str) -> bool {
        self.tag
            .is_some_and(|tag| tag.split(['-', '.']).any(|part| part.starts_with(word)))
    }

    /// The C library, where the name leaves no doubt.
    pub(crate) fn libc(self) -> Option<Libc> {
        let is_static = self.name.split('-').next() == Some("static");
        if self.name == "scratch" && self.folder.is_empty()
            || is_static
                && (self.folder.ends_with("distroless") || self.folder == "cgr.dev/chainguard")
        {
            return Some(Libc::Missing);
        }
        if self.name == "alpine" || self.has_tag_word("alpine") {
            return Some(Libc::Musl);
        }
        let is_distribution = GLIBC.contains(&self.name);
        let is_official = self.folder.is_empty() && ON_DEBIAN.contains(&self.name);
        let is_distroless = self.folder.ends_with("distroless");
        let is_other = ["windowsservercore", "nanoserver", "musl"]
            .iter()
            .any(|word| self.has_tag_word(word));
        (!is_other && (is_distribution || is_official || is_distroless)).then_some(Libc::Glibc)
    }

    /// The toolchain, if it is an image of one.
    pub(crate) fn toolchain(self) -> Option<&'static Toolchain> {
        let is_sdk = self.name != "sdk" || self.folder.starts_with("mcr.microsoft.com/dotnet");
        let is_small = ["slim", "runtime"]
            .iter()
            .any(|word| self.has_tag_word(word));
        let is_runtime = is_small && matches!(self.name, "swift" | "dart");
        let bare = matches!(self.name, "buildpack-deps")
            && (self.has_tag_word("scm") || self.has_tag_word("curl"));
        let found = TOOLCHAINS
            .iter()
            .find(|toolchain| toolchain.image == self.name);
        found.filter(|_| is_sdk && !is_runtime && !bare)
    }

    /// What a toolchain takes in this image.
    pub(crate) fn size_of(self, toolchain: &Toolchain) -> &'static str {
        let on_alpine = toolchain
            .size_on_alpine
            .filter(|_| self.libc() == Some(Libc::Musl));
        on_alpine.unwrap_or(toolchain.size)
    }

    /// Whether it is known to start as an ordinary user.
    pub(crate) fn is_rootless(self) -> bool {
        let has = |text: Option<&str>| {
            text.is_some_and(|text| text.contains("nonroot") || text.contains("rootless"))
        };
        let folders = [
            "bitnami",
            "cgr.dev",
            "chainguard",
            "dhi.io",
            "jenkins",
            "registry.access.redhat.com",
        ];
        has(self.tag)
            || has(Some(self.name))
            || self.name.ends_with("-unprivileged")
            || folders.iter().any(|folder| self.folder.starts_with(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::{ImageName, Libc};

    #[test]
    fn names_tell_the_c_library() {
        for (name, libc) in [
            ("scratch", Some(Libc::Missing)),
            ("alpine:3.20", Some(Libc::Musl)),
            ("docker.io/library/golang:1.23-alpine3.20", Some(Libc::Musl)),
            ("golang:1.23", Some(Libc::Glibc)),
            ("python:3.12-slim-bookworm", Some(Libc::Glibc)),
            (
                "gcr.io/distroless/static-debian12:nonroot",
                Some(Libc::Missing),
            ),
            ("gcr.io/distroless/base", Some(Libc::Glibc)),
            ("localhost:5000/own/golang:1", None),
            ("ghcr.io/own/thing@sha256:0", None),
            ("", None),
        ] {
            assert_eq!(ImageName::of(name).libc(), libc, "{name}");
        }
    }

    #[test]
    fn names_tell_the_toolchain() {
        for (name, toolchain) in [
            ("golang:1.23-alpine", true),
            ("own.example/golang", true),
            ("mcr.microsoft.com/dotnet/sdk:8.0", true),
            ("own/sdk:1", false),
            ("swift:5-slim", false),
            ("buildpack-deps:bookworm-scm", false),
            ("node:20", false),
        ] {
            assert_eq!(
                ImageName::of(name).toolchain().is_some(),
                toolchain,
                "{name}"
            );
        }
    }
}
