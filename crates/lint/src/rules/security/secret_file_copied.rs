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
    fix: None,
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
                let message = match (removal(file, stage, &copied, name), is_shipped) {
                    (Some(line), _) => {
                        format!("{name} is in this layer for ever: line {line} only hides it")
                    }
                    (None, true) => {
                        format!("{name} is in this layer for everybody who has the image")
                    }
                    (None, false) => {
                        format!("{name} is in a layer of this stage, which stays in caches")
                    }
                };
                let here = Found::new(copied.instruction.span, word.span, message);
                found.push(here.help(help(name)));
            }
        }
    }
    found
}

/// The line of a later `RUN` that removes the file again.
fn removal(file: &File<'_>, stage: usize, copied: &Copied<'_>, name: &str) -> Option<u32> {
    let stages = [stage];
    let mut runs = file.runs_of(&stages);
    let run = runs.find(|run| {
        let is_later = run.instruction.span.start > copied.instruction.span.start;
        is_later
            && run
                .invocations()
                .iter()
                .any(|command| removes(command, name))
    })?;
    Some(file.source.line(run.instruction.span.start))
}

fn help(name: &str) -> String {
    if name.starts_with("id_") || name == ".ssh" {
        return "take it out, and write `RUN --mount=type=ssh git clone …` where it is needed (build with --ssh default)".to_owned();
    }
    if name.starts_with(".env") {
        return "take it out, and give it to the container when it starts: `docker run --env-file .env`".to_owned();
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
