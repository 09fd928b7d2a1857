//! What no image needs is left out of the context.

use dockerfile::{Severity, glob};

use crate::facts::{Context, ContextEntry};
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::stages::Copied;

use super::bytes::amount;

pub(crate) const RULE: Rule = Rule {
    name: "UnwantedInContext",
    summary: "COPY of the whole context takes no history, no secrets and nothing that was built outside",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "What the ignore file lets through goes wherever `COPY .` puts it, and each change in it builds the layer again. Looked at is COPY and ADD of `.` from the context, if the context is known. In every stage, what was built or installed outside is found: node_modules, .venv, venv, __pycache__, and target beside a Cargo.toml or pom.xml; it was made for another system, and takes bytes and time. In the stages whose layers are in the image, `.git`, too, with the whole history, and files that hold secrets: .env, .netrc, .git-credentials, .aws, .ssh, id_rsa and its like, and keys in .key, .p12, .pfx, .jks and .pem files whose names do not speak of certificates. Excluded names (`--exclude`) are let pass.",
        bad: "# with .dockerignore\n# context: .git/ 48000000 1900\n# context: main.py 100 1\nFROM python:3.12-slim\nWORKDIR /app\nCOPY . .\n",
        good: "# with .dockerignore\n# context: main.py 100 1\nFROM python:3.12-slim\nWORKDIR /app\nCOPY . .\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let Some(context) = &file.facts.context else {
        return Vec::new();
    };
    let shipped = file.shipped();
    let mut found = Vec::new();
    for stage in 0..file.dockerfile.stages.len() {
        for copied in file.copies_of(&[stage]) {
            let entries = unwanted(context, &copied, shipped.contains(&stage));
            if let Some(whole) = copied.whole_context().filter(|_| !entries.is_empty()) {
                found.push(wrong(
                    context,
                    &entries,
                    copied.instruction.span,
                    whole.span,
                ));
            }
        }
    }
    found
}

/// What a copy of the whole context takes along that nobody wants.
pub(super) fn unwanted<'c>(
    context: &'c Context,
    copied: &Copied<'_>,
    is_shipped: bool,
) -> Vec<&'c ContextEntry> {
    if copied.whole_context().is_none() {
        return Vec::new();
    }
    let excludes = &copied.arguments.excludes;
    let excludes: Vec<&str> = excludes
        .iter()
        .map(|word| word.text.trim_end_matches('/'))
        .collect();
    let is_excluded = |entry: &ContextEntry| {
        excludes
            .iter()
            .any(|pattern| glob::matches(pattern, &entry.name) == Ok(true))
    };
    let is_unwanted = |entry: &&ContextEntry| {
        let is_wrong_there = is_shipped && (is_history(entry) || is_secret(entry));
        !is_excluded(entry) && (is_wrong_there || is_made_outside(entry, context))
    };
    context.entries.iter().filter(is_unwanted).collect()
}

fn wrong(
    context: &Context,
    entries: &[&ContextEntry],
    instruction: dockerfile::Span,
    place: dockerfile::Span,
) -> Found {
    let said: Vec<String> = entries
        .iter()
        .map(|entry| match entry.is_directory {
            true => format!(
                "{} ({} in {} files)",
                entry.name,
                amount(entry.bytes),
                entry.files
            ),
            false => format!("{} ({})", entry.name, amount(entry.bytes)),
        })
        .collect();
    let names: Vec<String> = entries
        .iter()
        .map(|entry| format!("`{}`", entry.name))
        .collect();
    let file = context
        .ignore_file
        .as_deref()
        .unwrap_or("a new .dockerignore");
    Found::new(
        instruction,
        place,
        format!("This copies {}", said.join(", ")),
    )
    .help(format!("put {} into {file}", names.join(", ")))
}

fn is_history(entry: &ContextEntry) -> bool {
    matches!(entry.name.as_str(), ".git" | ".hg" | ".svn")
}

fn is_made_outside(entry: &ContextEntry, context: &Context) -> bool {
    let has = |name: &str| context.entries.iter().any(|entry| entry.name == name);
    entry.is_directory
        && match entry.name.as_str() {
            "node_modules" | ".venv" | "venv" | "__pycache__" => true,
            "target" => has("Cargo.toml") || has("pom.xml"),
            _ => false,
        }
}

/// Whether a name is that of a file or folder with secrets.
fn is_secret(entry: &ContextEntry) -> bool {
    let name = entry.name.as_str();
    let is_certificate = ["cert", "crt", "ca", "chain", "bundle", "pub"]
        .iter()
        .any(|word| name.to_lowercase().contains(word));
    let is_key = [".key", ".p12", ".pfx", ".jks", ".keystore", ".ppk"]
        .iter()
        .any(|end| name.ends_with(end));
    match entry.is_directory {
        true => matches!(name, ".aws" | ".ssh" | ".gnupg" | ".kube"),
        false => {
            matches!(
                name,
                ".env"
                    | ".netrc"
                    | ".git-credentials"
                    | "id_rsa"
                    | "id_dsa"
                    | "id_ecdsa"
                    | "id_ed25519"
                    | ".env.local"
                    | ".env.production"
            ) || is_key
                || name.ends_with(".pem") && !is_certificate
        }
    }
}
