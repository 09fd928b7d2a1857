//! Secrets are mounted, not kept in the image.

use dockerfile::ast::Kind;
use dockerfile::{Severity, is_secret};

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "SecretsUsedInArgOrEnv",
    summary: "Sensitive data should not be used in the ARG or ENV commands",
    severity: Severity::Warning,
    set: Set::Docker,
    activation: Activation::On,
    fix: None,
    twins: &["DL3064"],
    page: Page {
        why: "Values of `ENV` are in the image for everybody to read, and those of `ARG` in its history. A name is taken for a secret's if one of its words, between underscores, is apikey, auth, credential, credentials, key, password, pword, passwd, secret or token, unless another one is public, file or version.",
        bad: "FROM debian:stable
ARG GITHUB_TOKEN
ENV AWS_SECRET_ACCESS_KEY=x
",
        good: "FROM debian:stable
RUN --mount=type=secret,id=github,env=GITHUB_TOKEN ./fetch
ENV TOKEN_FILE=/run/secrets/token
",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for at in file.steps() {
        let arguments = at.step.arguments.iter().map(|argument| &argument.name);
        let (keyword, names): (_, Vec<&String>) = match &at.instruction.kind {
            Kind::Arg(_) => ("ARG", arguments.collect()),
            Kind::Env(_) => ("ENV", at.step.words.iter().collect()),
            _ => continue,
        };
        for name in names.into_iter().filter(|name| is_secret(name)) {
            let message = format!(
                "Do not use ARG or ENV instructions for sensitive data ({keyword} {name:?})"
            );
            found.push(
                Found::new(at.step.place, at.step.place, message)
                    .help("use RUN --mount=type=secret"),
            );
        }
    }
    found
}
