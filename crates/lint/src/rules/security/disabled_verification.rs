//! Certificates and signatures are checked.

use dockerfile::ast::Kind;
use dockerfile::{Severity, Span};

use crate::file::File;
use crate::fix::Safety;
use crate::fix::{Edit, Fix};
use crate::invocation::{Argument, Invocation};
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::runs::RunStep;
use crate::stages::unquoted;

pub(crate) const RULE: Rule = Rule {
    name: "DisabledVerification",
    summary: "Certificates and signatures of what is fetched are checked",
    severity: Severity::Warning,
    set: Set::Carafe,
    activation: Activation::On,
    fix: Some(Safety::Unsafe),
    twins: &[],
    page: Page {
        why: "Without these checks, whoever sits between the build and the server decides what is in the image. Found are: curl -k and --insecure, wget --no-check-certificate, pip --trusted-host, npm, yarn and git settings strict-ssl false and http.sslVerify false, apk --allow-untrusted, apt-get --allow-unauthenticated and --force-yes, [trusted=yes] in a source of apt, yum and dnf --nogpgcheck and gpgcheck=0, zypper --no-gpg-checks, rpm --nosignature; and in ENV, ARG or before a command GIT_SSL_NO_VERIFY, PYTHONHTTPSVERIFY=0, NODE_TLS_REJECT_UNAUTHORIZED=0 and NPM_CONFIG_STRICT_SSL=false. Let pass are curl -k to the machine itself (localhost, 127.0.0.1), and a source of apt in a local folder (file:).",
        bad: "FROM debian:bookworm-slim\nRUN curl -fsSLk -o /usr/local/bin/tool https://example.com/tool\n",
        good: "FROM debian:bookworm-slim\nRUN curl -fsSL -o /usr/local/bin/tool https://example.com/tool\n",
        configure: None,
    },
    find,
};

/// Programs, a flag of theirs, and whether it has a value behind it.
const FLAGS: [(&[&str], &str, bool); 17] = [
    (&["curl"], "k", false),
    (&["curl"], "insecure", false),
    (&["curl"], "proxy-insecure", false),
    (&["wget"], "no-check-certificate", false),
    (&["pip", "pip3", "python", "python3"], "trusted-host", true),
    (&["apk"], "allow-untrusted", false),
    (&["apt-get", "apt"], "allow-unauthenticated", false),
    (&["apt-get", "apt"], "force-yes", false),
    (&["apt-get", "apt"], "allow-insecure-repositories", false),
    (&["yum", "dnf", "microdnf"], "nogpgcheck", false),
    (&["yum", "dnf", "microdnf"], "no-gpgchecks", false),
    (&["zypper"], "no-gpg-checks", false),
    (&["zypper"], "no-gpg-check", false),
    (&["rpm"], "nosignature", false),
    (&["rpm"], "nodigest", false),
    (&["npm", "yarn", "pnpm"], "no-strict-ssl", false),
    (&["conda", "mamba"], "insecure", false),
];

/// Variables, and the values that switch the checks off; any but an empty one, where none is given.
const VARIABLES: [(&str, &[&str]); 6] = [
    ("GIT_SSL_NO_VERIFY", &["1", "true", "yes"]),
    ("PYTHONHTTPSVERIFY", &["0"]),
    ("NODE_TLS_REJECT_UNAUTHORIZED", &["0"]),
    ("NPM_CONFIG_STRICT_SSL", &["false"]),
    ("npm_config_strict_ssl", &["false"]),
    ("YARN_ENABLE_STRICT_SSL", &["false"]),
];

/// Texts in arguments that switch checks off, wherever they stand.
const TEXTS: [&str; 6] = [
    "trusted=yes",
    "gpgcheck=0",
    "sslverify=0",
    "sslverify=false",
    "http.sslverify=false",
    "Acquire::https::Verify-Peer=false",
];

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for instruction in file.instructions() {
        let kind = match &instruction.kind {
            Kind::Onbuild(onbuild) => &onbuild.instruction.kind,
            kind => kind,
        };
        for (name, value, place) in variables(kind) {
            if is_off(name, value) {
                found.push(variable(instruction.span, place, name));
            }
        }
    }
    for run in file.runs() {
        let commands = run.invocations().iter();
        let inner = |command: &&Invocation| !command.is(&["sudo", "env"]);
        found.extend(
            commands
                .filter(inner)
                .flat_map(|command| in_command(run, command)),
        );
        found.extend(assigned(file, run));
    }
    found.sort_by_key(|found| found.place.start);
    found
}

/// The variables with values that an instruction sets.
fn variables(kind: &Kind) -> Vec<(&str, &str, Span)> {
    match kind {
        Kind::Env(pairs) => pairs
            .iter()
            .map(|pair| {
                (
                    pair.name.text.as_str(),
                    unquoted(&pair.value.text),
                    pair.name.span.to(pair.value.span),
                )
            })
            .collect(),
        Kind::Arg(args) => args
            .iter()
            .filter_map(|arg| {
                let value = arg.default.as_ref()?;
                Some((
                    arg.name.text.as_str(),
                    unquoted(&value.text),
                    arg.name.span.to(value.span),
                ))
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn is_off(name: &str, value: &str) -> bool {
    let is_it = |(variable, values): &(&str, &[&str])| {
        *variable == name && values.contains(&value.to_lowercase().as_str())
    };
    VARIABLES.iter().any(is_it)
}

fn variable(instruction: Span, place: Span, name: &str) -> Found {
    Found::new(instruction, place, format!("{name} switches off the check of certificates"))
        .help("take it out; for a server with a certificate of your own, copy the CA into the image and run update-ca-certificates (or set NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE, GIT_SSL_CAINFO)")
}

/// `NAME=value` before a command, or behind `export` and `env`.
fn assigned(file: &File<'_>, run: &RunStep<'_>) -> Option<Found> {
    let text = file.source.slice(run.instruction.span);
    let (at, pair) = VARIABLES.iter().find_map(|(name, values)| {
        values.iter().find_map(|value| {
            let pair = format!("{name}={value}");
            text.find(&pair).map(|at| (at, pair))
        })
    })?;
    let is_end = text[at + pair.len()..]
        .chars()
        .next()
        .is_none_or(|sign| !sign.is_ascii_alphanumeric());
    let start = run.instruction.span.start + u32::try_from(at).ok()?;
    let place = Span::new(start, start + u32::try_from(pair.len()).ok()?);
    let name = pair.split('=').next().unwrap_or_default();
    is_end.then(|| variable(run.instruction.span, place, name))
}

fn in_command(run: &RunStep<'_>, command: &Invocation) -> Option<Found> {
    let help =
        "take it out; for a server with a certificate or key of your own, install that first";
    if let Some((argument, is_short, has_value)) = flag(command) {
        let message = format!(
            "{} {} takes what is not what it says it is",
            command.name.text,
            argument.text.split('=').next().unwrap_or_default()
        );
        let fix = fix(command, argument, is_short, has_value);
        return Some(
            Found::new(run.instruction.span, argument.span, message)
                .help(help)
                .fix(fix.and_then(|fix| run.fix(fix))),
        );
    }
    let is_text = |argument: &&Argument| TEXTS.iter().any(|text| has_text(&argument.text, text));
    let setting = || setting(command);
    let argument = command
        .arguments
        .iter()
        .find(is_text)
        .filter(|argument| !command.is(&["sed", "grep"]) && !argument.text.contains("file:"))
        .or_else(setting)?;
    Some(
        Found::new(
            run.instruction.span,
            argument.span,
            "This switches off the check of certificates or signatures",
        )
        .help(help),
    )
}

fn has_text(argument: &str, text: &str) -> bool {
    argument.len() >= text.len() && argument.to_lowercase().contains(&text.to_lowercase())
}

/// `npm config set strict-ssl false`, `git config http.sslVerify false`.
fn setting(command: &Invocation) -> Option<&Argument> {
    let words: Vec<&Argument> = command.words().collect();
    let names = ["strict-ssl", "http.sslverify", "enablestrictssl"];
    let at = words
        .iter()
        .position(|word| names.contains(&word.text.to_lowercase().as_str()))?;
    let is_off = words.get(at + 1).is_some_and(|value| value.text == "false");
    (command.is(&["npm", "yarn", "git", "pnpm"]) && is_off).then(|| words[at])
}

/// The flag that switches a check off, whether it stands among others in `-abc`, and whether it has a value.
fn flag(command: &Invocation) -> Option<(&Argument, bool, bool)> {
    let is_local = command.is(&["curl", "wget"])
        && command.words().any(|word| {
            ["localhost", "127.0.0.1", "[::1]"]
                .iter()
                .any(|host| word.text.contains(host))
        });
    let mut known = FLAGS
        .iter()
        .filter(|(programs, _, _)| !is_local && command.is(programs));
    known.find_map(|(_, name, has_value)| {
        let argument = command.arguments.iter().find(|argument| {
            argument.has_flag(name) && !(name.len() == 1 && is_value_behind(&argument.text))
        })?;
        Some((argument, name.len() == 1, *has_value))
    })
}

/// Whether the signs behind a `-` are a flag with its value: `-okitten`.
fn is_value_behind(text: &str) -> bool {
    let mut signs = text.chars().skip(1).take_while(|sign| *sign != 'k');
    signs.any(|sign| "oHdAuXeTFbcmrwxyzCDEKPQUY".contains(sign))
}

fn fix(command: &Invocation, argument: &Argument, is_short: bool, has_value: bool) -> Option<Fix> {
    let is_together = is_short && argument.text.len() > 2;
    let title = format!(
        "take out {}",
        argument.text.split('=').next().unwrap_or_default()
    );
    if is_together {
        let text = argument.text.replacen('k', "", 1);
        return argument
            .is_literal
            .then(|| Fix::guess("take out k", [Edit::replace(argument.span, text)]));
    }
    let at = command
        .arguments
        .iter()
        .position(|other| other.span == argument.span)?;
    let before = at
        .checked_sub(1)
        .map_or(command.name.span, |before| command.arguments[before].span);
    let last = match has_value && !argument.text.contains('=') {
        true => command.arguments.get(at + 1)?,
        false => argument,
    };
    (before.end < last.span.end)
        .then(|| Fix::guess(title, [Edit::delete(Span::new(before.end, last.span.end))]))
}
