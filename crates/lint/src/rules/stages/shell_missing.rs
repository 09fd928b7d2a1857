//! Where there is no shell, nothing is left to one.

use dockerfile::Severity;
use dockerfile::ast::{Form, Healthcheck, Kind, Word};

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::images::{ImageName, Libc};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::stages::CopyOrigin;

pub(crate) const RULE: Rule = Rule {
    name: "ShellMissing",
    summary: "On an image without a shell, RUN, CMD, ENTRYPOINT and HEALTHCHECK have the exec form",
    severity: Severity::Error,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Safe),
    twins: &[],
    page: Page {
        why: "The shell form is run by /bin/sh. On scratch and distroless there is none, so that the build or the container fails: \"exec: /bin/sh: no such file or directory\". Looked at are all stages on scratch and on gcr.io/distroless without the tag debug. Let pass are stages that may have got a shell: with ADD, with a SHELL instruction, or with a COPY that takes a folder, or a file called sh, bash or busybox.",
        bad: "FROM scratch\nCOPY server /server\nENTRYPOINT /server --port 80\n",
        good: "FROM scratch\nCOPY server /server\nENTRYPOINT [\"/server\", \"--port\", \"80\"]\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, stage) in file.dockerfile.stages.iter().enumerate() {
        let lineage = file.lineage(index);
        let Some(image) = file
            .image_below(index)
            .filter(|image| is_without_shell(*image))
        else {
            continue;
        };
        if may_have_one(file, &lineage) {
            continue;
        }
        for instruction in &stage.instructions {
            if let Some((what, word)) = shell_form(&instruction.kind) {
                let message = format!("{what} is run by /bin/sh, and {} has none", image.name);
                let help =
                    format!("write it in the exec form: `{what} [\"/program\", \"argument\"]`");
                let found_here = Found::new(instruction.span, word.span, message).help(help);
                found.push(found_here.fix(fix(file, word)));
            }
        }
    }
    found
}

fn is_without_shell(image: ImageName<'_>) -> bool {
    let is_distroless =
        image.folder == "gcr.io/distroless" && !image.tag.is_some_and(|tag| tag.contains("debug"));
    is_distroless || image.libc() == Some(Libc::Missing) && image.name == "scratch"
}

/// Whether a shell may have come from elsewhere.
fn may_have_one(file: &File<'_>, lineage: &[usize]) -> bool {
    let has_shell = |kind: &Kind| matches!(kind, Kind::Shell(_) | Kind::Add(_));
    file.instructions_of(lineage)
        .any(|instruction| has_shell(&instruction.kind))
        || file.copies_of(lineage).iter().any(|copied| {
            copied.paths().any(|(_, path)| {
                let last = path
                    .trim_end_matches('/')
                    .rsplit('/')
                    .next()
                    .unwrap_or_default();
                let is_shell = ["sh", "bash", "busybox", "dash", "toybox"].contains(&last);
                let is_root = matches!(
                    copied.destination.as_deref(),
                    None | Some("/" | "/bin" | "/usr" | "/usr/bin")
                );
                let is_file = !last.is_empty() && copied.arguments.destination.text.ends_with(last)
                    || copied.origin == CopyOrigin::Context && last.contains('.') && last.len() > 2;
                is_shell || is_root && !is_file && !is_started(file, lineage, last)
            })
        })
}

/// Whether something of this name is what is started, so that it is a file.
fn is_started(file: &File<'_>, lineage: &[usize], name: &str) -> bool {
    !name.is_empty()
        && file.instructions_of(lineage).any(|instruction| {
            let is_start = matches!(
                instruction.kind,
                Kind::Cmd(_) | Kind::Entrypoint(_) | Kind::Healthcheck(_)
            );
            is_start
                && instruction
                    .original
                    .split(['/', ' ', '"', ',', '[', ']'])
                    .any(|part| part == name)
        })
}

/// Writes the words as the exec form, if a shell would do nothing but split them.
fn fix(file: &File<'_>, word: &Word) -> Option<Fix> {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || " -_=./:@,+%".contains(sign);
    let text = file.source.slice(word.span);
    let words: Vec<String> = text
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{word}\""))
        .collect();
    let is_command = text.starts_with('/') && text.chars().all(is_plain);
    is_command.then(|| {
        let edit = Edit::replace(word.span, format!("[{}]", words.join(", ")));
        Fix::safe("write the exec form", [edit])
    })
}

/// The instruction, if its command is for a shell, and that.
fn shell_form(kind: &Kind) -> Option<(&'static str, &Word)> {
    let (what, form) = match kind {
        Kind::Run(run) => ("RUN", &run.command),
        Kind::Cmd(form) => ("CMD", form),
        Kind::Entrypoint(form) => ("ENTRYPOINT", form),
        Kind::Healthcheck(Healthcheck::Command { command, .. }) => ("HEALTHCHECK CMD", command),
        _ => return None,
    };
    match form {
        Form::Shell(word) => Some((what, word)),
        Form::Exec(_) => None,
    }
}
