//! image-spec, image-index.md, "platform"; how it is written and matched follows
//! `github.com/containerd/platforms`, which Docker and BuildKit use.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::error::shorten;
use crate::json::null_as_default;

/// A machine and an operating system, in Go's names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    /// The machine: `amd64`, `arm64`, `arm`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub architecture: String,
    /// The operating system: `linux`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub os: String,
    /// The least version of the operating system.
    #[serde(
        rename = "os.version",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub os_version: Option<String>,
    /// Features that the operating system must have.
    #[serde(
        rename = "os.features",
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub os_features: Vec<String>,
    /// The variant of the machine: `v7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// A platform of an operating system and a machine, normalised.
    pub fn new(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        let platform = Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.map(str::to_owned),
            ..Self::default()
        };
        platform.normalise()
    }

    /// The platform that this program was made for.
    pub fn host() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86" => "386",
            "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
            "powerpc64" => "ppc64",
            "loongarch64" => "loong64",
            other => other,
        };
        Self::new("linux", architecture, None)
    }

    /// The same platform in its shortest usual names: `linux/aarch64/v8` is `linux/arm64`.
    #[must_use]
    pub fn normalise(&self) -> Self {
        let variant = self
            .variant
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let (architecture, variant) =
            normalise_machine(&self.architecture.to_ascii_lowercase(), &variant);
        let os = match self.os.to_ascii_lowercase().as_str() {
            "macos" => "darwin".to_owned(),
            other => other.to_owned(),
        };
        Self {
            architecture,
            os,
            variant: Some(variant).filter(|variant| !variant.is_empty()),
            os_version: self.os_version.clone(),
            os_features: self.os_features.clone(),
        }
    }

    /// Does what was made for `other` run on this platform?
    pub fn matches(&self, other: &Self) -> bool {
        self.rank(other).is_some()
    }

    /// How well what was made for `other` runs on this platform: 0 is best, `None` is not at all.
    ///
    /// Older variants of the same machine run, and 32-bit ARM on 64-bit ARM, 386 on amd64.
    pub fn rank(&self, other: &Self) -> Option<u32> {
        const OTHER_MACHINE: u32 = 1000;
        let (wanted, offered) = (self.normalise(), other.normalise());
        if wanted.os != offered.os {
            return None;
        }
        if wanted.architecture == offered.architecture {
            if wanted.variant == offered.variant {
                return Some(0);
            }
            return wanted
                .variant_number()?
                .checked_sub(offered.variant_number()?);
        }
        match (wanted.architecture.as_str(), offered.architecture.as_str()) {
            ("arm64", "arm") => wanted
                .variant_number()?
                .min(8)
                .checked_sub(offered.variant_number()?),
            ("amd64", "386") if offered.variant.is_none() => Some(0),
            _ => None,
        }
        .map(|rank| OTHER_MACHINE + rank)
    }

    /// `v7` is 7; what is not written has each machine's first number. For normalised platforms.
    fn variant_number(&self) -> Option<u32> {
        match (self.architecture.as_str(), self.variant.as_deref()) {
            ("amd64", None) => Some(1),
            ("arm64", None) => Some(8),
            ("amd64" | "arm64" | "arm", Some(variant)) => variant.strip_prefix('v')?.parse().ok(),
            _ => None,
        }
    }
}

fn normalise_machine(architecture: &str, variant: &str) -> (String, String) {
    let (architecture, variant) = match (architecture, variant) {
        ("i386" | "386", _) => ("386", ""),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64" | "amd64", variant) => ("amd64", variant),
        ("aarch64" | "arm64", "8" | "v8") => ("arm64", ""),
        ("aarch64" | "arm64", variant) => ("arm64", variant),
        ("armhf", _) | ("arm", "" | "7") => ("arm", "v7"),
        ("armel", _) | ("arm", "6") => ("arm", "v6"),
        ("arm", "5") => ("arm", "v5"),
        ("arm", "8") => ("arm", "v8"),
        other => other,
    };
    (architecture.to_owned(), variant.to_owned())
}

const SYSTEMS: &[&str] = &[
    "linux", "windows", "darwin", "macos", "freebsd", "netbsd", "openbsd", "wasip1", "plan9",
];

const MACHINES: &[&str] = &[
    "386", "amd64", "arm", "arm64", "loong64", "mips64le", "ppc64", "ppc64le", "riscv64", "s390x",
    "wasm", "aarch64", "armel", "armhf", "i386", "x86_64", "x86-64",
];

impl FromStr for Platform {
    type Err = Error;

    /// Reads `os/architecture[/variant]`, or one of the two, to be completed by the host's.
    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = |reason| Error::InvalidPlatform {
            text: shorten(text),
            reason,
        };
        let parts: Vec<&str> = text.split('/').collect();
        let plain =
            |byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-');
        if parts
            .iter()
            .any(|part| part.is_empty() || !part.bytes().all(plain))
        {
            return Err(invalid(
                "a part is empty or has characters other than letters, digits and _.-",
            ));
        }
        match *parts.as_slice() {
            [one] => {
                let lower = one.to_ascii_lowercase();
                if SYSTEMS.contains(&lower.as_str()) {
                    let host = Self::host();
                    Ok(Self::new(one, &host.architecture, host.variant.as_deref()))
                } else if MACHINES.contains(&lower.as_str()) {
                    Ok(Self::new("linux", one, None))
                } else {
                    Err(invalid(
                        "it is neither a known operating system nor a known architecture",
                    ))
                }
            }
            [os, architecture] => Ok(Self::new(os, architecture, None)),
            [os, architecture, variant] => Ok(Self::new(os, architecture, Some(variant))),
            _ => Err(invalid("it has more than three parts")),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant
            .as_ref()
            .map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[test]
    fn normalises() {
        for (text, normal) in [
            ("linux/amd64", "linux/amd64"),
            ("Linux/x86_64/v1", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm64/v9", "linux/arm64/v9"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/arm/6", "linux/arm/v6"),
            ("armel", "linux/arm/v6"),
            ("linux/i386", "linux/386"),
            ("s390x", "linux/s390x"),
            ("unknown/unknown", "unknown/unknown"),
        ] {
            assert_eq!(parse(text).to_string(), normal, "{text}");
        }
        assert_eq!(parse("linux"), Platform::host());
    }

    #[test]
    fn refuses() {
        for bad in [
            "",
            "linux/",
            "/amd64",
            "a/b/c/d",
            "linux/am d",
            "toaster",
            "linux/../x y",
        ] {
            assert!(bad.parse::<Platform>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ranks() {
        let rank = |wanted, offered| parse(wanted).rank(&parse(offered));
        assert_eq!(rank("linux/amd64", "linux/amd64"), Some(0));
        assert_eq!(rank("linux/amd64", "windows/amd64"), None);
        assert_eq!(rank("linux/amd64", "linux/amd64/v2"), None);
        assert_eq!(rank("linux/amd64/v3", "linux/amd64"), Some(2));
        assert_eq!(rank("linux/amd64", "linux/386"), Some(1000));
        assert_eq!(rank("linux/arm/v7", "linux/arm/v6"), Some(1));
        assert_eq!(rank("linux/arm/v6", "linux/arm/v7"), None);
        assert_eq!(rank("linux/arm64", "linux/arm/v7"), Some(1001));
        assert_eq!(rank("linux/arm64", "linux/arm64/v8"), Some(0));
        assert_eq!(rank("linux/s390x", "linux/ppc64le"), None);
    }
}
