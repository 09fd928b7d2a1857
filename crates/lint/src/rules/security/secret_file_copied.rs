//! Files with secrets are mounted, not copied.

use dockerfile::Severity;

use crate::file::File;
use crate::invocation::Invocation;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::stages::{Copied, CopyOrigin};

pub(crate) const RULE: Rule = Rule {
    name: "SecretFileCopied",
    summary: "A file with a secret is mounted for the RUN that needs it, not copied into a layer",
    severity: Severity::Error,
    set: Set::Carafe,
    activation: Activation::On,
    twins: &[],
    page: Page {
        why: "What was copied is in its layer for ever, also if a later RUN removes it, and is given away with the image. Found are COPYs and ADDs of files by names that say what they hold: id_rsa, id_ed25519 and the like, .netrc, .git-credentials, .pgpass, .vault-token, .aws/credentials, .docker/config.json, .kube/config, .ssh; and .npmrc, .pypirc, .env and .yarnrc.yml into the stages whose layers are in the image. Let pass is what is copied into a stage that is not shipped under the last four names, public keys (.pub), and examples (.env.example).",
        bad: "FROM node:20-slim\nWORKDIR /app\nCOPY .npmrc package.json package-lock.json ./\nRUN npm ci --omit=dev && rm .npmrc\n",
        good: "FROM node:20-slim\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci --omit=dev\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let shipped = file.shipped();
    let mut found = Vec::new();
    for stage in 0..file.dockerfile.stages.len() {
        let is_shipped = shipped.contains(&stage);
        for copied in file.copies_of(&[stage]) {
            for (word, path) in copied.paths() {
                let Some(name) =
                    secret_name(path, is_shipped).filter(|_| copied.origin == CopyOrigin::Context)
                else {
                    continue;
                };
                found.push(wrong(file, stage, &copied, word.span, name));
            }
        }
    }
    found
}

fn wrong(
    file: &File<'_>,
    stage: usize,
    copied: &Copied<'_>,
    place: dockerfile::Span,
    name: &str,
) -> Found {
    let at = copied.instruction.span;
    let later = file
        .runs()
        .iter()
        .filter(|run| run.stage == stage && run.instruction.span.start > at.start);
    let removal = { later }.find(|run| {
        run.invocations()
            .iter()
            .any(|command| removes(command, name))
    });
    let message = match removal {
        Some(run) => {
            let line = file.source.line(run.instruction.span.start);
            format!("{name} is in this layer for ever: line {line} only hides it")
        }
        None => format!("{name} is in this layer for everybody who has the image"),
    };
    Found::new(at, place, message).help(help(name))
}

fn help(name: &str) -> String {
    if name.starts_with("id_") || name == ".ssh" {
        return "take it out, and write `RUN --mount=type=ssh git clone …` where it is needed (build with --ssh default)".to_owned();
    }
    let id = name.trim_start_matches('.').replace(['/', '.'], "-");
    format!(
        "take it out, and write `RUN --mount=type=secret,id={id},target=/root/{name} …` where it is needed"
    )
}

fn removes(command: &Invocation, name: &str) -> bool {
    command.is(&["rm", "shred"])
        && command
            .words()
            .any(|word| word.text.ends_with(name.rsplit('/').next().unwrap_or(name)))
}

/// The part of a path that says that a secret is in the file.
fn secret_name(path: &str, is_shipped: bool) -> Option<&str> {
    let path = path.trim_end_matches('/');
    let last = path.rsplit('/').next().unwrap_or(path);
    let tail = path
        .rmatch_indices('/')
        .nth(1)
        .map_or(path, |(at, _)| &path[at + 1..]);
    let always = [
        "id_rsa",
        "id_dsa",
        "id_ecdsa",
        "id_ed25519",
        ".netrc",
        ".git-credentials",
        ".pgpass",
        ".vault-token",
        ".ssh",
    ];
    let below = [
        ".aws/credentials",
        ".docker/config.json",
        ".kube/config",
        ".config/gcloud",
    ];
    let if_shipped = [
        ".npmrc",
        ".pypirc",
        ".env",
        ".env.local",
        ".env.production",
        ".yarnrc.yml",
    ];
    match () {
        () if always.contains(&last) => Some(last),
        () if below.contains(&tail) => Some(tail),
        () if is_shipped && if_shipped.contains(&last) => Some(last),
        () => None,
    }
}
