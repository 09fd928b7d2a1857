//! A program runs as an ordinary user.

use dockerfile::Severity;
use dockerfile::ast::{Kind, Word};

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::images::ImageName;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;
use crate::stages::unquoted;

pub(crate) const RULE: Rule = Rule {
    name: "RootUser",
    summary: "The image's program runs as an ordinary user, which USER names",
    severity: Severity::Info,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &["DL3002"],
    page: Page {
        why: "Who breaks into a program that runs as root is root in the container, and nearer to being root outside. Looked at is the last stage with those that it stands on, if it is a program's (it has a CMD or ENTRYPOINT and holds sources or what another stage made, and is not called dev, test or the like). Found is a last USER of root or 0, or no USER at all. Let pass are bases that start as somebody else by their name (nonroot, rootless, -unprivileged, bitnami, cgr.dev …), and images whose program may change its user itself: with gosu, su-exec, setpriv or tini's like in it, or an entrypoint script.",
        bad: "FROM node:20-slim\nWORKDIR /app\nCOPY . .\nCMD [\"node\", \"index.js\"]\n",
        good: "FROM node:20-slim\nWORKDIR /app\nCOPY . .\nUSER node\nCMD [\"node\", \"index.js\"]\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    wrong(file).into_iter().collect()
}

fn wrong(file: &File<'_>) -> Option<Found> {
    let shipped = file.shipped_program();
    let stage = file.dockerfile.stages.get(*shipped.last()?)?;
    if changes_user_itself(file, &shipped) {
        return None;
    }
    let users = file
        .instructions_of(&shipped)
        .filter_map(|instruction| match &instruction.kind {
            Kind::User(word) => Some((instruction, word)),
            _ => None,
        });
    let help = "make a user (`RUN useradd --system app`, on Alpine `adduser -S app`) and write `USER app` before the CMD; node, distroless and others have one already";
    let image = file.image_below(*shipped.last()?);
    let known = image.and_then(known_user);
    match users.last() {
        Some((instruction, word)) if is_root(word) => {
            let fix = known.map(|user| {
                Fix::guess(
                    format!("write USER {user}"),
                    [Edit::replace(word.span, user)],
                )
            });
            let found = Found::new(instruction.span, word.span, "The program runs as root");
            Some(found.help(help).fix(fix))
        }
        Some(_) => None,
        None => {
            let fix = known.and_then(|user| insert_user(file, *shipped.last()?, user));
            let message = "Nothing says as whom the program runs, so it runs as root";
            let found = Found::new(stage.span, stage.base.span, message);
            image
                .filter(|image| starts_as_root(*image))
                .map(|_| found.help(help).fix(fix))
        }
    }
}

/// Puts `USER` behind what stands before the first command: comments above that stay above it.
fn insert_user(file: &File<'_>, stage: usize, user: &str) -> Option<Fix> {
    let instructions = &file.dockerfile.stages.get(stage)?.instructions;
    let start = instructions
        .iter()
        .find(|one| matches!(one.kind, Kind::Cmd(_) | Kind::Entrypoint(_)))?;
    let before = file.preceding(stage, start)?.span;
    let length = file.source.slice(before).trim_end().len();
    let at = before.start.checked_add(u32::try_from(length).ok()?)?;
    let edit = Edit::insert(at, format!("\nUSER {user}"));
    Some(Fix::guess("write USER before the command", [edit]))
}

/// Whether an image is one that starts as root, as far as its name tells.
fn starts_as_root(image: ImageName<'_>) -> bool {
    // Of images that are not Docker's official ones, nothing is known.
    !image.is_rootless() && (image.folder.is_empty() || image.libc().is_some())
}

/// The user, as a number, that an image has for programs.
fn known_user(image: ImageName<'_>) -> Option<&'static str> {
    match (image.folder, image.name) {
        ("", "node") => Some("1000"),
        ("", "scratch") => Some("65534"),
        ("gcr.io/distroless", _) => Some("65532"),
        _ => None,
    }
}

fn is_root(word: &Word) -> bool {
    let user = unquoted(&word.text).split(':').next().unwrap_or_default();
    matches!(user, "root" | "0")
}

/// Whether something in the image changes to another user when it starts.
fn changes_user_itself(file: &File<'_>, shipped: &[usize]) -> bool {
    let tools = [
        "gosu",
        "su-exec",
        "setpriv",
        "setuidgid",
        "supervisor",
        "supervisord",
        "s6",
        "runit",
    ];
    let has_tool = file
        .runs_of(shipped)
        .flat_map(RunStep::invocations)
        .any(|command| {
            command
                .arguments
                .iter()
                .chain([&command.name])
                .any(|word| tools.iter().any(|tool| word.text.contains(tool)))
        });
    let is_script = |text: &str| {
        text.contains("entrypoint")
            || tools.iter().any(|tool| text.contains(tool))
            || text.contains("/init")
    };
    has_tool
        || file.instructions_of(shipped).any(|instruction| {
            matches!(
                instruction.kind,
                Kind::Cmd(_) | Kind::Entrypoint(_) | Kind::Copy(_)
            ) && is_script(&instruction.original.replace("ENTRYPOINT", ""))
        })
}
