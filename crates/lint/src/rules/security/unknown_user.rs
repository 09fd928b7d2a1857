//! A user that is named is one that the image knows.

use dockerfile::Severity;
use dockerfile::ast::Kind;

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::stages::unquoted;

pub(crate) const RULE: Rule = Rule {
    name: "UnknownUser",
    summary: "On scratch, USER is a number, for there is no /etc/passwd that knows a name",
    severity: Severity::Error,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "A name is looked up in the image's /etc/passwd when the container starts. On scratch there is none, so it fails: \"unable to find user\". Found is USER with a name in a stage on scratch into which no COPY or ADD brought /etc, /etc/passwd or a folder to the root.",
        bad: "FROM scratch\nCOPY server /server\nUSER nobody\nCMD [\"/server\"]\n",
        good: "FROM scratch\nCOPY server /server\nUSER 65534:65534\nCMD [\"/server\"]\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, stage) in file.dockerfile.stages.iter().enumerate() {
        let is_empty = file
            .image_below(index)
            .is_some_and(|image| image.name == "scratch" && image.folder.is_empty());
        if !is_empty || knows_users(file, &file.lineage(index)) {
            continue;
        }
        for instruction in &stage.instructions {
            let Kind::User(word) = &instruction.kind else {
                continue;
            };
            let user = unquoted(&word.text).split(':').next().unwrap_or_default();
            let is_name = !user.is_empty()
                && !user.contains('$')
                && !user.chars().all(|sign| sign.is_ascii_digit());
            if is_name {
                let message = format!("There is no user {user} on scratch");
                let help =
                    "write a number (65534 is nobody), or `COPY --from=STAGE /etc/passwd /etc/`";
                let fix = Fix::guess(
                    "write the number of nobody",
                    [Edit::replace(word.span, "65534:65534")],
                );
                found.push(
                    Found::new(instruction.span, word.span, message)
                        .help(help)
                        .fix(fix),
                );
            }
        }
    }
    found
}

/// Whether `/etc/passwd` may have come from elsewhere.
fn knows_users(file: &File<'_>, lineage: &[usize]) -> bool {
    let runs = file
        .instructions_of(lineage)
        .any(|instruction| matches!(instruction.kind, Kind::Run(_) | Kind::Add(_)));
    runs || file.copies_of(lineage).iter().any(|copied| {
        let is_passwd = copied.paths().any(|(_, path)| {
            path.contains("passwd") || path.trim_end_matches('/').ends_with("etc")
        });
        let is_folder = |path: &str| {
            path.ends_with('/')
                || !path
                    .rsplit('/')
                    .next()
                    .is_some_and(|name| !name.is_empty() && is_started(file, lineage, name))
        };
        let is_to_root = matches!(copied.destination.as_deref(), None | Some("/" | "/etc"));
        is_passwd
            || copied.arguments.sources.len() != copied.paths().count()
            || is_to_root && copied.paths().any(|(_, path)| is_folder(path))
    })
}

fn is_started(file: &File<'_>, lineage: &[usize], name: &str) -> bool {
    file.instructions_of(lineage).any(|instruction| {
        let is_start = matches!(instruction.kind, Kind::Cmd(_) | Kind::Entrypoint(_));
        is_start && instruction.original.contains(name)
    })
}
