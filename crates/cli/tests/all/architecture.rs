//! The house rules of `ARCHITECTURE.md`, held against the manifests and the sources: which crate may use which, what a
//! crate never does, and how big things are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A crate, the crates of ours that it may use, and words that must not stand in its code.
struct Crate {
    name: &'static str,
    may_use: &'static [&'static str],
    never: &'static [&'static str],
}

/// The table of `ARCHITECTURE.md`. Arrows go one way only.
const CRATES: &[Crate] = &[
    Crate {
        name: "dockerfile",
        may_use: &[],
        never: NO_IO,
    },
    Crate {
        name: "oci",
        may_use: &[],
        never: NO_IO,
    },
    Crate {
        name: "rootfs",
        may_use: &[],
        never: &["TcpStream", "std::process", "env::var"],
    },
    Crate {
        name: "sandbox",
        may_use: &["rootfs"],
        never: &["TcpListener", "println!"],
    },
    Crate {
        name: "lint",
        may_use: &["dockerfile"],
        never: NO_IO,
    },
    Crate {
        name: "registry",
        may_use: &["oci"],
        // The keepers of credentials are programs.
        never: &["println!", "env::var"],
    },
    Crate {
        name: "store",
        may_use: &["oci", "rootfs"],
        never: &["TcpStream", "println!", "std::process::Command"],
    },
    Crate {
        name: "inspect",
        may_use: &["oci", "rootfs", "store"],
        never: &["TcpStream", "println!", "std::process", "env::var"],
    },
    Crate {
        name: "builder",
        may_use: &[
            "dockerfile",
            "oci",
            "rootfs",
            "store",
            "registry",
            "sandbox",
        ],
        never: &["println!", "env::var", "std::process::Command"],
    },
    Crate {
        name: "carafe",
        may_use: &[
            "dockerfile",
            "oci",
            "rootfs",
            "sandbox",
            "lint",
            "registry",
            "store",
            "inspect",
            "builder",
        ],
        never: &[],
    },
    Crate {
        name: "testkit",
        may_use: &["oci", "store"],
        never: &[],
    },
];

/// What a crate that is text in, text out does not touch.
const NO_IO: &[&str] = &[
    "std::fs",
    "TcpStream",
    "env::var",
    "std::process",
    "println!",
    "rustix",
    "libc::",
];

/// The one crate with `unsafe`.
const UNSAFE: &str = "sandbox";

/// Lines of a source file without its tests.
const MOST_LINES: usize = 600;

/// Files that are longer, each with the reason why their natural unit is.
const LONGER: &[(&str, &str)] = &[];

/// File names that say nothing about what is in them, or hide who depends on whom.
const NO_SUCH_FILES: &[&str] = &[
    "mod.rs",
    "utils.rs",
    "util.rs",
    "helpers.rs",
    "common.rs",
    "misc.rs",
    "prelude.rs",
];

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the workspace")
}

/// The folder below `crates/` and the manifest of each crate, by its name.
fn manifests() -> BTreeMap<String, (PathBuf, Manifest)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(top().join("crates")).expect("crates/") {
        let folder = entry.expect("an entry of crates/").path();
        let Ok(text) = fs::read_to_string(folder.join("Cargo.toml")) else {
            continue;
        };
        let manifest = Manifest::read(&text);
        found.insert(manifest.name.clone(), (folder, manifest));
    }
    found
}

/// What these rules need of a `Cargo.toml`.
#[derive(Default)]
struct Manifest {
    name: String,
    dependencies: BTreeSet<String>,
    dev_dependencies: BTreeSet<String>,
}

impl Manifest {
    /// Reads the manifest line by line: ours hold one `name.workspace = true` or `name = …` a line.
    fn read(text: &str) -> Manifest {
        let mut manifest = Manifest::default();
        let mut table = "";
        for line in text.lines().map(str::trim) {
            if let Some(header) = line.strip_prefix('[') {
                table = header.trim_matches(['[', ']']);
                continue;
            }
            let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
                continue;
            };
            let key = key
                .trim()
                .split('.')
                .next()
                .unwrap_or_default()
                .trim_matches('"');
            if table == "package" && key == "name" {
                manifest.name = value.trim().trim_matches('"').to_owned();
            } else if table.ends_with("dev-dependencies") {
                manifest.dev_dependencies.insert(key.to_owned());
            } else if table.ends_with("dependencies") {
                manifest.dependencies.insert(key.to_owned());
            }
        }
        manifest
    }
}

/// Every Rust file below the folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The file without the tests at its end; nothing of a file that holds only tests.
fn without_tests(path: &Path) -> String {
    if path.file_name().is_some_and(|name| name == "tests.rs")
        || path.components().any(|c| c.as_os_str() == "tests")
    {
        return String::new();
    }
    let text = fs::read_to_string(path).expect("a source file");
    let lines: Vec<&str> = text
        .lines()
        .take_while(|line| *line != "#[cfg(test)]")
        .collect();
    lines.join("\n")
}

/// The text without comments, as far as `//` starts them.
fn code(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| line.split(" // ").next().unwrap_or_default())
        .collect();
    lines.join("\n")
}

fn relative(path: &Path) -> String {
    path.strip_prefix(top())
        .unwrap_or(path)
        .display()
        .to_string()
}

fn check(complaints: &[String], rule: &str) {
    assert!(
        complaints.is_empty(),
        "{rule}\n  {}",
        complaints.join("\n  ")
    );
}

#[test]
fn the_table_names_every_crate() {
    let there: BTreeSet<String> = manifests().into_keys().collect();
    let listed: BTreeSet<String> = CRATES.iter().map(|c| c.name.to_owned()).collect();
    assert_eq!(
        there, listed,
        "crates/ and the table in this file (and in ARCHITECTURE.md) differ"
    );
}

#[test]
fn arrows_point_down_the_table() {
    let manifests = manifests();
    let mut complaints = Vec::new();
    for Crate { name, may_use, .. } in CRATES {
        let (_, manifest) = &manifests[*name];
        for other in &manifest.dependencies {
            if manifests.contains_key(other) && !may_use.contains(&other.as_str()) {
                complaints.push(format!("{name} → {other}"));
            }
        }
        for other in &manifest.dev_dependencies {
            let tested = other == "testkit" || may_use.contains(&other.as_str());
            if manifests.contains_key(other) && !tested {
                complaints.push(format!("{name} → {other} (in its tests)"));
            }
        }
        if manifest.dependencies.contains("testkit") {
            complaints.push(format!("{name} → testkit, which is for tests only"));
        }
    }
    check(&complaints, "these dependencies are not in the table:");
}

#[test]
fn the_documented_table_is_this_one() {
    let text = fs::read_to_string(top().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let rows: BTreeMap<&str, Vec<&str>> = text
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').collect();
            let name = cells.first()?.trim().trim_end_matches('`');
            Some((name, cells.get(2)?.split('`').skip(1).step_by(2).collect()))
        })
        .collect();
    let mut complaints = Vec::new();
    for Crate { name, may_use, .. } in CRATES {
        let shown = if *name == "carafe" { "cli" } else { name };
        match rows.get(shown) {
            None => complaints.push(format!("{shown} is missing")),
            Some(_) if shown == "cli" => {} // "all"
            Some(uses) if uses != may_use => {
                complaints.push(format!("{shown}: {uses:?} there, {may_use:?} here"));
            }
            Some(_) => {}
        }
    }
    check(
        &complaints,
        "the table of ARCHITECTURE.md and the one here differ:",
    );
}

#[test]
fn crates_do_not_do_what_they_must_never_do() {
    let manifests = manifests();
    let mut complaints = Vec::new();
    for Crate { name, never, .. } in CRATES {
        for path in sources(&manifests[*name].0.join("src")) {
            let code = code(&without_tests(&path));
            for word in never.iter().filter(|word| code.contains(**word)) {
                complaints.push(format!("{}: {word}", relative(&path)));
            }
        }
    }
    check(&complaints, "these words stand where the table says never:");
}

#[test]
fn unsafe_code_is_in_one_crate() {
    let mut complaints = Vec::new();
    for (name, (folder, _)) in manifests() {
        for root in ["src/lib.rs", "src/main.rs"]
            .map(|file| folder.join(file))
            .iter()
            .filter(|path| path.exists())
        {
            let text = fs::read_to_string(root).expect("a source file");
            if (name != UNSAFE) != text.contains("#![forbid(unsafe_code)]") {
                complaints.push(relative(root));
            }
        }
    }
    check(
        &complaints,
        "`#![forbid(unsafe_code)]` stands in every crate but one; look at:",
    );
}

#[test]
fn files_are_of_a_size_to_read() {
    let mut complaints = Vec::new();
    for path in sources(&top().join("crates")) {
        let name = relative(&path);
        let lines = without_tests(&path).lines().count();
        let longer = LONGER.iter().any(|(file, _)| *file == name);
        if lines > MOST_LINES && !longer {
            complaints.push(format!(
                "{name}: {lines} lines without its tests; is there a concept missing?"
            ));
        }
        if lines <= MOST_LINES && longer {
            complaints.push(format!(
                "{name}: {lines} lines: it needs no exception any more"
            ));
        }
        if name.ends_with("/src/main.rs") && lines > 40 {
            complaints.push(format!(
                "{name}: {lines} lines; a main file only hands over"
            ));
        }
    }
    check(&complaints, "sizes:");
}

#[test]
fn file_names_say_what_is_in_them() {
    let complaints: Vec<String> = sources(&top().join("crates"))
        .iter()
        .filter(|path| path.components().any(|c| c.as_os_str() == "src"))
        .filter(|path| {
            path.file_name()
                .and_then(|n| n.to_str())
                .is_some_and(|n| NO_SUCH_FILES.contains(&n))
        })
        .map(|path| relative(path))
        .collect();
    check(
        &complaints,
        "`foo.rs` + `foo/` instead of mod.rs; no drawers:",
    );
}

#[test]
fn every_dependency_is_declared_in_the_workspace() {
    let root = fs::read_to_string(top().join("Cargo.toml")).expect("Cargo.toml");
    let mut complaints = Vec::new();
    for (name, (folder, manifest)) in manifests() {
        let text = fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        for dependency in manifest
            .dependencies
            .iter()
            .chain(&manifest.dev_dependencies)
        {
            let inherits = text.contains(&format!("{dependency}.workspace = true"))
                || text.contains(&format!("{dependency} = {{ workspace = true"));
            if !inherits || !root.contains(&format!("\n{dependency} = ")) {
                complaints.push(format!("{name}: {dependency}"));
            }
        }
    }
    check(
        &complaints,
        "versions stand in the workspace's Cargo.toml only:",
    );
}
