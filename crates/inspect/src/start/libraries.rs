//! Where the dynamic loader finds libraries: ld.so(8), ldconfig(8), and musl's `ldso/dynlink.c` as its manual describes it.

use rootfs::{FollowLast, Found, Union};

use super::elf::Object;
use super::environment::Environment;
use super::reading;
use crate::Error;

/// No list of directories or libraries is longer.
const LIMIT: u64 = 16 << 20;

/// Where libraries are looked for that nothing else is said of.
pub(super) struct Libraries<'a> {
    files: &'a Union,
    /// `LD_LIBRARY_PATH`.
    environment: Vec<String>,
    /// The loader's own directories, in order.
    defaults: Vec<String>,
    /// What `ldconfig` found: name and path.
    cache: Vec<(String, String)>,
}

impl<'a> Libraries<'a> {
    /// What the loader of a program goes by.
    pub(super) fn of(
        files: &'a Union,
        environment: &Environment,
        loader: &str,
    ) -> Result<Self, Error> {
        let paths = environment.get("LD_LIBRARY_PATH").unwrap_or_default();
        let environment = paths
            .split([':', ';'])
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect();
        let (defaults, cache) = match musl_architecture(loader) {
            Some(architecture) => (musl(files, architecture)?, Vec::new()),
            None => (glibc(), cache(files)?),
        };
        Ok(Self {
            files,
            environment,
            defaults,
            cache,
        })
    }

    /// The file that a library's name leads to, for one who wants it. `above` are those who brought that one in, whose
    /// `DT_RPATH` counts, too.
    pub(super) fn find(
        &self,
        name: &str,
        wanting: &Object,
        origin: &str,
        above: &[(String, String)],
    ) -> Result<Option<Found>, Error> {
        if name.contains('/') {
            return self.fits(name, wanting);
        }
        let expand =
            |path: &str, origin: &str| path.replace("${ORIGIN}", origin).replace("$ORIGIN", origin);
        let mut directories: Vec<String> = Vec::new();
        if wanting.runpath.is_none() {
            let own = wanting
                .rpath
                .iter()
                .map(|path| (path.clone(), origin.to_owned()));
            for (path, origin) in own.chain(above.iter().cloned()) {
                directories.extend(path.split(':').map(|path| expand(path, &origin)));
            }
        }
        directories.extend(self.environment.iter().map(|path| expand(path, origin)));
        let runpath = wanting.runpath.iter().flat_map(|path| path.split(':'));
        directories.extend(runpath.map(|path| expand(path, origin)));
        for directory in directories {
            if let Some(found) = self.fits(&format!("{directory}/{name}"), wanting)? {
                return Ok(Some(found));
            }
        }
        let cached = self
            .cache
            .iter()
            .filter(|(library, _)| library == name)
            .map(|(_, path)| path.clone());
        let defaults = self
            .defaults
            .iter()
            .map(|directory| format!("{directory}/{name}"));
        for path in cached.chain(defaults) {
            if let Some(found) = self.fits(&path, wanting)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// A file that is there, and is for the same kind of machine: the loader passes over others.
    fn fits(&self, path: &str, wanting: &Object) -> Result<Option<Found>, Error> {
        let Some(found) = self
            .files
            .lookup(path, FollowLast::Yes)
            .map_err(reading(path))?
        else {
            return Ok(None);
        };
        let Ok(file) = found.open() else {
            return Ok(None);
        };
        let same = super::elf::read(file).is_some_and(|library| {
            (library.machine, library.is_64) == (wanting.machine, wanting.is_64)
        });
        Ok(same.then_some(found))
    }
}

/// `x86_64` of `/lib/ld-musl-x86_64.so.1`.
fn musl_architecture(loader: &str) -> Option<&str> {
    let name = loader.rsplit('/').next()?;
    name.strip_prefix("ld-musl-")?.strip_suffix(".so.1")
}

fn musl(files: &Union, architecture: &str) -> Result<Vec<String>, Error> {
    let path = format!("/etc/ld-musl-{architecture}.path");
    let text = text(files, &path)?;
    let text = text.unwrap_or_else(|| "/lib:/usr/local/lib:/usr/lib".to_owned());
    Ok(text
        .split([':', '\n'])
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect())
}

/// The built-in directories of glibc, as distributions build it. What `ld.so.conf` names counts only once `ldconfig` has put it into
/// the cache.
fn glibc() -> Vec<String> {
    let mut directories = Vec::new();
    for machine in [
        "x86_64",
        "aarch64",
        "i386",
        "arm",
        "powerpc64le",
        "s390x",
        "riscv64",
    ] {
        let suffix = if machine == "arm" { "gnueabihf" } else { "gnu" };
        let triple = format!("{machine}-linux-{suffix}");
        directories.extend([format!("/lib/{triple}"), format!("/usr/lib/{triple}")]);
    }
    directories.extend(["/lib64", "/usr/lib64", "/lib", "/usr/lib"].map(str::to_owned));
    directories
}

/// `/etc/ld.so.cache` in the form that glibc has written since 2.2 ("glibc-ld.so.cache1.1"), behind the older one or alone.
fn cache(files: &Union) -> Result<Vec<(String, String)>, Error> {
    const MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
    let Some(bytes) = bytes(files, "/etc/ld.so.cache")? else {
        return Ok(Vec::new());
    };
    let Some(start) = bytes
        .windows(MAGIC.len())
        .position(|window| window == MAGIC)
    else {
        return Ok(Vec::new());
    };
    let bytes = &bytes[start..];
    let word = |at: usize| {
        let word: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(word)).ok()
    };
    let text = |at: usize| {
        let rest = bytes.get(at..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        Some(String::from_utf8_lossy(&rest[..end]).into_owned())
    };
    let count = word(MAGIC.len()).unwrap_or(0).min(bytes.len() / 24);
    let entry = |index: usize| {
        let at = 48 + index * 24;
        Some((text(word(at + 4)?)?, text(word(at + 8)?)?))
    };
    Ok((0..count).filter_map(entry).collect())
}

fn bytes(files: &Union, path: &str) -> Result<Option<Vec<u8>>, Error> {
    match files.read(path, LIMIT) {
        Err(rootfs::Error::NotAFile { .. } | rootfs::Error::TooLarge { .. }) => Ok(None),
        read => read.map_err(reading(path)),
    }
}

fn text(files: &Union, path: &str) -> Result<Option<String>, Error> {
    let bytes = bytes(files, path)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}
