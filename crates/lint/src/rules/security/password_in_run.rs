//! No user of an image has a password that is written down.

use dockerfile::Severity;

use crate::file::File;
use crate::invocation::{Argument, Invocation};
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "PasswordInRun",
    summary: "A RUN gives no user a password",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "A password that a RUN sets is in the image's history for everybody to read, and the same in every container. A program in a container needs none: the container is entered with docker exec. Found are chpasswd, passwd for a user (unless it locks one: -l, -d is found, too), and useradd and usermod with -p or --password. Let pass is a password that comes from a secret (a mount of type secret), and one that locks (`*`, `!`). No message shows the password.",
        bad: "FROM debian:bookworm-slim\nRUN echo 'root:hunter22' | chpasswd\n",
        good: "FROM debian:bookworm-slim\nRUN useradd --system --no-create-home app\nUSER app\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let is_secret = |run: &&crate::runs::RunStep<'_>| {
        let mut fields = run.run.mounts.iter().flat_map(|mount| &mount.fields);
        fields.any(|(key, value)| key == "type" && value.as_deref() == Some("secret"))
    };
    let mut found = Vec::new();
    for run in file.runs().iter().filter(|run| !is_secret(run)) {
        for command in run.invocations() {
            let Some(word) = sets_password(command) else {
                continue;
            };
            let message = match command.is(&["passwd"]) && command.has_flag(&["d", "delete"]) {
                true => "This lets everybody log in as a user without a password",
                false => "This gives a user a password that is in the image for everybody to read",
            };
            let help = "take it out: a container is entered with `docker exec`; where a login is needed, set it when the container starts, from a secret";
            found.push(Found::new(run.instruction.span, word.span, message).help(help));
        }
    }
    found
}

/// The word that sets a password.
fn sets_password(command: &Invocation) -> Option<&Argument> {
    let locks = |value: &str| value.is_empty() || value.starts_with(['*', '!']);
    match command.name.text.as_str() {
        "chpasswd" => Some(&command.name),
        "passwd" if !command.has_flag(&["l", "lock", "S", "status", "e", "expire", "help"]) => {
            Some(&command.name)
        }
        "useradd" | "usermod" => {
            let flag = command
                .arguments
                .iter()
                .find(|a| a.text == "-p" || a.has_flag("password"))?;
            let value = command.flag_value(&["p", "password"]).unwrap_or_default();
            (!locks(value)).then_some(flag)
        }
        _ => None,
    }
}
