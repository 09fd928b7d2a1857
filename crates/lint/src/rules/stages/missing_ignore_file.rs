//! A context that is copied as a whole has an ignore file.

use dockerfile::{Severity, Span};

use crate::facts::Context;
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

use super::bytes::amount;
use super::unwanted_in_context::unwanted;

pub(crate) const RULE: Rule = Rule {
    name: "MissingIgnoreFile",
    summary: "Where the whole context is copied, a .dockerignore says what is left out",
    severity: Severity::Info,
    set: Set::Carafe,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "`COPY . .` copies whatever lies in the folder: the history of git, installed packages, files with secrets, the editor's files, and each of them that changes builds the layer again. Looked at is the first COPY or ADD of `.` from the context, if the context is known and has no ignore file. Where such things are there already, UnwantedInContext names them.",
        bad: "# context: main.py 100 1\nFROM python:3.12-slim\nCOPY . .\n",
        good: "# with .dockerignore\n# context: main.py 100 1\nFROM python:3.12-slim\nCOPY . .\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let Some(context) = file
        .facts
        .context
        .as_ref()
        .filter(|context| context.ignore_file.is_none())
    else {
        return Vec::new();
    };
    let shipped = file.shipped();
    let found = (0..file.dockerfile.stages.len()).find_map(|stage| {
        let copies = file.copies_of(&[stage]);
        let first = copies
            .iter()
            .find_map(|copied| Some((copied, copied.whole_context()?.span)));
        let (copied, place) = first?;
        let is_said = !unwanted(context, copied, shipped.contains(&stage)).is_empty();
        Some((copied.instruction.span, place, is_said))
    });
    match found {
        Some((instruction, place, false)) => vec![wrong(context, instruction, place)],
        _ => Vec::new(),
    }
}

fn wrong(context: &Context, instruction: Span, place: Span) -> Found {
    let bytes = context.entries.iter().map(|entry| entry.bytes).sum();
    let files: u64 = context.entries.iter().map(|entry| entry.files).sum();
    let message = format!(
        "The whole context is copied ({} in {files} files), and nothing is left out",
        amount(bytes)
    );
    Found::new(instruction, place, message).help("write a .dockerignore with at least `.git`, `.env`, and what the build makes itself (node_modules, target, __pycache__, .venv)")
}
