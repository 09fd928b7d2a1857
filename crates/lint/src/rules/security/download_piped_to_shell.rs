//! What is fetched is looked at before it is run.

use dockerfile::{Severity, Span};

use crate::file::File;
use crate::rule::{Activation, Found, Page, Rule, Set};
use crate::shell::ast::{Command, CommandKind, Node, Pipeline};

pub(crate) const RULE: Rule = Rule {
    name: "DownloadPipedToShell",
    summary: "A script from the network is not piped to a shell unchecked",
    severity: Severity::Info,
    set: Set::Carafe,
    activation: Activation::On,
    fix: None,
    twins: &[],
    page: Page {
        why: "A script that curl or wget gives to a shell at once is run whatever it is: another one than last time, half of one when the connection breaks, or an error page. Found are pipelines from curl or wget to sh, bash, dash, ash, zsh, python, perl, ruby or node, with sudo or env before it, too, and sh -c \"$(curl …)\". Let pass is a script that is stored, checked (sha256sum -c, gpg --verify) and then run.",
        bad: "FROM debian:bookworm-slim\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN curl -fsSL https://example.com/install.sh | bash\n",
        good: "FROM debian:bookworm-slim\nADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.com/install.sh /tmp/install.sh\nRUN bash /tmp/install.sh\n",
        configure: None,
    },
    find,
};

const SHELLS: [&str; 10] = [
    "sh", "bash", "dash", "ash", "zsh", "python", "python3", "perl", "ruby", "node",
];

fn find(file: &File<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for run in file.runs().iter().filter(|run| !run.is_exec()) {
        let Some(script) = &run.script else { continue };
        let mut places = Vec::new();
        walk(Node::List(&script.parsed.list), &mut places);
        let help = "fetch it with `ADD --checksum=sha256:… URL /tmp/`, or with curl -o and `echo \"SHA  FILE\" | sha256sum -c -`, and then run it";
        found.extend(places.into_iter().map(|place| {
            Found::new(
                run.instruction.span,
                place,
                "A script from the network is run unchecked",
            )
            .help(help)
        }));
    }
    found
}

fn walk(node: Node<'_>, places: &mut Vec<Span>) {
    match node {
        Node::Pipeline(pipeline) if is_piped(pipeline) => places.push(pipeline.span),
        Node::Command(command) if is_substituted(command) => places.push(command.span),
        _ => node
            .children()
            .into_iter()
            .for_each(|child| walk(child, places)),
    }
}

/// Whether a command behind a download reads a script.
fn is_piped(pipeline: &Pipeline) -> bool {
    let download = pipeline
        .commands
        .iter()
        .position(|command| words(command).first().is_some_and(|name| is_download(name)));
    let behind = download
        .map(|at| &pipeline.commands[at + 1..])
        .unwrap_or_default();
    behind.iter().any(|command| reads_script(&words(command)))
}

fn is_download(name: &str) -> bool {
    matches!(name.rsplit('/').next(), Some("curl" | "wget"))
}

/// Whether the words start a shell that reads its standard input: without a script of its own, or with `-s` or `-`.
fn reads_script(words: &[String]) -> bool {
    let at = words.iter().position(|word| {
        let is_before = word.starts_with('-')
            || word.contains('=')
            || matches!(word.rsplit('/').next(), Some("sudo" | "env" | "exec"));
        !is_before
    });
    let Some((name, rest)) = at.and_then(|at| words[at..].split_first()) else {
        return false;
    };
    let is_shell = name
        .rsplit('/')
        .next()
        .is_some_and(|name| SHELLS.contains(&name));
    let reads = |word: &String| word == "-" || word == "-s" || word == "/dev/stdin";
    let runs_other = rest.first().is_some_and(|word| {
        !word.starts_with('-')
            || word == "-c"
            || word == "-m"
            || word == "-e"
            || word == "-n"
            || word == "-ne"
            || word == "-pe"
    });
    is_shell && (rest.iter().any(reads) || !runs_other)
}

/// `sh -c "$(curl …)"`.
fn is_substituted(command: &Command) -> bool {
    let CommandKind::Simple(simple) = &command.kind else {
        return false;
    };
    let names = words(command);
    let name = names
        .first()
        .and_then(|name| name.rsplit('/').next())
        .unwrap_or_default();
    let is_shell = SHELLS[..5].contains(&name)
        && names.get(1).is_some_and(|flag| flag.ends_with('c'))
        || name == "eval";
    is_shell
        && simple
            .words
            .iter()
            .skip(1)
            .any(|word| starts_with_download(Node::Word(word)))
}

/// Whether a word's text is what a download gives.
fn starts_with_download(node: Node<'_>) -> bool {
    match node {
        Node::Command(command) => words(command).first().is_some_and(|name| is_download(name)),
        Node::Pipeline(pipeline) if pipeline.commands.len() > 1 => false,
        _ => node
            .children()
            .first()
            .is_some_and(|child| starts_with_download(*child)),
    }
}

/// The words of a simple command, an empty one where something is expanded.
fn words(command: &Command) -> Vec<String> {
    match &command.kind {
        CommandKind::Simple(simple) => simple
            .words
            .iter()
            .map(|word| word.literal().unwrap_or_default())
            .collect(),
        _ => Vec::new(),
    }
}
