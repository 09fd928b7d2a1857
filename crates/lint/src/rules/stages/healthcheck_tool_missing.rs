//! A health check starts what is in the image.

use dockerfile::ast::{Form, Healthcheck, Instruction, Kind};
use dockerfile::{Severity, Span};

use crate::file::File;
use crate::images::{ImageName, Libc};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::stages::CopyOrigin;

pub(crate) const RULE: Rule = Rule {
    name: "HealthcheckToolMissing",
    summary: "HEALTHCHECK starts a program that is in the image",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "A health check whose program is not there fails for ever, and the container counts as unhealthy though it works. Looked at are HEALTHCHECKs that start with curl or wget, on bases that are known to have none: curl on alpine, debian, ubuntu and the -alpine and -slim variants of Docker's official images, both on scratch and distroless; wget on the same but for Alpine, whose busybox has one. Let pass are stages in which anything names the program, whose packages or scripts cannot be told (a variable, a pattern), or that copy from another stage into a folder for programs.",
        bad: "FROM node:20-slim\nWORKDIR /app\nCOPY dist ./dist\nHEALTHCHECK CMD curl -f http://127.0.0.1:3000/health\nCMD [\"node\", \"dist/index.js\"]\n",
        good: "FROM node:20-slim\nWORKDIR /app\nCOPY dist ./dist\nHEALTHCHECK CMD [\"node\", \"-e\", \"fetch('http://127.0.0.1:3000/health').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))\"]\nCMD [\"node\", \"dist/index.js\"]\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, stage) in file.dockerfile.stages.iter().enumerate() {
        for instruction in &stage.instructions {
            let Some((tool, place)) = tool(instruction) else {
                continue;
            };
            let image = file.image_below(index);
            if image.is_some_and(|image| lacks(image, tool)) && !may_get(file, index, tool) {
                let message =
                    format!("There is no {tool} in this image, so the check always fails");
                let help = "install it in the image, or let the program check itself: a flag of its own, or what its language has (node -e, python -c); Alpine has wget";
                found.push(Found::new(instruction.span, place, message).help(help));
            }
        }
    }
    found
}

/// curl or wget, if a health check starts with it, and where.
fn tool(instruction: &Instruction) -> Option<(&'static str, Span)> {
    let Kind::Healthcheck(Healthcheck::Command { command, .. }) = &instruction.kind else {
        return None;
    };
    let (first, place) = match command {
        Form::Shell(word) => {
            let first = word.text.split_whitespace().next()?;
            let length = u32::try_from(first.len()).ok()?;
            (first, Span::new(word.span.start, word.span.start + length))
        }
        Form::Exec(words) => (words.first()?.as_str(), instruction.span),
    };
    let tool = ["curl", "wget"].into_iter().find(|tool| *tool == first)?;
    Some((tool, place))
}

/// Whether an image is known to be without a program.
fn lacks(image: ImageName<'_>, tool: &str) -> bool {
    let is_official = image.folder.is_empty();
    let is_small = image.tag.is_some_and(|tag| tag.contains("slim"));
    let is_plain = is_official && matches!(image.name, "debian" | "ubuntu");
    match image.libc() {
        Some(Libc::Missing) => true,
        Some(Libc::Musl) => {
            tool == "curl"
                && is_official
                && matches!(
                    image.name,
                    "alpine" | "node" | "python" | "ruby" | "golang" | "rust"
                )
        }
        Some(Libc::Glibc) => {
            is_plain || is_official && is_small && matches!(image.name, "node" | "python" | "ruby")
        }
        None => false,
    }
}

/// Whether something in the stage can bring the program.
fn may_get(file: &File<'_>, stage: usize, tool: &str) -> bool {
    let lineage = file.lineage(stage);
    let is_unclear = |instruction: &Instruction| match &instruction.kind {
        Kind::Run(_) => {
            let text = file.source.slice(instruction.span);
            // What a variable or a script installs cannot be told.
            text.contains(tool)
                || text.contains(['$', '*'])
                || text.contains(".sh")
                || text.contains("./")
        }
        Kind::Add(_) => true,
        _ => false,
    };
    let brings = |path: &str| path.contains("bin") || path == "/" || path.contains(tool);
    file.instructions_of(&lineage).any(is_unclear)
        || file.copies_of(&lineage).iter().any(|copied| {
            let is_elsewhere = copied.origin != CopyOrigin::Context;
            let is_to_programs = copied.destination.as_deref().is_none_or(brings);
            is_elsewhere && is_to_programs || copied.paths().any(|(_, path)| path.contains(tool))
        })
}
