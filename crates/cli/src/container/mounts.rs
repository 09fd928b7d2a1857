//! `-v`, `--mount` and `--tmpfs`: what of elsewhere a container sees at a path of its own.

use super::names;
use crate::command_error::CommandError;
use crate::exit::Exit;
use crate::key_values::{self, boolean};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Something mounted in a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mount {
    /// Absolute path in the container.
    pub(crate) target: PathBuf,
    /// Whether the container cannot write to it.
    pub(crate) read_only: bool,
    /// What is mounted.
    pub(crate) source: Source,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Source {
    /// A directory or file of the host, by its absolute path.
    Bind(PathBuf),
    /// A volume of the store.
    Volume {
        /// Its name; empty for one that gets a name of its own.
        name: String,
        /// Whether it goes with the container.
        anonymous: bool,
        /// Whether it gets what the image has there when it is new.
        copy: bool,
    },
    /// A file system in memory.
    Tmpfs {
        /// The most bytes; half of the memory without.
        size: Option<u64>,
        /// Permission bits of its root; without, those of what is there in the image.
        mode: Option<u32>,
        /// Whether programs in it can be executed.
        execute: bool,
    },
}

impl Source {
    /// Docker's word.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Bind(_) => "bind",
            Self::Volume { .. } => "volume",
            Self::Tmpfs { .. } => "tmpfs",
        }
    }
}

impl Mount {
    /// Reads a `-v`: `[HOST|VOLUME:]CONTAINER[:OPTIONS]`. A host path that is not absolute must begin with `.`: a bare word
    /// is a volume.
    pub(crate) fn of_volume_flag(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let (from, target, options) = match parts.as_slice() {
            [target] => ("", *target, ""),
            [from, target] => (*from, *target, ""),
            [from, target, options] => (*from, *target, *options),
            _ => return Err(format!("`{text}` is not [HOST|VOLUME:]CONTAINER[:ro]")),
        };
        let (mut read_only, mut copies) = (false, true);
        for option in options.split(',').filter(|option| !option.is_empty()) {
            match option {
                "ro" => read_only = true,
                "rw" => read_only = false,
                "nocopy" => copies = false,
                // What SELinux and macOS want to know changes nothing here, and private is what mounts are.
                "z" | "Z" | "cached" | "delegated" | "consistent" | "private" | "rprivate" => {}
                "shared" | "rshared" | "slave" | "rslave" => return Err(no_propagation(text)),
                other => return Err(format!("`{text}`: there is no volume option `{other}`")),
            }
        }
        let source = match from {
            "" if parts.len() > 1 => return Err(format!("`{text}`: what is to be mounted?")),
            host if host.starts_with(['/', '.']) => Source::Bind(PathBuf::from(host)),
            name => volume(text, name, copies)?,
        };
        let target = target_of(text, target)?;
        Ok(Self {
            target,
            read_only,
            source,
        })
    }

    /// Reads a `--tmpfs`: `CONTAINER[:OPTIONS]`, with Docker's options and defaults.
    pub(crate) fn of_tmpfs_flag(text: &str) -> Result<Self, String> {
        let (target, options) = text.split_once(':').unwrap_or((text, ""));
        let (mut size, mut mode, mut execute) = (None, None, false);
        for option in options.split(',').filter(|option| !option.is_empty()) {
            match option.split_once('=').unwrap_or((option, "")) {
                ("size", value) => size = Some(bytes(text, value)?),
                ("mode", value) => mode = Some(mode_of(text, value)?),
                ("exec", "") => execute = true,
                ("noexec", "") => execute = false,
                ("rw" | "nosuid" | "nodev", "") => {}
                (other, _) => {
                    return Err(format!(
                        "`{text}`: the tmpfs option `{other}` is not implemented; there are size, mode, exec, noexec"
                    ));
                }
            }
        }
        let target = target_of(text, target)?;
        let source = Source::Tmpfs {
            size,
            mode,
            execute,
        };
        Ok(Self {
            target,
            read_only: false,
            source,
        })
    }

    /// Reads a `--mount`: `type=bind|volume|tmpfs,source=…,target=…`.
    pub(crate) fn of_mount_flag(text: &str) -> Result<Self, String> {
        let (mut kind, mut from, mut target) = ("volume".to_owned(), String::new(), None);
        let (mut read_only, mut copies, mut size, mut mode) = (false, true, None, None);
        // What belongs to one kind only.
        let mut of_kind: Vec<(&str, String)> = Vec::new();
        for (key, value) in key_values::fields(text)? {
            let given = value.clone().unwrap_or_default();
            let yes = || value.as_deref().map_or(Ok(true), boolean);
            match key.as_str() {
                "type" => kind = given,
                "source" | "src" => from = given,
                "target" | "destination" | "dst" => target = Some(given),
                "readonly" | "ro" => read_only = yes()?,
                "volume-nocopy" => {
                    copies = !yes()?;
                    of_kind.push(("volume", key));
                }
                "tmpfs-size" => {
                    size = Some(bytes(text, &given)?);
                    of_kind.push(("tmpfs", key));
                }
                "tmpfs-mode" => {
                    mode = Some(mode_of(text, &given)?);
                    of_kind.push(("tmpfs", key));
                }
                "bind-propagation" => match given.as_str() {
                    "private" | "rprivate" => of_kind.push(("bind", key)),
                    _ => return Err(no_propagation(text)),
                },
                "consistency" => {}
                other => return Err(format!("`{text}`: the field `{other}` is not implemented")),
            }
        }
        if let Some((wanted, key)) = of_kind.iter().find(|(wanted, _)| *wanted != kind) {
            return Err(format!("`{text}`: `{key}` is for type={wanted}"));
        }
        let source = match kind.as_str() {
            "bind" if from.is_empty() => return Err(format!("`{text}`: source is missing")),
            "bind" => Source::Bind(PathBuf::from(from)),
            "volume" => volume(text, &from, copies)?,
            "tmpfs" if !from.is_empty() => {
                return Err(format!("`{text}`: a tmpfs has no source"));
            }
            "tmpfs" if read_only => {
                return Err(format!("`{text}`: a read-only tmpfs would stay empty"));
            }
            "tmpfs" => Source::Tmpfs {
                size,
                mode,
                execute: true,
            },
            other => {
                return Err(format!(
                    "`{text}`: there is no type `{other}` yet: it is bind, volume or tmpfs"
                ));
            }
        };
        let target = target.ok_or_else(|| format!("`{text}`: target is missing"))?;
        let target = target_of(text, &target)?;
        Ok(Self {
            target,
            read_only,
            source,
        })
    }

    /// Makes a host's path absolute, and sure that it is there.
    pub(crate) fn resolve(mut self) -> Result<Self, CommandError> {
        if let Source::Bind(host) = &mut self.source {
            *host = host.canonicalize().map_err(|error| {
                let error = CommandError::file("use as a volume", host, error);
                error
                    .hint("make it first (mkdir -p)")
                    .exit_with(Exit::ContainerSetup)
            })?;
        }
        Ok(self)
    }
}

/// All mounts in the order in which they have to be made: one above another before that.
pub(crate) fn in_order(mut mounts: Vec<Mount>) -> Result<Vec<Mount>, CommandError> {
    mounts.sort_by_key(|mount| mount.target.components().count());
    for (at, mount) in mounts.iter().enumerate() {
        if mounts[..at]
            .iter()
            .any(|other| other.target == mount.target)
        {
            let path = mount.target.display();
            return Err(
                CommandError::usage(format!("two things are to be mounted at {path}"))
                    .hint("leave one of -v, --mount and --tmpfs out"),
            );
        }
    }
    Ok(mounts)
}

fn no_propagation(text: &str) -> String {
    format!(
        "`{text}`: mounts that spread to the host or from it are not implemented; they are private"
    )
}

fn volume(text: &str, name: &str, copy: bool) -> Result<Source, String> {
    if !name.is_empty() && names::check(name).is_err() {
        return Err(format!(
            "`{text}`: `{name}` is no name for a volume: [a-zA-Z0-9][a-zA-Z0-9_.-]+; a directory of the host begins with / or ./"
        ));
    }
    Ok(Source::Volume {
        name: name.to_owned(),
        anonymous: name.is_empty(),
        copy,
    })
}

fn target_of(text: &str, target: &str) -> Result<PathBuf, String> {
    if !target.starts_with('/') {
        return Err(format!(
            "`{text}`: the path in the container must be absolute"
        ));
    }
    // `/a/./b//` and `/a/b` are one place.
    let path: PathBuf = Path::new(target).components().collect();
    if path.components().count() < 2 {
        return Err(format!(
            "`{text}`: the root of the container cannot be replaced"
        ));
    }
    Ok(path)
}

fn bytes(text: &str, size: &str) -> Result<u64, String> {
    let bytes = dockerfile::size::bytes(size).filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| format!("`{text}`: `{size}` is not a size"))
}

fn mode_of(text: &str, mode: &str) -> Result<u32, String> {
    let mode_bits = u32::from_str_radix(mode, 8)
        .ok()
        .filter(|bits| *bits <= 0o7777);
    mode_bits.ok_or_else(|| format!("`{text}`: `{mode}` is no mode such as 1777"))
}

#[cfg(test)]
mod tests {
    use super::{Mount, Source, in_order};
    use std::path::PathBuf;

    #[test]
    fn volumes() {
        let mount = Mount::of_volume_flag("/data:/var/data:ro,z").unwrap();
        assert_eq!(mount.source, Source::Bind("/data".into()));
        assert_eq!(mount.target, PathBuf::from("/var/data"));
        assert!(mount.read_only);
        assert!(!Mount::of_volume_flag("./x:/y").unwrap().read_only);
        let of = |name: &str, anonymous, copy| Source::Volume {
            name: name.to_owned(),
            anonymous,
            copy,
        };
        let source = |text| Mount::of_volume_flag(text).unwrap().source;
        assert_eq!(source("cache:/x"), of("cache", false, true));
        assert_eq!(source("cache:/x:nocopy"), of("cache", false, false));
        assert_eq!(source("/x"), of("", true, true));
    }

    #[test]
    fn the_other_flags() {
        let of = |text| Mount::of_mount_flag(text).unwrap();
        let bind = of("type=bind,src=/a,dst=/b/,readonly");
        assert_eq!(bind.source, Source::Bind("/a".into()));
        assert!(bind.read_only && bind.target.as_os_str() == "/b");
        assert_eq!(
            of("source=vol,target=/b").source,
            Mount::of_volume_flag("vol:/b").unwrap().source
        );
        let tmpfs = |size, mode, execute| Source::Tmpfs {
            size,
            mode,
            execute,
        };
        let read = of("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=700");
        assert_eq!(read.source, tmpfs(Some(1 << 20), Some(0o700), true));
        let flag = |text| Mount::of_tmpfs_flag(text).unwrap().source;
        assert_eq!(flag("/t"), tmpfs(None, None, false));
        assert_eq!(
            flag("/t:rw,exec,size=64k"),
            tmpfs(Some(64 << 10), None, true)
        );
    }

    #[test]
    fn mistakes_are_named() {
        for (text, words) in [
            ("/x:y", "must be absolute"),
            ("/x:/", "cannot be replaced"),
            ("/x:/y:rx", "no volume option `rx`"),
            ("/x:/y:ro:z", "is not [HOST|VOLUME:]CONTAINER"),
            ("a:/y", "no name for a volume"),
            ("/x:/y:rshared", "not implemented"),
        ] {
            let error = Mount::of_volume_flag(text).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        for (text, words) in [
            ("type=bind,target=/x", "source is missing"),
            ("type=npipe,target=/x", "no type `npipe` yet"),
            ("source=vol", "target is missing"),
            ("target=/x,tmpfs-size=1m", "is for type=tmpfs"),
            ("target=/x,volume-driver=nfs", "not implemented"),
        ] {
            let error = Mount::of_mount_flag(text).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        assert!(
            Mount::of_tmpfs_flag("/x:uid=3")
                .unwrap_err()
                .contains("`uid`")
        );
    }

    #[test]
    fn what_is_above_comes_first() {
        let of = |text| Mount::of_volume_flag(text).unwrap();
        let ordered = in_order(vec![of("/a/b"), of("/a")]).unwrap();
        assert_eq!(ordered[0].target, PathBuf::from("/a"));
        assert!(in_order(vec![of("/a"), of("/h:/a/")]).is_err());
    }
}
