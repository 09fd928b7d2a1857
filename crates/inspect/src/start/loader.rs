//! Can the dynamic loader do its work? The loader itself, all libraries that it would open, and the versions that they want of
//! each other.

use std::collections::{BTreeMap, HashSet, VecDeque};

use rootfs::{FollowLast, Found};

use super::elf::Object;
use super::libraries::Libraries;
use super::problem::{Instruction, Problem, ProblemKind};
use super::{Image, elf, reading};
use crate::Error;

/// No program has more libraries.
const LIBRARIES_AT_MOST: usize = 2_000;

/// Machines by the architectures of image-spec (Go's `GOARCH`): `e_machine`, and whether it has 64 bits.
const MACHINES: [(&str, u16, bool); 9] = [
    ("amd64", object::elf::EM_X86_64, true),
    ("386", object::elf::EM_386, false),
    ("arm64", object::elf::EM_AARCH64, true),
    ("arm", object::elf::EM_ARM, false),
    ("ppc64le", object::elf::EM_PPC64, true),
    ("s390x", object::elf::EM_S390, true),
    ("riscv64", object::elf::EM_RISCV, true),
    ("loong64", object::elf::EM_LOONGARCH, true),
    ("mips64le", object::elf::EM_MIPS, true),
];

/// An object that was opened, and who brought it in.
struct Opened {
    path: String,
    object: Object,
    /// `DT_RPATH`s that count for what it needs, with their origins.
    above: Vec<(String, String)>,
}

/// Looks for what would keep a program from being loaded. The names of the libraries that it takes are what comes back.
pub(super) fn check(
    image: &Image<'_>,
    path: &str,
    object: &Object,
    instruction: Instruction,
    problems: &mut Vec<Problem>,
) -> Result<Vec<String>, Error> {
    if let Some(problem) = other_machine(image, path, object, instruction) {
        problems.push(problem);
        return Ok(Vec::new());
    }
    let Some(loader) = &object.interpreter else {
        return Ok(Vec::new());
    };
    let found = image
        .files
        .lookup(loader, FollowLast::Yes)
        .map_err(reading(loader))?;
    if found.is_none() {
        problems.push(no_loader(image, path, loader, instruction)?);
        return Ok(Vec::new());
    }
    let libraries = Libraries::of(image.files, &image.environment, loader)?;
    let closure = Closure {
        libraries,
        opened: BTreeMap::new(),
        missing: Vec::new(),
    };
    let closure = closure.walk(path, object)?;
    problems.extend(closure.problems(path, instruction));
    Ok(closure.opened.into_keys().collect())
}

fn other_machine(
    image: &Image<'_>,
    path: &str,
    object: &Object,
    instruction: Instruction,
) -> Option<Problem> {
    let wanted = image.config.platform().architecture;
    let name = |object: &Object| {
        let is_it = |(_, machine, is_64): &&(&str, u16, bool)| {
            (*machine, *is_64) == (object.machine, object.is_64)
        };
        MACHINES.iter().find(is_it).map(|(name, ..)| *name)
    };
    let found = name(object);
    // A kernel of 64 bits runs programs of its smaller sister.
    let fits = match (wanted.as_str(), found) {
        (_, None) | ("amd64", Some("386")) | ("arm64", Some("arm")) => true,
        (wanted, Some(found)) => {
            wanted == found || !MACHINES.iter().any(|(name, ..)| *name == wanted)
        }
    };
    (!fits).then(|| {
        let found = found.unwrap_or("another machine");
        let message = format!("{path} is a program for {found}, and the image is for {wanted}");
        let help = "build it for the image's platform: FROM --platform=$BUILDPLATFORM with GOARCH=$TARGETARCH or its like, or copy it from an image for that platform";
        Problem::new(ProblemKind::WrongArchitecture, instruction, message, help)
    })
}

/// The loader is missing: which one is there decides what to say.
fn no_loader(
    image: &Image<'_>,
    path: &str,
    loader: &str,
    instruction: Instruction,
) -> Result<Problem, Error> {
    let is_musl = loader.contains("ld-musl");
    let other = match is_musl {
        true => has_file(image, &["/lib64", "/lib"], "ld-linux")?,
        false => has_file(image, &["/lib"], "ld-musl-")?,
    };
    let (kind, message) = match (is_musl, other) {
        (false, true) => (
            ProblemKind::OtherLibc,
            format!(
                "{path} was linked with glibc, and the image has musl (Alpine): its loader {loader} is missing"
            ),
        ),
        (true, true) => (
            ProblemKind::OtherLibc,
            format!(
                "{path} was linked with musl, and the image has glibc: its loader {loader} is missing"
            ),
        ),
        _ => (
            ProblemKind::LoaderMissing,
            format!("{path} is linked dynamically, and its loader {loader} is not in the image"),
        ),
    };
    let help = "link it statically (Go: CGO_ENABLED=0; Rust: a musl target; C: -static), or build it on the distribution that it runs on";
    Ok(Problem::new(kind, instruction, message, help))
}

fn has_file(image: &Image<'_>, directories: &[&str], start: &str) -> Result<bool, Error> {
    for directory in directories {
        let entries = image
            .files
            .read_dir(directory)
            .map_err(reading(directory))?;
        let has = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(start);
        if entries
            .unwrap_or_default()
            .iter()
            .any(|entry| has(&entry.name))
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// All that a program needs, and what is missing of it.
struct Closure<'a> {
    libraries: Libraries<'a>,
    /// By the names that others need them by.
    opened: BTreeMap<String, Opened>,
    /// Library, and who needs it.
    missing: Vec<(String, String)>,
}

impl Closure<'_> {
    fn walk(mut self, path: &str, object: &Object) -> Result<Self, Error> {
        let mut seen: HashSet<String> = HashSet::new();
        let mut open = VecDeque::from([Opened {
            path: path.to_owned(),
            object: object.clone(),
            above: Vec::new(),
        }]);
        while let Some(wanting) = open.pop_front() {
            for name in &wanting.object.needed {
                let is_full = seen.len() >= LIBRARIES_AT_MOST;
                if is_full || !seen.insert(name.clone()) || is_loader(name) {
                    continue;
                }
                let found = self.libraries.find(
                    name,
                    &wanting.object,
                    origin(&wanting.path),
                    &wanting.above,
                )?;
                match found.as_ref().and_then(opened) {
                    Some((path, object)) => {
                        let above = inherited(&wanting);
                        self.opened.insert(
                            name.clone(),
                            Opened {
                                path: path.clone(),
                                object: object.clone(),
                                above: above.clone(),
                            },
                        );
                        open.push_back(Opened {
                            path,
                            object,
                            above,
                        });
                    }
                    None => self.missing.push((name.clone(), wanting.path.clone())),
                }
            }
            if wanting.path == path {
                self.opened.insert(String::new(), wanting);
            }
        }
        Ok(self)
    }

    fn problems(&self, program: &str, instruction: Instruction) -> Vec<Problem> {
        let missing = self.missing.iter().map(|(library, by)| {
            let for_whom = if by == program { String::new() } else { format!(" (for {program})") };
            let message = format!("{by} needs {library}, which is not in the image{for_whom}");
            let help = "install the package that has it, or copy it from the stage where the program was linked (ldd shows what it found there)";
            Problem::new(ProblemKind::LibraryMissing, instruction, message, help)
        });
        missing.chain(self.old_libraries(instruction)).collect()
    }

    /// Versions of symbols that are wanted, and that the library that was found does not have.
    fn old_libraries(&self, instruction: Instruction) -> Vec<Problem> {
        let mut found = Vec::new();
        for wanting in self.opened.values() {
            for (library, version) in &wanting.object.wants {
                let Some(has) = self.opened.get(library) else {
                    continue;
                };
                // A library without any versions is only warned of by the loader.
                if has.object.has.is_empty() || has.object.has.contains(version) {
                    continue;
                }
                let message = format!(
                    "{} wants {version} of {library}, and {} is older",
                    wanting.path, has.path
                );
                let help = "build it on the release that it runs on, or take a newer base for the last stage";
                found.push(Problem::new(
                    ProblemKind::SymbolVersionMissing,
                    instruction,
                    message,
                    help,
                ));
            }
        }
        found
    }
}

/// The loader and the kernel's own library are there already.
fn is_loader(name: &str) -> bool {
    ["ld-linux", "ld-musl", "ld64.so", "linux-vdso"]
        .iter()
        .any(|start| name.starts_with(start))
        || is_musl(name)
}

/// musl's loader is its C library, by whatever of these names it is needed.
fn is_musl(name: &str) -> bool {
    name.starts_with("libc.musl-")
}

fn origin(path: &str) -> &str {
    path.rsplit_once('/')
        .map_or("/", |(directory, _)| directory)
}

fn opened(found: &Found) -> Option<(String, Object)> {
    let object = elf::read(found.open().ok()?)?;
    Some((found.path.to_string_lossy().into_owned(), object))
}

/// What counts for the libraries of a library: its own `DT_RPATH`, and those above.
fn inherited(wanting: &Opened) -> Vec<(String, String)> {
    let own = wanting
        .object
        .rpath
        .iter()
        .filter(|_| wanting.object.runpath.is_none());
    let own = own.map(|path| (path.clone(), origin(&wanting.path).to_owned()));
    own.chain(wanting.above.iter().cloned()).collect()
}
