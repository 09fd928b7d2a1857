//! Scripts to test with: those written for it, and those of all Dockerfiles of this project.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dockerfile::ast::{Instruction, Kind};
use dockerfile::{Source, parse};
use lint::shell::Script;

/// The scripts of a file below this folder, which lines of `%%` separate. The separators' newlines are no part of them.
pub(crate) fn written(name: &str) -> Vec<String> {
    let path = folder("tests/shell").join(name);
    let text = std::fs::read_to_string(path).expect("the file is there");
    let scripts = text.trim_end_matches('\n').split("\n%%\n");
    scripts.map(str::to_owned).collect()
}

/// What the Dockerfiles of the conformance tests, the corpus and the examples give to a shell, each once.
pub(crate) fn of_dockerfiles() -> Vec<String> {
    let mut bodies = BTreeSet::new();
    for source in dockerfiles() {
        bodies.extend(
            scripts(&source)
                .iter()
                .map(|script| script.text().to_owned()),
        );
    }
    bodies.into_iter().collect()
}

/// The Dockerfiles of the conformance tests, the corpus and the examples.
pub(crate) fn dockerfiles() -> Vec<Source> {
    let mut found = Vec::new();
    for below in [
        "../../tests/conformance/cases",
        "../dockerfile/tests/corpus",
        "../../examples",
        "tests/fixtures",
    ] {
        push_dockerfiles(&folder(below), &mut found);
    }
    found
}

/// What the `RUN`s of a Dockerfile give to a shell.
pub(crate) fn scripts(source: &Source) -> Vec<Script> {
    let file = parse(source).dockerfile;
    let instructions = file.stages.iter().flat_map(|stage| &stage.instructions);
    let script = |instruction: &Instruction| {
        let kind = match &instruction.kind {
            Kind::Onbuild(onbuild) => &onbuild.instruction.kind,
            kind => kind,
        };
        let Kind::Run(run) = kind else { return None };
        Script::of_run(source, run, file.directives.escape)
    };
    instructions.filter_map(script).collect()
}

fn folder(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

fn push_dockerfiles(folder: &Path, found: &mut Vec<Source>) {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    for path in entries.map(|entry| entry.expect("the folder can be read").path()) {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() && !path.is_symlink() {
            push_dockerfiles(&path, found);
        } else if name.contains("Dockerfile")
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            found.push(Source::new(name, text));
        }
    }
}
