//! Secrets are not in the Dockerfile.

use dockerfile::Severity;

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

use super::secret_shapes::secrets;

pub(crate) const RULE: Rule = Rule {
    name: "SecretInText",
    summary: "A Dockerfile holds no passwords, tokens and keys",
    severity: Severity::Error,
    set: Set::Carafe,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Whatever is written in a Dockerfile is in its repository, in the image's history and configuration, and in caches: everybody who has the image can read it. Found is, in any instruction and its heredocs, what has the shape of a secret: keys and tokens of AWS, GitHub, GitLab, Slack, npm, PyPI, Stripe, Docker Hub, Google, Vault and SendGrid, private keys, passwords in URLs (https://user:password@host) and in flags (--password=…). Let pass are variables, and what documentation writes in their place. No message shows the secret. A secret that was once in an image is known: make a new one.",
        bad: "FROM debian:bookworm-slim\nRUN git clone https://me:hunter22@git.example.com/own.git /src\n",
        good: "FROM debian:bookworm-slim\nRUN --mount=type=secret,id=netrc,target=/root/.netrc git clone https://git.example.com/own.git /src\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let stages = file.dockerfile.stages.iter().map(|stage| stage.span);
    let spans = stages.chain(file.instructions().map(|instruction| instruction.span));
    let mut found = Vec::new();
    for span in spans {
        for secret in secrets(file.source.slice(span)) {
            let place = secret.place(span.start);
            let message = format!(
                "This is {}, for everybody to read who has the file or the image",
                secret.what
            );
            let help =
                "make a new one, and hand it over with `RUN --mount=type=secret,id=NAME,env=NAME`";
            found.push(Found::new(span, place, message).help(help));
        }
    }
    found.sort_by_key(|found| found.place.start);
    found
}
