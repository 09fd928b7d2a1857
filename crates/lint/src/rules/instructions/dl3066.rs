//! `USER` is a number.

use std::collections::HashSet;

use dockerfile::Severity;
use dockerfile::ast::Kind;

use super::seen::seen;
use super::users::{User, last_of_images};
use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};

pub(crate) const RULE: Rule = Rule {
    name: "DL3066",
    summary: "Non-numeric user-id may not be resolvable by host system",
    severity: Severity::Info,
    set: Set::Hadolint,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "Kubernetes checks `runAsNonRoot` against the user of the image, and cannot look a name up in the image's `/etc/passwd`. Looked at is the user that an image ends with: the last `USER` of the last stage, and of stages that no other one needs. Variables are let pass, and `root`, which DL3002 is about.",
        bad: "FROM debian:bookworm\nRUN useradd --uid 1000 app\nUSER app\n",
        good: "FROM debian:bookworm\nRUN useradd --uid 1000 app\nUSER 1000\n",
        configure: None,
    },
    find,
};

fn find(file: &File<'_>) -> Vec<Found> {
    let arguments = arguments(file);
    let users: Vec<User<'_>> = match file.options.compatible {
        true => seen(file)
            .filter_map(|seen| User::of(seen.instruction))
            .collect(),
        false => last_of_images(file),
    };
    users
        .into_iter()
        .filter(|user| is_name(file, user, &arguments))
        .map(|user| {
            Found::new(user.instruction.span, user.word.span, RULE.summary)
                .help("write the number that the user has")
        })
        .collect()
}

fn is_name(file: &File<'_>, user: &User<'_>, arguments: &HashSet<&str>) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if file.options.compatible {
        let text = &user.word.text;
        let name = text.split(':').next().unwrap_or(text);
        return !name.is_empty() && !is_number(name) && !has_argument(text, arguments);
    }
    let name = user.name(file);
    !is_number(&name) && !name.contains('$') && name != "root"
}

/// hadolint knows no value of an `ARG`, and lets users pass that one gives, wherever it stands.
fn arguments<'a>(file: &File<'a>) -> HashSet<&'a str> {
    let first = file
        .instructions()
        .filter_map(|instruction| match &instruction.kind {
            Kind::Arg(args) => args.first(),
            _ => None,
        });
    first.map(|arg| arg.name.text.as_str()).collect()
}

/// Whether a text has `$NAME` or `${NAME}` in it, whatever follows.
fn has_argument(text: &str, arguments: &HashSet<&str>) -> bool {
    let is_of_name = |sign: char| sign == '_' || sign.is_ascii_alphanumeric();
    text.match_indices('$').any(|(at, _)| {
        let rest = &text[at + 1..];
        let (name, is_braced) = rest
            .strip_prefix('{')
            .map_or((rest, false), |name| (name, true));
        let end = name.find(|sign| !is_of_name(sign)).unwrap_or(name.len());
        match is_braced {
            true => name[end..].starts_with('}') && arguments.contains(&name[..end]),
            false => (1..=end).any(|end| arguments.contains(&name[..end])),
        }
    })
}
