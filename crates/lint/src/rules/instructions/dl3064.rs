//! Secrets are mounted, not kept in the image.

use dockerfile::Severity;
use dockerfile::Span;
use dockerfile::ast::Kind;
use dockerfile::is_secret;

use super::seen::{Seen, with_triggers};
use super::words::unquoted;
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3064",
    summary: "Potentially sensitive data should not be used in the `ARG` or `ENV` commands",
    severity: Severity::Warning,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Values of `ENV` are in the image for everybody to read, and those of `ARG` in its history. Found are names that are taken for a secret's: those with a word such as `auth`, `key`, `token` or `credentials` between underscores (unless another one is public, file or version, as in Docker's check), those with `password`, `secret`, `token`, `private`, `username`, `api_key` or `client_key` anywhere in them (unless one of their words says that this is about a secret only: path, dir, url, uri, endpoint, issuer, name), and some well-known ones such as `AWS_ACCESS_KEY_ID`.",
        bad: "FROM debian:bookworm\nARG NPM_TOKEN\nENV AWS_SECRET_ACCESS_KEY=x\n",
        good: "FROM debian:bookworm\nRUN --mount=type=secret,id=npm,env=NPM_TOKEN npm ci\nENV TOKEN_FILE=/run/secrets/token\n",
        configure: None,
    },
    find,
};

/// Parts of names that say that the value is secret.
const PARTS: [&str; 7] = [
    "api_key",
    "client_key",
    "password",
    "private",
    "secret",
    "token",
    "username",
];

/// Names that have no such part.
const NAMES: [&str; 10] = [
    "aws_access_key_id",
    "ci_deploy_user",
    "docker_email",
    "facebook_app_id",
    "heroku_api_user",
    "okta_authn_groupid",
    "okta_client_orgurl",
    "okta_oauth2_clientid",
    "stripe_device_name",
    "travis_sudo",
];

/// Words of names that say that the value is no secret itself.
const PLAIN: [&str; 10] = [
    "public", "file", "version", "path", "dir", "url", "uri", "endpoint", "issuer", "name",
];

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let globals = file.dockerfile.global_args.iter().map(|outer| Seen {
        stage: 0,
        outer,
        instruction: outer,
    });
    for seen in globals.chain(with_triggers(file)) {
        let secret = names(file, seen.kind())
            .into_iter()
            .filter(|(name, _)| is_sensitive(file, name));
        // hadolint says it once.
        let count = if file.options.compatible {
            1
        } else {
            usize::MAX
        };
        found.extend(secret.take(count).map(|(_, place)| {
            seen.found(place, RULE.summary)
                .help("use RUN --mount=type=secret")
        }));
    }
    found
}

/// The variables that an instruction sets.
fn names(file: &File<'_>, kind: &Kind) -> Vec<(String, Span)> {
    let escape = file.dockerfile.directives.escape;
    match kind {
        Kind::Arg(args) => args
            .iter()
            // hadolint reads the first one only.
            .take(if file.options.compatible {
                1
            } else {
                usize::MAX
            })
            .map(|arg| (arg.name.text.clone(), arg.name.span))
            .collect(),
        Kind::Env(pairs) => {
            let pairs = pairs.iter();
            pairs
                .map(|pair| (unquoted(&pair.name.text, escape), pair.name.span))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn is_sensitive(file: &File<'_>, name: &str) -> bool {
    let small = name.to_lowercase();
    let is_listed =
        NAMES.contains(&small.as_str()) || PARTS.iter().any(|part| small.contains(part));
    if file.options.compatible {
        return is_listed;
    }
    // These two are no secrets, whatever hadolint's list says of them.
    let is_harmless = matches!(small.as_str(), "travis_sudo" | "docker_email");
    let is_plain = small.split('_').any(|word| PLAIN.contains(&word));
    (is_listed && !is_harmless && !is_plain) || is_secret(name)
}
