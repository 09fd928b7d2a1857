//! Containers do not run as root.

use dockerfile::Severity;

use super::users::{User, last_of_images, last_of_stages};
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3002",
    summary: "Last USER should not be root",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "A program that runs as root in its container has more to lose: with a hole in the kernel or a mount that should not be there it is root on the host. Looked at is the user that an image ends with: the last `USER` of the last stage, and of stages that no other one needs (targets for `--target`), through the stages that they stand on. Stages that only build something may be root. A file without any `USER` is let pass: the base image may have one.",
        bad: "FROM debian:bookworm\nUSER root\n",
        good: "FROM debian:bookworm\nUSER root\nRUN useradd --uid 1000 app\nUSER 1000\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let users = match file.options.compatible {
        true => last_of_stages(file),
        false => last_of_images(file),
    };
    users
        .into_iter()
        .filter(|user| is_root(file, user))
        .map(|user| {
            Found::new(user.instruction.span, user.word.span, RULE.summary)
                .help("end with a user that is not root: USER 1000")
        })
        .collect()
}

fn is_root(file: &File<'_>, user: &User<'_>) -> bool {
    match file.options.compatible {
        true => {
            let text = &user.word.text;
            ["root", "0"].contains(&text.split(':').next().unwrap_or(text))
        }
        false => {
            let name = user.name(file);
            name == "root" || !name.is_empty() && name.bytes().all(|byte| byte == b'0')
        }
    }
}
