//! Which package each file of an image came with, as the package managers' own databases say.

mod apk;
mod dpkg;
mod npm;
mod python;

use std::collections::HashMap;
use std::fmt;

use crate::ledger::{FileId, Ledger};

/// A kind of packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// Debian's and Ubuntu's: dpkg(1).
    Deb,
    /// Alpine's: apk(5).
    Apk,
    /// Python's: PEP 376, PEP 627.
    Python,
    /// Node's.
    Npm,
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Deb => "deb",
            Self::Apk => "apk",
            Self::Python => "pypi",
            Self::Npm => "npm",
        })
    }
}

/// A package that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its kind.
    pub ecosystem: Ecosystem,
    /// Its name.
    pub name: String,
    /// Its version; empty if nothing says it.
    pub version: String,
    /// The bytes of its files that a container sees.
    pub bytes: u64,
    /// How many files those are.
    pub files: u64,
}

/// The packages of an image, and what belongs to none. The bytes add up to all that a container sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packages {
    /// The biggest first.
    pub packages: Vec<Package>,
    /// Bytes of files that no package has.
    pub others: u64,
    /// How many files those are.
    pub other_files: u64,
}

/// Whether the file at a path is a database of packages, for [`Audit::keeping`](crate::ledger::Audit::keeping).
#[must_use]
pub fn is_database(path: &[u8]) -> bool {
    dpkg::is_database(path)
        || apk::is_database(path)
        || python::is_database(path)
        || npm::is_database(path)
}

/// A package, and the paths that it says it has.
struct Claim {
    package: Package,
    files: Files,
}

/// Which files a package has.
enum Files {
    /// These, by their paths.
    Listed(Vec<Vec<u8>>),
    /// All below a directory that belong to no package deeper in it.
    Below(Vec<u8>),
}

/// The packages that the databases in an image name, with their bytes. A file that several have is the first one's.
#[must_use]
pub fn packages(ledger: &Ledger) -> Packages {
    let contents = ledger.contents();
    let mut claims = dpkg::read(&contents);
    claims.extend(apk::read(&contents));
    claims.extend(python::read(&contents));
    claims.extend(npm::read(&contents));
    let owners = Owners::of(ledger, &claims);
    let mut all = Packages::default();
    for (id, file) in ledger.live() {
        let path = || ledger.path(file);
        match owners.owner(id, path) {
            Some(owner) => {
                claims[owner].package.bytes += file.size;
                claims[owner].package.files += 1;
            }
            None => {
                all.others += file.size;
                all.other_files += 1;
            }
        }
    }
    all.packages = claims.into_iter().map(|claim| claim.package).collect();
    all.packages.sort_by(|a, b| {
        let name = |package: &Package| (package.ecosystem, package.name.clone());
        b.bytes.cmp(&a.bytes).then_with(|| name(a).cmp(&name(b)))
    });
    all
}

/// Who has a file: an index into the claims.
struct Owners {
    files: HashMap<FileId, usize>,
    directories: HashMap<Vec<u8>, usize>,
}

impl Owners {
    fn of(ledger: &Ledger, claims: &[Claim]) -> Self {
        let mut owners = Self {
            files: HashMap::new(),
            directories: HashMap::new(),
        };
        for (index, claim) in claims.iter().enumerate() {
            match &claim.files {
                Files::Listed(paths) => {
                    for id in paths.iter().filter_map(|path| ledger.file_at(path)) {
                        owners.files.entry(id).or_insert(index);
                    }
                }
                Files::Below(directory) => {
                    owners.directories.entry(directory.clone()).or_insert(index);
                }
            }
        }
        owners
    }

    fn owner(&self, id: FileId, path: impl Fn() -> Vec<u8>) -> Option<usize> {
        if let Some(owner) = self.files.get(&id) {
            return Some(*owner);
        }
        if self.directories.is_empty() {
            return None;
        }
        let path = path();
        let slashes = path
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, byte)| **byte == b'/');
        slashes
            .map(|(at, _)| &path[..at])
            .find_map(|above| self.directories.get(above).copied())
    }
}

/// A package without any bytes so far.
fn package(ecosystem: Ecosystem, name: &str, version: &str) -> Package {
    Package {
        ecosystem,
        name: name.to_owned(),
        version: version.to_owned(),
        bytes: 0,
        files: 0,
    }
}

/// What is kept of an image: paths and contents.
type Contents<'c> = [(Vec<u8>, &'c [u8])];

/// The fields of a stanza of `Name: value` lines, by name; continued lines are left out.
fn field<'t>(stanza: &'t str, name: &str) -> Option<&'t str> {
    stanza
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
}
